//! What a run decided to remove: its pages are written first, then the transaction of the decision
//! names them in the run's record, which alone makes them count.

use org_model::{Fingerprint, InternalId, ItemKind, RunId, SourceId};
use org_plan::{Action, DecidedRemoval};
use serde::Deserialize;
use sync_run::Decision;
use sync_run::ports::StoreError;

use crate::DynamoStore;
use crate::wire::attributes::{n, number, optional_text, s};
use crate::wire::errors::unreadable;
use crate::wire::expression::Expression;
use crate::wire::keys;

const READ: &str = "read what a run decided to remove";
const WRITE: &str = "write what a run decides to remove";

/// Written pages that the record is to name.
#[derive(Clone, Copy, Debug)]
pub(super) struct WrittenRemovals {
    pages: u32,
    fingerprint: Fingerprint,
}

impl WrittenRemovals {
    pub const SET: &str = ", #removals = :removals, #removal_pages = :removal_pages";

    pub fn named(self, change: Expression) -> Expression {
        change
            .with(":removal_pages", n(self.pages))
            .with(":removals", s(self.fingerprint.to_string()))
    }
}

/// One line of a page.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum StoredRemoval {
    Decided(DecidedRemoval),
    /// As it was written before there was more to say. Counted as what weighs most.
    Named(ItemKind, InternalId),
}

impl From<StoredRemoval> for DecidedRemoval {
    fn from(stored: StoredRemoval) -> Self {
        match stored {
            StoredRemoval::Decided(decided) => decided,
            StoredRemoval::Named(kind, internal_id) => Self {
                kind,
                internal_id,
                action: Action::Delete,
                approved: false,
            },
        }
    }
}

impl DynamoStore {
    /// Pages are named by their content: whoever decides later, a later segment or a zombie,
    /// changes none that a record names.
    pub(super) async fn put_removals(
        &self,
        decision: &Decision,
    ) -> Result<WrittenRemovals, StoreError> {
        let record = &decision.record;
        let fingerprint = Fingerprint::of(&decision.removals);
        // The quiet run writes no page.
        let pages = match decision.removals.is_empty() {
            true => 0,
            false => {
                let place = keys::removals(&record.source, &record.run, fingerprint);
                let expiry = self.log_expiry(&record.source, record.queued_at).await?;
                self.put_log_blob(WRITE, &place, &decision.removals, expiry)
                    .await?
            }
        };
        Ok(WrittenRemovals { pages, fingerprint })
    }

    /// What a run decided to remove, as its last decision says. `None`: it has not decided, or its
    /// log expired.
    pub(super) async fn decided_removals(
        &self,
        source: &SourceId,
        run: &RunId,
    ) -> Result<Option<Vec<DecidedRemoval>>, StoreError> {
        let key = keys::run(source, run);
        let Some(item) = self.get(READ, &self.tables.sync, &key).await? else {
            return Ok(None);
        };
        let Some(fingerprint) = optional_text(&item, "removals") else {
            return Ok(None);
        };
        let pages = number(&item, "removal_pages", READ)?;
        if pages == 0 {
            return Ok(Some(Vec::new()));
        }
        let fingerprint = fingerprint.parse();
        let fingerprint = fingerprint.map_err(|_| unreadable(READ, "no fingerprint"))?;
        let place = keys::removals(source, run, fingerprint);
        let found: Option<Vec<StoredRemoval>> = self.get_blob(READ, &place, pages).await?;
        let removals = found.ok_or_else(|| unreadable(READ, "pages are missing"))?;
        Ok(Some(removals.into_iter().map(Into::into).collect()))
    }
}
