//! A person's word about a visible range.

use async_trait::async_trait;
use org_model::{Fingerprint, SourceId};
use org_plan::HeldItem;
use serde_json::Value;
use source_admin::ports::{
    Author, HistoryAction, HistoryEntry, Page, PageRequest, RangeAccepted, RangeDecisions,
};
use source_settings::SettingsChange;
use sync_run::ports::StoreError;
use sync_run::{AffectedPeople, StandingRange};

use super::cursor::no_cursor;
use crate::DynamoStore;
use crate::wire::attributes::{s, word};
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::transact::{Action, Transacted};

const ACCEPT: &str = "accept a range";

/// Each further round means that a run, or somebody else, changed the range in between.
const ACCEPT_ROUNDS_MAX: usize = 8;

impl DynamoStore {
    /// The acceptance and its entry in the history: both or neither.
    fn acceptance(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        people: AffectedPeople,
        author: &Author,
    ) -> Result<[Action; 3], StoreError> {
        let accepted = Expression::update(
            "SET #accepted_people = :people, #accepted_by = :by, #accepted_at = :at",
        )
        .when("#fingerprint = :fingerprint AND attribute_not_exists(#accepted_at)")
        .with(":people", s(word(&people)))
        .with(":by", s(author.by.as_str()))
        .with(":at", s(author.at.to_string()))
        .with(":fingerprint", s(fingerprint.to_string()));
        let told = |pointer: &str, after: String| SettingsChange {
            pointer: pointer.to_owned(),
            before: None,
            after: Some(Value::from(after)),
        };
        let entry = HistoryEntry {
            at: author.at,
            by: author.by.clone(),
            action: HistoryAction::RangeAccepted,
            version: None,
            changes: vec![
                told("/range/fingerprint", fingerprint.to_string()),
                told("/range/people", word(&people)),
            ],
        };
        let table = &self.tables.sync;
        Ok([
            Action::Update(table.clone(), keys::range(source), accepted),
            self.history_action(source, &entry)?,
            // Not of a source that is being cleared.
            Action::Check(
                table.clone(),
                keys::settings(source),
                Expression::condition("attribute_not_exists(#clearing_at)"),
            ),
        ])
    }
}

#[async_trait]
impl RangeDecisions for DynamoStore {
    async fn standing_range(&self, source: &SourceId) -> Result<Option<StandingRange>, StoreError> {
        self.range_that_stands(source).await
    }

    async fn affected_items(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        page: &PageRequest,
    ) -> Result<Option<Page<HeldItem>>, StoreError> {
        let start = page.cursor.as_deref().map(str::parse::<usize>).transpose();
        let start = start.map_err(|_| no_cursor())?.unwrap_or(0);
        let limit = page.limit as usize;
        let found = self
            .affected_from(source, fingerprint, start, limit)
            .await?;
        Ok(found.map(|(items, count)| {
            let end = start + items.len();
            let next = (end < count).then(|| end.to_string());
            Page { items, next }
        }))
    }

    async fn accept_range(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        people: AffectedPeople,
        author: &Author,
    ) -> Result<RangeAccepted, StoreError> {
        let acceptance = self.acceptance(source, fingerprint, people, author)?;
        for _round in 0..ACCEPT_ROUNDS_MAX {
            let Some(range) = self.range_that_stands(source).await? else {
                return Ok(RangeAccepted::Nothing);
            };
            let range = Box::new(range);
            if range.fingerprint != fingerprint {
                return Ok(RangeAccepted::Stale(range));
            }
            match &range.acceptance {
                Some(stands) if stands.people == people => return Ok(RangeAccepted::Done(range)),
                Some(_) => return Ok(RangeAccepted::Decided(range)),
                None => {}
            }
            let ended = self.transact(ACCEPT, &acceptance).await?;
            match ended {
                Transacted::Cancelled(refusals) if refusals.get(2).is_some_and(Option::is_some) => {
                    return Ok(RangeAccepted::Nothing);
                }
                // As it stands now, be it by this call or in spite of it.
                Transacted::Done | Transacted::Cancelled(_) => {}
            }
        }
        Err(StoreError::Conflict { act: ACCEPT })
    }
}
