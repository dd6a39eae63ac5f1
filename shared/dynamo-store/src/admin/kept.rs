//! Who is kept, as administrators look at it, and how a mark is taken back.

use async_trait::async_trait;
use org_model::{ItemKey, SourceId, UserKey};
use source_admin::ports::{Author, HistoryEntry, KeptItem, KeptMarks, Page, PageRequest};
use sync_run::ports::StoreError;
use sync_run::{KeptRelease, KeptSet, StoredResolution};

use super::cursor::no_cursor;
use crate::DynamoStore;
use crate::kept::set_of;
use crate::wire::attributes::{s, text};
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::query::Search;
use crate::wire::transact::Transacted;

const READ: &str = "list who is kept";
const CLEAR: &str = "take back a mark that keeps somebody";

/// Sets read at once: up to 400 KB each, of which an answer takes 1 MB.
const SETS_AT_ONCE: i32 = 4;

/// Requests per page of the list: sets in which nobody is left give a page with less than its
/// limit, and where to go on.
const SET_REQUESTS_MAX: u32 = 10;

/// Sets of up to 400 KB changed in one transaction, which takes 4 MB.
const SETS_PER_TRANSACTION: usize = 8;

/// A place in the list: in this set, from this item on.
struct SetCursor {
    set: String,
    index: usize,
}

impl SetCursor {
    /// `001772323200000-0f…-0000.12`.
    fn read(text: &str) -> Result<Self, StoreError> {
        let (set, index) = text.split_once('.').ok_or_else(no_cursor)?;
        let known = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if set.is_empty() || !set.chars().all(known) {
            return Err(no_cursor());
        }
        Ok(Self {
            set: set.to_owned(),
            index: index.parse().map_err(|_| no_cursor())?,
        })
    }

    fn write(&self) -> String {
        format!("{}.{}", self.set, self.index)
    }
}

fn kept_by(set: &KeptSet, item: &org_plan::HeldItem) -> KeptItem {
    KeptItem {
        item: item.clone(),
        why: set.why.clone(),
        by: set.by.clone(),
        at: set.at,
    }
}

impl DynamoStore {
    /// Latest first, from the cursor's set on.
    fn sets_from(&self, source: &SourceId, start: Option<&SetCursor>) -> Search {
        let mut search = self.kept_search(source);
        if let Some(start) = start {
            let key = |sk: String| s(sk);
            search.expression = Expression::key("#pk = :pk AND #sk BETWEEN :first AND :start")
                .with(":pk", s(keys::source_partition(source)))
                .with(":first", key(keys::KEPT.to_owned()))
                .with(":start", key(keys::kept(source, &start.set).sk));
        }
        search.backwards = true;
        search.limit = Some(SETS_AT_ONCE);
        search
    }

    async fn kept_page(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<KeptItem>, StoreError> {
        let start = page.cursor.as_deref().map(SetCursor::read).transpose()?;
        let mut search = self.sets_from(source, start.as_ref());
        let mut items = Vec::new();
        for request in 1.. {
            let found = self.search_once(READ, &search).await?;
            let mut end = None;
            for item in &found.items {
                let id = text(item, "sk", READ)?.trim_start_matches(keys::KEPT);
                let set = set_of(item)?;
                let skip = start.as_ref().filter(|start| start.set == id);
                let skip = skip.map_or(0, |start| start.index);
                for (index, one) in set.items.iter().enumerate().skip(skip) {
                    if set.released.contains(&(one.kind, one.internal_id.clone())) {
                        continue;
                    }
                    if items.len() >= page.limit as usize {
                        let set = id.to_owned();
                        let next = Some(SetCursor { set, index }.write());
                        return Ok(Page { items, next });
                    }
                    items.push(kept_by(&set, one));
                }
                let (set, index) = (id.to_owned(), set.items.len());
                end = Some(SetCursor { set, index });
            }
            if found.last.is_none() || (request >= SET_REQUESTS_MAX && end.is_some()) {
                let next = end.filter(|_| found.last.is_some());
                let next = next.map(|end| end.write());
                return Ok(Page { items, next });
            }
            search.after = found.last;
        }
        Ok(Page { items, next: None })
    }

    /// The mark of one item in every set that keeps it, and what to release for it.
    async fn marks_on(
        &self,
        source: &SourceId,
        item: &ItemKey,
    ) -> Result<(Vec<KeptItem>, Vec<KeptRelease>), StoreError> {
        let (mut marks, mut releases) = (Vec::new(), Vec::new());
        for set in self.kept_sets(source).await?.iter().rev() {
            let its_own = set
                .remaining()
                .filter(|one| one.key().as_ref() == Some(item));
            let its_own: Vec<_> = its_own.collect();
            if its_own.is_empty() {
                continue;
            }
            marks.extend(its_own.iter().map(|one| kept_by(set, one)));
            let ids = its_own.iter();
            releases.push(KeptRelease {
                set: set.id.clone(),
                items: ids.map(|one| (one.kind, one.internal_id.clone())).collect(),
            });
        }
        Ok((marks, releases))
    }
}

#[async_trait]
impl KeptMarks for DynamoStore {
    async fn kept_items(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<KeptItem>, StoreError> {
        self.kept_page(source, page).await
    }

    async fn clear_kept(
        &self,
        source: &SourceId,
        item: &ItemKey,
        author: &Author,
    ) -> Result<Vec<KeptItem>, StoreError> {
        let (marks, releases) = self.marks_on(source, item).await?;
        let entry = HistoryEntry::kept_cleared(&marks, author);
        for few in releases.chunks(SETS_PER_TRANSACTION) {
            // Named by time and content: one entry, however often it is put.
            let mut actions = vec![
                self.not_cleared(source),
                self.history_action(source, &entry)?,
            ];
            let few = few.iter();
            actions.extend(few.filter_map(|release| self.release_action(source, release)));
            match self.transact(CLEAR, &actions).await? {
                Transacted::Done => {}
                // The source is cleared, or a set that was spent has gone: look again.
                Transacted::Cancelled(_) => return Err(StoreError::Conflict { act: CLEAR }),
            }
        }
        Ok(marks)
    }

    async fn put_resolution(
        &self,
        source: &SourceId,
        resolution: &StoredResolution,
    ) -> Result<(), StoreError> {
        self.put_word(source, resolution).await
    }

    async fn resolution(
        &self,
        source: &SourceId,
        userid: &UserKey,
    ) -> Result<Option<StoredResolution>, StoreError> {
        self.resolution_about(source, userid).await
    }

    async fn settled(
        &self,
        source: &SourceId,
        userid: &UserKey,
    ) -> Result<Option<StoredResolution>, StoreError> {
        self.settled_about(source, userid).await
    }
}
