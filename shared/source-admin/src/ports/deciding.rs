//! Doors to the store: what a person decides about held lists, kept marks and conflicts.

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{Fingerprint, ItemKey, RunId, SourceId, UserKey};
use org_plan::HeldItem;
use source_settings::SettingsChange;
use sync_run::ports::StoreError;
use sync_run::{KeptWhy, StoredHeldList, StoredResolution};

use super::{Author, HistoryAction, HistoryEntry, Page, PageRequest};

/// How many lists are shown of those that nobody will decide any more.
pub const HELD_LISTS_MAX: usize = 100;

/// How a decision about a held list ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Decided {
    /// The list, now in the asked state. Repeating the call gives the same.
    Done(Box<StoredHeldList>),
    NotFound,
    /// It is in another final state already.
    NotWaiting(Box<StoredHeldList>),
    /// This run, live or handed over, may go by the approval that was to be rejected.
    RunLive(RunId),
}

/// A held list as its header tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldHeader {
    /// Without its items, and so without what was released of them.
    pub list: StoredHeldList,
    /// How many items still wait, or may still be removed.
    pub remaining: u64,
}

#[async_trait]
pub trait HeldDecisions: Send + Sync {
    /// The lists of a source, latest first: every one that stands, and of the others those among
    /// the latest [`HELD_LISTS_MAX`].
    async fn lists(&self, source: &SourceId) -> Result<Vec<HeldHeader>, StoreError>;
    async fn list(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
    ) -> Result<Option<StoredHeldList>, StoreError>;
    async fn items(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        page: &PageRequest,
    ) -> Result<Option<Page<HeldItem>>, StoreError>;
    /// waiting → approved, unless it expired; `except` stay, kept, in the same transaction. Asked
    /// again with other exceptions it is [`Decided::NotWaiting`].
    async fn approve(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        except: &[HeldItem],
        author: &Author,
    ) -> Result<Decided, StoreError>;
    /// waiting or approved → rejected, unless it expired or was consumed: everything that remains
    /// of it is kept, in the same transaction. An approval is rejected only while nobody holds the
    /// source's lease: a run that read it goes by it.
    async fn reject(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        author: &Author,
    ) -> Result<Decided, StoreError>;
}

/// One item that is kept, and by which decision.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptItem {
    pub item: HeldItem,
    pub why: KeptWhy,
    pub by: String,
    pub at: Timestamp,
}

/// Who is kept, and conflicts that an administrator resolves.
#[async_trait]
pub trait KeptMarks: Send + Sync {
    /// Latest decision first.
    async fn kept_items(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<KeptItem>, StoreError>;
    /// Takes back every mark that keeps this item, with [`HistoryEntry::kept_cleared`]: a candidate
    /// again at the next sealed run. Gives those that were taken back; none: nothing kept it.
    async fn clear_kept(
        &self,
        source: &SourceId,
        item: &ItemKey,
        author: &Author,
    ) -> Result<Vec<KeptItem>, StoreError>;
    /// Remembers a word on a conflict until a run has carried it out, and for good if it says that
    /// they are two people; replaces an earlier one in both.
    async fn put_resolution(
        &self,
        source: &SourceId,
        resolution: &StoredResolution,
    ) -> Result<(), StoreError>;
    /// What was said about this userid and is not carried out yet.
    async fn resolution(
        &self,
        source: &SourceId,
        userid: &UserKey,
    ) -> Result<Option<StoredResolution>, StoreError>;
    /// With which other record this userid was last said to be two people.
    async fn settled(
        &self,
        source: &SourceId,
        userid: &UserKey,
    ) -> Result<Option<StoredResolution>, StoreError>;
}

impl HistoryEntry {
    /// Marks that were taken back: by whom each was given, and why.
    pub fn kept_cleared(marks: &[KeptItem], author: &Author) -> Self {
        let change = |mark: &KeptItem| SettingsChange {
            pointer: format!("/kept/{}/{}", mark.item.kind, mark.item.id),
            before: Some(serde_json::json!({
                "why": mark.why.as_str(), "by": mark.by, "at": mark.at,
            })),
            after: None,
        };
        Self {
            at: author.at,
            by: author.by.clone(),
            action: HistoryAction::KeptCleared,
            version: None,
            changes: marks.iter().map(change).collect(),
        }
    }
}
