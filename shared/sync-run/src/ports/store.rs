//! The doors to DynamoDB. Every verb may be sent twice.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{Fingerprint, ItemKey, Mark, RunId, SourceId, UserKey};
use org_plan::{DecidedRemoval, HeldItem, Item, PermittedChange, PermittedMark};
use source_settings::AgentId;

use crate::{
    Cancellation, ClaimOutcome, ClaimRequest, Clearance, Decision, Holder, KeptSet, OutboxItem,
    Row, RowsPage, RunLease, RunRecord, SourceState, StandingRange, StoredAgent, StoredHeldList,
    StoredResolution, StoredSource, Units,
};

/// The store could not do or tell something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Throttled, unreachable, timed out: asking again later may help.
    #[error("the store did not answer while it should {act}: {reason}")]
    Unavailable { act: &'static str, reason: String },
    /// Refused for want of rights or a missing table.
    #[error("the store refused to {act}: {reason}")]
    Refused { act: &'static str, reason: String },
    /// This run's lease is no longer its own: another run is live. Nothing was written.
    #[error("the lease was lost to another run while it should {act}")]
    LeaseLost { act: &'static str },
    /// An item that this program cannot read.
    #[error("a stored item is unreadable while it should {act}: {reason}")]
    Unreadable { act: &'static str, reason: String },
    /// Somebody else changed it first.
    #[error("it was changed by somebody else while it should {act}")]
    Conflict { act: &'static str },
}

/// How a conditional write ended. A write that finds its own effect already there is `Done`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    Done,
    /// The item is not as it was read: somebody else wrote it. Nothing was written.
    ChangedMeanwhile,
    /// This one item cannot be written (too large, refused); the text is a stable code.
    Rejected(String),
}

#[async_trait]
pub trait Sources: Send + Sync {
    async fn source(&self, source: &SourceId) -> Result<Option<StoredSource>, StoreError>;
    async fn sources(&self) -> Result<Vec<SourceId>, StoreError>;
    /// The agents a source names, in order; an agent that does not exist is left out.
    async fn agents(&self, ids: &[AgentId]) -> Result<Vec<StoredAgent>, StoreError>;
}

#[async_trait]
pub trait Leases: Send + Sync {
    async fn claim(&self, request: &ClaimRequest) -> Result<ClaimOutcome, StoreError>;
    async fn release(&self, lease: &RunLease) -> Result<(), StoreError>;
    /// Whoever claimed last and did not release.
    async fn holder(&self, source: &SourceId) -> Result<Option<Holder>, StoreError>;
}

#[async_trait]
pub trait Mirror: Send + Sync {
    /// Every item of the source's mirror: key, internal id, state, stamp. Strongly consistent,
    /// from the index, so that it costs a fraction of the items.
    async fn marks(&self, source: &SourceId) -> Result<BTreeMap<ItemKey, Mark>, StoreError>;

    /// The items as they stand now; those that are not there are left out.
    async fn before_images(
        &self,
        source: &SourceId,
        keys: &[ItemKey],
    ) -> Result<BTreeMap<ItemKey, Item>, StoreError>;

    /// Records that were moved aside when this userid was given to somebody else, as they stand.
    async fn aside(&self, source: &SourceId, user: &UserKey) -> Result<Vec<Item>, StoreError>;

    /// One creation or update, conditional on `before`'s stamp. For `displaces`: one transaction
    /// that moves the old record aside and puts the new one. For `reclaims`: one transaction that
    /// also checks the lease, puts the record and deletes the other, conditional on both stamps.
    async fn write(
        &self,
        lease: &RunLease,
        change: PermittedChange<'_>,
    ) -> Result<WriteOutcome, StoreError>;

    /// Removals in transactions that also check the lease: a late zombie removes nobody. One
    /// answer for each, in the order of `removals`. At most [`REMOVALS_MAX`] at once.
    async fn remove(
        &self,
        lease: &RunLease,
        removals: &[PermittedChange<'_>],
    ) -> Vec<Result<WriteOutcome, StoreError>>;

    /// Writes the absence mark of something that stays, conditional on its stamp.
    async fn mark_absence(
        &self,
        lease: &RunLease,
        kept: PermittedMark<'_>,
    ) -> Result<WriteOutcome, StoreError>;
}

/// DynamoDB takes 100 actions in a transaction; one checks the lease.
pub const REMOVALS_MAX: usize = 99;

/// Housekeeping's own door: purging what was deleted long ago.
#[async_trait]
pub trait MirrorUpkeep: Send + Sync {
    /// Some items with status deleted since before `older_than`, at most [`PURGE_MAX`]. `from`: 0
    /// at first, then what the page before said.
    async fn deleted_before(
        &self,
        source: &SourceId,
        older_than: Timestamp,
        from: usize,
    ) -> Result<PurgePage, StoreError>;

    /// Deletes each of these for good, if it still is as it was found: `false` if it is not.
    /// Outcomes in the order of `items`.
    async fn purge(&self, source: &SourceId, items: &[Purgeable]) -> Vec<Result<bool, StoreError>>;

    /// Remembers when the source was last purged, so that it happens once a day.
    async fn purged(&self, source: &SourceId, at: Timestamp) -> Result<(), StoreError>;
}

/// How many items are purged at once: what fits one page of rows.
pub const PURGE_MAX: usize = crate::ROWS_PER_PAGE;

/// One page of what may be purged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurgePage {
    pub items: Vec<Purgeable>,
    /// Where to look on, once these are purged; `None`: there is nothing else.
    pub next: Option<usize>,
}

/// Something that was deleted long ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purgeable {
    pub item: Item,
    /// It was moved aside when its userid was given to somebody else.
    pub aside: bool,
}

#[async_trait]
pub trait RunLog: Send + Sync {
    async fn run(&self, source: &SourceId, run: &RunId) -> Result<Option<RunRecord>, StoreError>;
    /// Writes the record of a run that nobody holds a lease for (skipped, or found dead). A record
    /// that is already final stays as it is. `Conflict`: the source is being cleared, or was.
    async fn put_unleased(&self, record: &RunRecord) -> Result<(), StoreError>;
    /// One transaction: the final record of a run that nobody will close, and what must leave
    /// because of it. `false`: its record is final already, or the source is being cleared or was,
    /// and nothing was written.
    async fn bury(&self, record: &RunRecord, outbox: &[OutboxItem]) -> Result<bool, StoreError>;
    /// Writes the record under the lease.
    async fn put(&self, lease: &RunLease, record: &RunRecord) -> Result<(), StoreError>;
    /// Adds a page to the rows of the run that `record` names. The generation is part of where it
    /// is kept, so that no zombie overwrites another run's page.
    async fn append_rows(&self, record: &RunRecord, page: &RowsPage) -> Result<(), StoreError>;
    async fn rows(&self, source: &SourceId, run: &RunId) -> Result<Vec<Row>, StoreError>;
    /// One transaction under the lease: record, held lists, outbox, source state. Pages of large
    /// lists are written before it and mean nothing without it; of more lists or notices than one
    /// transaction takes, the rest goes before or after it, where that harms nobody.
    async fn decide(&self, lease: &RunLease, decision: &Decision) -> Result<(), StoreError>;
    /// One transaction under the lease: the final record, its outbox and the source's state.
    async fn close(
        &self,
        lease: &RunLease,
        record: &RunRecord,
        outbox: &[OutboxItem],
        state: &SourceState,
    ) -> Result<(), StoreError>;
    /// Hands a run over to its next segment, in one transaction under the lease: the record (still
    /// `running`), what must leave, the source's state, and the lease, which stays the run's until
    /// `until` and can be claimed by exactly this segment, once, or by anybody after that time.
    async fn hand_over(
        &self,
        lease: &RunLease,
        record: &RunRecord,
        outbox: &[OutboxItem],
        state: &SourceState,
        segment: u32,
        until: Timestamp,
    ) -> Result<(), StoreError>;
    /// What a run decided to remove, as its last decision says. `None`: it has not decided, or its
    /// log expired.
    async fn decided(
        &self,
        source: &SourceId,
        run: &RunId,
    ) -> Result<Option<Vec<DecidedRemoval>>, StoreError>;
    /// Did somebody ask this run to stop?
    async fn cancellation(
        &self,
        source: &SourceId,
        run: &RunId,
    ) -> Result<Option<Cancellation>, StoreError>;
    /// Runs that are queued or running, oldest first.
    async fn unfinished(&self, source: &SourceId) -> Result<Vec<RunRecord>, StoreError>;
    /// Units consumed through this handle since it was made.
    fn units(&self) -> Units;
}

#[async_trait]
pub trait HeldLists: Send + Sync {
    /// Lists that wait or are approved and not consumed.
    async fn standing(&self, source: &SourceId) -> Result<Vec<StoredHeldList>, StoreError>;
}

/// What administrators decided that later runs heed.
#[async_trait]
pub trait Decisions: Send + Sync {
    /// The sets in which somebody is still kept, oldest first.
    async fn kept(&self, source: &SourceId) -> Result<Vec<KeptSet>, StoreError>;
    /// What was said about conflicts and is not carried out yet.
    async fn resolutions(&self, source: &SourceId) -> Result<Vec<StoredResolution>, StoreError>;
}

#[async_trait]
pub trait Outbox: Send + Sync {
    async fn unsent(&self, source: &SourceId) -> Result<Vec<OutboxItem>, StoreError>;
    async fn put(&self, source: &SourceId, item: &OutboxItem) -> Result<(), StoreError>;
    /// After it left: the item is kept for the log until it expires, and never sent again.
    async fn sent(&self, source: &SourceId, id: &str, at: Timestamp) -> Result<(), StoreError>;
    /// Remembers that a cause was noticed, outside a run.
    async fn remember_notice(
        &self,
        source: &SourceId,
        cause: &str,
        at: Timestamp,
    ) -> Result<(), StoreError>;
}

/// The visible range that waits for a person's word, one per source.
#[async_trait]
pub trait Ranges: Send + Sync {
    async fn standing(&self, source: &SourceId) -> Result<Option<StandingRange>, StoreError>;

    /// Everybody and every department that this range does not show.
    async fn affected(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
    ) -> Result<Vec<HeldItem>, StoreError>;

    /// Remembers what this run saw, under the lease. A range that was accepted meanwhile stays as
    /// it is, its list included: that is what the person was shown. Any other is replaced by this
    /// one, also the accepted one that the run found to be none of its own (`overruled`).
    async fn see(
        &self,
        lease: &RunLease,
        seen: &StandingRange,
        affected: &[HeldItem],
        overruled: Option<Fingerprint>,
    ) -> Result<(), StoreError>;

    /// The range is as wide as before, or what was accepted is done: nothing stands any more.
    async fn settle(&self, lease: &RunLease, fingerprint: Fingerprint) -> Result<(), StoreError>;
}

/// How many items [`Clearing::detach`] takes at once: one action checks the lease.
pub const DETACH_MAX: usize = REMOVALS_MAX;

/// Clearing a source that is replaced or deleted. Everything may be sent twice.
#[async_trait]
pub trait Clearing: Send + Sync {
    /// `None`: the source is not being cleared.
    async fn clearance(&self, source: &SourceId) -> Result<Option<Clearance>, StoreError>;

    /// The source was replaced and nobody has set it up anew yet.
    async fn is_vacant(&self, source: &SourceId) -> Result<bool, StoreError>;

    /// Detaches live items of the mirror, in one transaction that checks the lease. An item that
    /// is detached already, or gone, is done. At most [`DETACH_MAX`] at once.
    async fn detach(&self, lease: &RunLease, keys: &[ItemKey]) -> Result<(), StoreError>;

    /// Removes some of the source's logs: runs, rows, held lists, outbox, notices, baseline and
    /// state; never the lease, the clearance or the history. `true`: there is more.
    async fn clear_some(&self, lease: &RunLease) -> Result<bool, StoreError>;

    /// The last step: the clearance goes, and with it the source (`remove`), or it stands vacant,
    /// to be set up anew. Only a clearance that is done outside is finished.
    async fn finish(&self, lease: &RunLease, clearance: &Clearance) -> Result<(), StoreError>;
}
