//! Held lists: a header per list, its items in pages beside it.
//!
//! A new list with the fingerprint of an expired one replaces its header; the pages carry the run
//! that held them, so that they never mix. Headers change by their own conditions, so that an
//! approval and a run may meet in any order:
//! - A run only adds released items, or sets a state that no approval contradicts.
//! - *A run lets a list expire that was approved since it looked*: refused by `decided_at`; the
//!   decision fails, nothing is applied, and the next run sees the approval.
//! - *A run consumes or empties an approval that was rejected since it looked*: cannot be, since a
//!   rejection waits for its lease (admin/verdicts.rs); refused by `decided_at` all the same.
//! - A list is approved or rejected only while it waits and its time has not come; an approval that
//!   is in force may still be rejected. What an approval
//!   excepts stands in bits of its own, so that no run that read the list before takes them back.
//! - *A run holds a list anew that was rejected since it looked*: refused by the time at which the
//!   run began; the decision fails, and the next run finds everybody kept.

mod expiry;

pub(crate) use expiry::OldItems;

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures::future::try_join_all;
use jiff::Timestamp;
use org_model::{Fingerprint, InternalId, ItemKind, RunId, SourceId};
use org_plan::{HeldItem, HeldList};
use sync_run::ports::{HeldLists, StoreError};
use sync_run::{APPROVAL_VALID, HeldState, RunLease, StoredHeldList};

use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{
    b, bytes, from_json, from_word, json, n, number, optional_text, optional_time, s, word,
};
use crate::wire::errors::unreadable;
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::query::Search;
use crate::wire::transact::Action;

const READ: &str = "read held lists";
const WRITE: &str = "write a held list";

impl DynamoStore {
    /// Writes the items of a new list; they mean nothing before its header.
    pub(crate) async fn put_held_items(
        &self,
        lease: &RunLease,
        list: &HeldList,
    ) -> Result<u32, StoreError> {
        let place = keys::held_items(lease.source(), list.fingerprint, &list.run);
        self.put_blob(WRITE, &place, &list.items, lease.generation())
            .await
    }

    /// The header of a new list, unless another one with this fingerprint stands approved. An
    /// approval that nobody consumed in its time makes room: else its items could never be held
    /// anew.
    /// A rejection makes room too, if the run can have seen it: `since` is when it began.
    pub(crate) fn new_list_action(
        &self,
        stored: &StoredHeldList,
        pages: u32,
        since: Option<Timestamp>,
    ) -> Action {
        let list = &stored.list;
        let mut item = keys::held(&list.source, list.fingerprint).attributes();
        let header = HeldList {
            items: Vec::new(),
            ..list.clone()
        };
        item.insert("list".to_owned(), json(&header));
        item.insert("run".to_owned(), s(list.run.as_str()));
        item.insert("pages".to_owned(), n(pages));
        item.insert("count".to_owned(), n(list.items.len()));
        item.insert("state".to_owned(), s(word(&stored.state)));
        item.insert("until".to_owned(), n(list.expires_at.as_millisecond()));
        item.insert("released".to_owned(), b(bits_of(stored)));
        let stale = self.clock.now() - APPROVAL_VALID;
        let condition = Expression::condition(
            "attribute_not_exists(#pk) OR (#run <> :run AND \
             (#state <> :approved OR attribute_exists(#consumed_by) OR #decided_at < :stale) AND \
             (#state <> :rejected OR #decided_ms < :since))",
        )
        .with(":since", n(since.unwrap_or(list.held_at).as_millisecond()))
        .with(":rejected", s(word(&HeldState::Rejected)))
        .with(":stale", s(stale.to_string()))
        .with(":run", s(list.run.as_str()))
        .with(":approved", s(word(&HeldState::Approved)));
        Action::Put(self.tables.sync.clone(), item, condition)
    }

    /// What a run changes about an earlier list. A final list expires with the logs.
    pub(crate) fn old_list_action(&self, stored: &StoredHeldList, expiry: i64) -> Action {
        let list = &stored.list;
        let mut text = "SET #released = :released".to_owned();
        let mut condition = "attribute_exists(#pk)".to_owned();
        let mut values = vec![(":released", b(bits_of(stored)))];
        if let Some(run) = &stored.consumed_by {
            text.push_str(", #consumed_by = :consumer");
            condition
                .push_str(" AND (attribute_not_exists(#consumed_by) OR #consumed_by = :consumer)");
            values.push((":consumer", s(run.as_str())));
        }
        if matches!(stored.state, HeldState::Expired | HeldState::Superseded) {
            text.push_str(", #state = :state");
            values.push((":state", s(word(&stored.state))));
        }
        let ends_approval = stored.decided_at.is_some() && is_final(stored);
        if stored.state == HeldState::Expired || ends_approval {
            match stored.decided_at {
                None => condition.push_str(" AND attribute_not_exists(#decided_at)"),
                Some(at) => {
                    condition.push_str(" AND #decided_at = :decided_at");
                    values.push((":decided_at", s(at.to_string())));
                }
            }
        }
        if is_final(stored) {
            text.push_str(", #expires_at = :expiry");
            values.push((":expiry", n(expiry)));
        }
        let change = Expression::update(&text).when(&condition);
        let change = values
            .into_iter()
            .fold(change, |change, (name, value)| change.with(name, value));
        let key = keys::held(&list.source, list.fingerprint);
        Action::Update(self.tables.sync.clone(), key, change)
    }

