//! Clearing a source that is replaced or deleted.
//!
//! What stands in the place of a source's settings:
//! - *settings:* `settings` is there, and a version;
//! - *a clearance:* `clearing_at` is there instead. To everybody who asks for the source there is
//!   none; the worker, housekeeping and the administrator see the clearance. Version and retention
//!   stay: the one goes on, by the other what is still logged expires;
//! - *vacant:* `cleared_at` beside it: the clearance is done, and the source may be put anew.
//!
//! The source's entry in the index says `clearing` or `vacant` too, so that a vacant source is left
//! out where sources are listed for work, and one that is being cleared is not.
//!
//! Races considered:
//! - *A run is queued while a clearance begins:* queueing asks that there is no clearance and
//!   writes down that it queued; the clearance asks that nothing was queued since it looked.
//! - *A run is claimed while a clearance begins:* the clearance asks for the lease as it was looked
//!   at. A run claimed afterwards finds no settings.
//! - *Somebody without a lease writes late* (a skipped run, housekeeping that buries, purges or
//!   notices): each asks that there is no clearance, so that nothing of it stands in the next life.
//! - *A worker loses its lease:* detaching, and removing what a later life of the source would find
//!   under the same name, check the lease in their transactions. What is named by a run's id is
//!   removed without: no later run has that id.
//! - *A worker is killed:* each step finds what is left by looking, and what is named by something
//!   else goes before it, so that the next one goes on.
//! - *A clearance is asked to take the source along while it is being finished:* the last step asks
//!   for the clearance as the worker read it.

mod detach;
mod finish;
mod logs;

use async_trait::async_trait;
use org_model::{ItemKey, SourceId};
use sync_run::ports::{Clearing, StoreError};
use sync_run::{Clearance, RunLease};

use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{flag, text, time};
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::transact::Action;

const READ: &str = "read a clearance";

/// In the entry of a source that has no settings.
pub(crate) const STANDING: &str = "standing";
pub(crate) const CLEARING: &str = "clearing";
pub(crate) const VACANT: &str = "vacant";

/// Settings, and not a clearance in their place.
pub(crate) fn has_settings(item: &Attributes) -> bool {
    !item.contains_key("clearing_at")
}

pub(crate) fn is_vacant(item: &Attributes) -> bool {
    item.contains_key("cleared_at")
}

/// The clearance that stands in the place of settings, done or not.
pub(crate) fn clearance_of(
    source: &SourceId,
    item: &Attributes,
) -> Result<Option<Clearance>, StoreError> {
    if has_settings(item) {
        return Ok(None);
    }
    Ok(Some(Clearance {
        source: source.clone(),
        remove: flag(item, "remove"),
        by: text(item, "clearing_by", READ)?.to_owned(),
        at: time(item, "clearing_at", READ)?,
        outside_done: flag(item, "outside_done"),
    }))
}

impl DynamoStore {
    /// Refuses the transaction where a clearance stands in the place of settings; of a source that
    /// was never put the caller knows.
    pub(crate) fn not_cleared(&self, source: &SourceId) -> Action {
        let no_clearance = Expression::condition("attribute_not_exists(#clearing_at)");
        Action::Check(
            self.tables.sync.clone(),
            keys::settings(source),
            no_clearance,
        )
    }

    pub(crate) async fn settings_item(
        &self,
        act: &'static str,
        source: &SourceId,
    ) -> Result<Option<Attributes>, StoreError> {
        self.get(act, &self.tables.sync, &keys::settings(source))
            .await
    }
}

#[async_trait]
impl Clearing for DynamoStore {
    async fn clearance(&self, source: &SourceId) -> Result<Option<Clearance>, StoreError> {
        let item = self.settings_item(READ, source).await?;
        match item.filter(|item| !is_vacant(item)) {
            Some(item) => clearance_of(source, &item),
            None => Ok(None),
        }
    }

    async fn is_vacant(&self, source: &SourceId) -> Result<bool, StoreError> {
        let item = self.settings_item(READ, source).await?;
        Ok(item.as_ref().is_some_and(is_vacant))
    }

    async fn detach(&self, lease: &RunLease, keys: &[ItemKey]) -> Result<(), StoreError> {
        self.detach_items(lease, keys).await
    }

    async fn clear_some(&self, lease: &RunLease) -> Result<bool, StoreError> {
        self.clear_logs(lease).await
    }

    async fn finish(&self, lease: &RunLease, clearance: &Clearance) -> Result<(), StoreError> {
        self.finish_clearing(lease, clearance).await
    }
}
