//! Reading many items: queries page by page, batches chunk by chunk. Never a scan.

use std::time::Duration;

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use futures::StreamExt;
use sync_run::ports::StoreError;

use super::Attributes;
use super::errors::{refused, store_error};
use super::expression::Expression;
use super::keys::Key;
use crate::DynamoStore;

/// DynamoDB takes 100 keys at once.
const BATCH_KEYS_MAX: usize = 100;

/// Batches in flight: 8 × 100 items of some 2 KB are 1.6 MB under way.
const BATCHES_IN_FLIGHT: usize = 8;

/// How often unanswered keys are asked again; with doubling waits this is some 6 s in all.
const BATCH_ATTEMPTS_MAX: u32 = 9;

/// The attributes of every key.
const KEYS: &str = "#pk, #sk";

/// What to read of one partition, strongly consistent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    pub table: String,
    pub index: Option<&'static str>,
    pub expression: Expression,
    pub backwards: bool,
    /// Nothing but the keys of the table; what is read is counted all the same.
    pub keys_only: bool,
    /// Items looked at per answer, before the filter.
    pub limit: Option<i32>,
    /// Go on behind this key.
    pub after: Option<Attributes>,
}

/// One answer to a [`Search`].
#[derive(Debug)]
pub(crate) struct Found {
    pub items: Vec<Attributes>,
    /// How many were looked at, before the filter.
    pub looked_at: usize,
    pub last: Option<Attributes>,
}

impl DynamoStore {
    pub(crate) async fn search_once(
        &self,
        act: &'static str,
        search: &Search,
    ) -> Result<Found, StoreError> {
        let expression = &search.expression;
        let keys_only = search.keys_only.then(|| KEYS.to_owned());
        let answer = self
            .client
            .query()
            .table_name(&search.table)
            .set_index_name(search.index.map(str::to_owned))
            .consistent_read(true)
            .set_key_condition_expression(expression.key.clone())
            .set_filter_expression(expression.filter.clone())
            .set_expression_attribute_names(expression.names_with(keys_only.as_deref()))
            .set_projection_expression(keys_only)
            .set_expression_attribute_values(expression.values())
            .scan_index_forward(!search.backwards)
            .set_limit(search.limit)
            .set_exclusive_start_key(search.after.clone())
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| store_error(act, &error))?;
        self.meter.read(answer.consumed_capacity());
        Ok(Found {
            looked_at: usize::try_from(answer.scanned_count).unwrap_or_default(),
            last: answer.last_evaluated_key,
            items: answer.items.unwrap_or_default(),
        })
    }

    /// Every item, handed over as it arrives, so that no more than one answer is in memory.
    pub(crate) async fn search_each(
        &self,
        act: &'static str,
        mut search: Search,
        mut take: impl FnMut(Attributes) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        loop {
            let found = self.search_once(act, &search).await?;
            for item in found.items {
                take(item)?;
            }
            match found.last {
                Some(last) => search.after = Some(last),
                None => return Ok(()),
            }
        }
    }

    pub(crate) async fn search(
        &self,
        act: &'static str,
        search: Search,
    ) -> Result<Vec<Attributes>, StoreError> {
        let mut items = Vec::new();
        self.search_each(act, search, |item| {
            items.push(item);
            Ok(())
        })
        .await?;
        Ok(items)
    }

    /// The items under these keys, in any order; those that are not there are left out. The keys
    /// must differ.
    pub(crate) async fn get_all(
        &self,
        act: &'static str,
        table: &str,
        keys: &[Key],
    ) -> Result<Vec<Attributes>, StoreError> {
        let batches: Vec<_> = keys
            .chunks(BATCH_KEYS_MAX)
            .map(|chunk| self.get_batch(act, table, chunk.iter().map(Key::attributes).collect()))
            .collect();
        let mut answers = futures::stream::iter(batches).buffer_unordered(BATCHES_IN_FLIGHT);
        let mut items = Vec::new();
        while let Some(batch) = answers.next().await {
            items.extend(batch?);
        }
        Ok(items)
    }

    async fn get_batch(
        &self,
        act: &'static str,
        table: &str,
        mut keys: Vec<Attributes>,
    ) -> Result<Vec<Attributes>, StoreError> {
        let mut items = Vec::new();
        for attempt in 0..BATCH_ATTEMPTS_MAX {
            if keys.is_empty() {
                return Ok(items);
            }
            if attempt > 0 {
                tokio::time::sleep(pause(attempt)).await;
            }
            let (found, left) = self
                .ask_batch(act, table, std::mem::take(&mut keys))
                .await?;
            items.extend(found);
            keys = left;
        }
        if keys.is_empty() {
            return Ok(items);
        }
        Err(StoreError::Unavailable {
            act,
            reason: "UnprocessedKeys".to_owned(),
        })
    }

    /// One request: what was found, and the keys that were not looked at.
    async fn ask_batch(
        &self,
        act: &'static str,
        table: &str,
        keys: Vec<Attributes>,
    ) -> Result<(Vec<Attributes>, Vec<Attributes>), StoreError> {
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()
            .map_err(|_| refused(act, "request_not_built"))?;
        let answer = self
            .client
            .batch_get_item()
            .request_items(table, wanted)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| store_error(act, &error))?;
        self.meter.read(answer.consumed_capacity());
        let mut found = answer.responses.unwrap_or_default();
        let left = answer.unprocessed_keys.unwrap_or_default().remove(table);
        Ok((
            found.remove(table).unwrap_or_default(),
            left.map(|left| left.keys).unwrap_or_default(),
        ))
    }
}

/// 25 ms, doubling: 25, 50, … 3,200 ms for the eighth repetition.
pub(crate) fn pause(attempt: u32) -> Duration {
    Duration::from_millis(25) * 2_u32.saturating_pow(attempt.saturating_sub(1).min(7))
}