    pub(crate) async fn held_headers(
        &self,
        source: &SourceId,
    ) -> Result<Vec<Attributes>, StoreError> {
        let search = Search {
            table: self.tables.sync.clone(),
            expression: Expression::key("#pk = :pk AND begins_with(#sk, :prefix)")
                .with(":pk", s(keys::source_partition(source)))
                .with(":prefix", s(keys::HELD)),
            ..Search::default()
        };
        self.search(READ, search).await
    }

    /// A header with its items and what was released of them.
    pub(crate) async fn with_items(
        &self,
        source: &SourceId,
        header: &Attributes,
    ) -> Result<StoredHeldList, StoreError> {
        let mut stored = list_of(header)?;
        let is_over = is_final(&stored);
        let list = &mut stored.list;
        let place = keys::held_items(source, list.fingerprint, &list.run);
        let pages = number(header, "pages", READ)?;
        list.items = match self.get_blob(READ, &place, pages).await? {
            Some(items) => items,
            // Header and items of a list that is over expire each in their own time.
            None if is_over => Vec::new(),
            None => return Err(unreadable(READ, "items of a held list are missing")),
        };
        stored.released = released_of(&list.items, &released_bits(header)?);
        Ok(stored)
    }

    pub(crate) async fn held_list(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
    ) -> Result<Option<StoredHeldList>, StoreError> {
        let key = keys::held(source, fingerprint);
        match self.get(READ, &self.tables.sync, &key).await? {
            Some(header) => Ok(Some(self.with_items(source, &header).await?)),
            None => Ok(None),
        }
    }
}

/// Nobody will decide or apply anything of it any more.
pub(crate) fn is_final(stored: &StoredHeldList) -> bool {
    match stored.state {
        HeldState::Waiting => false,
        HeldState::Approved => stored.consumed_by.is_some(),
        HeldState::Rejected | HeldState::Expired | HeldState::Superseded => true,
    }
}

/// How many items of a list still wait, by its header alone: those it had, less a bit for each
/// that was released.
pub(crate) fn remaining_of(header: &Attributes) -> Result<u64, StoreError> {
    let count: u64 = number(header, "count", READ)?;
    let bits = released_bits(header)?;
    let released: u64 = bits.iter().map(|byte| u64::from(byte.count_ones())).sum();
    Ok(count.saturating_sub(released))
}

/// A list as its header tells it, without items.
pub(crate) fn list_of(header: &Attributes) -> Result<StoredHeldList, StoreError> {
    Ok(StoredHeldList {
        list: from_json(header, "list", READ)?,
        state: from_word(header, "state", READ)?,
        decided_by: optional_text(header, "decided_by").map(str::to_owned),
        decided_at: optional_time(header, "decided_at", READ)?,
        released: BTreeSet::new(),
        consumed_by: optional_text(header, "consumed_by").map(RunId::new),
    })
}

/// Released by runs, or excepted by whoever approved the list.
fn released_bits(header: &Attributes) -> Result<Vec<u8>, StoreError> {
    let mut bits = bytes(header, "released", READ)?.to_vec();
    if header.contains_key("excepted") {
        let excepted = bytes(header, "excepted", READ)?;
        bits.resize(bits.len().max(excepted.len()), 0);
        for (bit, more) in bits.iter_mut().zip(excepted) {
            *bit |= more;
        }
    }
    Ok(bits)
}

fn bits_of(stored: &StoredHeldList) -> Vec<u8> {
    let is_released = |item: &HeldItem| {
        let id = (item.kind, item.internal_id.clone());
        stored.released.contains(&id)
    };
    bits_where(&stored.list.items, is_released)
}

/// One bit per item, in the order of the list: 120,000 items are 15 KB.
pub(crate) fn bits_where(items: &[HeldItem], is_set: impl Fn(&HeldItem) -> bool) -> Vec<u8> {
    let mut bits = vec![0_u8; items.len().div_ceil(8)];
    for (index, item) in items.iter().enumerate() {
        if is_set(item) {
            bits[index / 8] |= 1 << (index % 8);
        }
    }
    bits
}

pub(crate) fn released_of(items: &[HeldItem], bits: &[u8]) -> BTreeSet<(ItemKind, InternalId)> {
    let is_set = |index: usize| {
        bits.get(index / 8)
            .is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    };
    items
        .iter()
        .enumerate()
        .filter(|(index, _)| is_set(*index))
        .map(|(_, item)| (item.kind, item.internal_id.clone()))
        .collect()
}

#[async_trait]
impl HeldLists for DynamoStore {
    async fn standing(&self, source: &SourceId) -> Result<Vec<StoredHeldList>, StoreError> {
        let headers = self.held_headers(source).await?;
        let mut standing = Vec::new();
        for header in &headers {
            if !is_final(&list_of(header)?) {
                standing.push(self.with_items(source, header));
            }
        }
        let mut lists = try_join_all(standing).await?;
        lists.sort_by_key(|list| (list.list.held_at, list.list.fingerprint));
        Ok(lists)
    }
}
