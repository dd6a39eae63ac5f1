//! Two records of one person: those that were moved aside, and the write that makes one of two.

use org_model::{ItemKey, SourceId, UserKey};
use org_plan::{Item, Reclaimed};
use sync_run::RunLease;
use sync_run::ports::{StoreError, WriteOutcome};

use super::items::item_of;
use super::keys::{aside_prefix, place, place_aside};
use super::write::{outcome_of_refusal, unchanged};
use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{number, s};
use crate::wire::expression::Expression;
use crate::wire::query::Search;
use crate::wire::transact::{Action, Refusal, Transacted};

const READ: &str = "read records that were moved aside";
const WRITE: &str = "write an item";

impl DynamoStore {
    /// Latest first: by when they were moved.
    pub(crate) async fn records_aside(
        &self,
        source: &SourceId,
        user: &UserKey,
    ) -> Result<Vec<Item>, StoreError> {
        let place = place(source, &ItemKey::User(user.clone()));
        let search = Search {
            table: self.tables.directory.clone(),
            expression: Expression::key("#pk = :pk AND begins_with(#sk, :prefix)")
                .with(":pk", s(place.pk))
                .with(":prefix", s(aside_prefix(user))),
            ..Search::default()
        };
        let mut found = Vec::new();
        for attributes in self.search(READ, search).await? {
            let at: i64 = number(&attributes, "at", READ)?;
            found.push((at, item_of(attributes, READ)?));
        }
        found.sort_by_key(|(at, item)| (std::cmp::Reverse(*at), item.internal_id().clone()));
        Ok(found.into_iter().map(|(_, item)| item).collect())
    }

    /// `attributes` takes the internal id of another record over, which goes in the same
    /// transaction. That is a removal too: it checks the lease.
    pub(super) async fn reclaim(
        &self,
        lease: &RunLease,
        before: Option<&Item>,
        attributes: Attributes,
        other: &Reclaimed,
    ) -> Result<WriteOutcome, StoreError> {
        let source = lease.source();
        let (key, id) = (other.item.key(), other.item.internal_id());
        let stands = match other.aside {
            true => place_aside(source, &key, id),
            false => place(source, &key),
        };
        let table = &self.tables.directory;
        let actions = [
            self.lease_check(lease),
            Action::Put(
                table.clone(),
                attributes.clone(),
                unchanged(before.map(Item::stamp)),
            ),
            Action::Delete(table.clone(), stands, unchanged(Some(other.item.stamp()))),
        ];
        let refusals = match self.transact(WRITE, &actions).await? {
            Transacted::Done => return Ok(WriteOutcome::Done),
            Transacted::Cancelled(refusals) => refusals,
        };
        let mut refusals = refusals.into_iter();
        if refusals.next().flatten().is_some() {
            return Err(StoreError::LeaseLost { act: WRITE });
        }
        Ok(
            match (refusals.next().flatten(), refusals.next().flatten()) {
                // Our own, sent before: then the other is gone too.
                (Some(refusal), _) => outcome_of_refusal(&attributes, &refusal),
                (None, Some(refusal @ Refusal::Invalid(_))) => {
                    outcome_of_refusal(&attributes, &refusal)
                }
                (None, _) => WriteOutcome::ChangedMeanwhile,
            },
        )
    }
}
