//! Held lists, kept marks and words on conflicts, over the world's memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use org_model::{Fingerprint, InternalId, ItemKey, ItemKind, SourceId, UserKey};
use org_plan::{HeldItem, Resolution};
use sync_run::ports::StoreError;
use sync_run::{APPROVAL_VALID, HeldState, KeptSet, KeptWhy, StoredHeldList, StoredResolution};

use super::{Part, State, World, header_of, page_of};
use crate::ports::{
    Author, Decided, HeldDecisions, HeldHeader, HistoryEntry, KeptItem, KeptMarks, Page,
    PageRequest,
};

type Removed = BTreeSet<(ItemKind, InternalId)>;

#[async_trait]
impl HeldDecisions for World {
    async fn lists(&self, source: &SourceId) -> Result<Vec<HeldHeader>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "list held lists")?;
        let lists = state.held.iter().rev();
        let lists = lists.filter(|stored| stored.list.source == *source);
        Ok(lists.map(header_of).collect())
    }

    async fn list(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
    ) -> Result<Option<StoredHeldList>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read a held list")?;
        let mut lists = state.held.iter();
        let found = lists.find(|one| one.list.source == *source && is(one, fingerprint));
        Ok(found.cloned())
    }

    async fn items(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        page: &PageRequest,
    ) -> Result<Option<Page<HeldItem>>, StoreError> {
        let list = self.list(source, fingerprint).await?;
        list.map(|list| page_of(list.remaining().cloned(), page))
            .transpose()
    }

    async fn approve(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        except: &[HeldItem],
        author: &Author,
    ) -> Result<Decided, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "approve a held list")?;
        let why = KeptWhy::Excepted { list: fingerprint };
        let earlier: Removed = state.kept_for(source, &why).iter().map(id_of).collect();
        let Some(list) = state.list_of(source, fingerprint) else {
            return Ok(Decided::NotFound);
        };
        match list.state {
            HeldState::Approved if earlier == except.iter().map(id_of).collect() => {}
            HeldState::Waiting if author.at < list.list.expires_at => {
                decide(list, HeldState::Approved, author);
                list.released.extend(except.iter().map(id_of));
                let list = Box::new(list.clone());
                state.keep(source, &why, except, author);
                return Ok(Decided::Done(list));
            }
            _ => return Ok(Decided::NotWaiting(Box::new(list.clone()))),
        }
        Ok(Decided::Done(Box::new(list.clone())))
    }

    async fn reject(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        author: &Author,
    ) -> Result<Decided, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "reject a held list")?;
        let live = state.live_run(source).map(|run| run.run.clone());
        let Some(list) = state.list_of(source, fingerprint) else {
            return Ok(Decided::NotFound);
        };
        match (list.state, live) {
            (HeldState::Rejected, _) => {}
            (HeldState::Approved, Some(run)) if is_in_force(list, author) => {
                return Ok(Decided::RunLive(run));
            }
            (HeldState::Waiting | HeldState::Approved, _) if may_reject(list, author) => {
                decide(list, HeldState::Rejected, author);
                let list = Box::new(list.clone());
                let items: Vec<HeldItem> = list.remaining().cloned().collect();
                let why = KeptWhy::Rejected { list: fingerprint };
                state.keep(source, &why, &items, author);
                return Ok(Decided::Done(list));
            }
            _ => return Ok(Decided::NotWaiting(Box::new(list.clone()))),
        }
        Ok(Decided::Done(Box::new(list.clone())))
    }
}

impl State {
    fn list_of(&mut self, source: &SourceId, list: Fingerprint) -> Option<&mut StoredHeldList> {
        let mut lists = self.held.iter_mut();
        lists.find(|one| one.list.source == *source && is(one, list))
    }

    fn keep(&mut self, source: &SourceId, why: &KeptWhy, items: &[HeldItem], author: &Author) {
        let sets = KeptSet::split(why, &author.by, author.at, items);
        self.kept.entry(source.clone()).or_default().extend(sets);
    }

    /// Whom a decision kept, whatever became of them since.
    fn kept_for(&self, source: &SourceId, why: &KeptWhy) -> Vec<HeldItem> {
        let sets = self.kept.get(source).into_iter().flatten();
        let items = sets
            .filter(|set| set.why == *why)
            .flat_map(|set| &set.items);
        items.cloned().collect()
    }
}

#[async_trait]
impl KeptMarks for World {
    async fn kept_items(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<KeptItem>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "list the kept")?;
        let sets = state.kept.get(source).into_iter().flatten().rev();
        let marks = sets.flat_map(|set| set.remaining().map(|item| mark_of(set, item)));
        page_of(marks, page)
    }

    async fn clear_kept(
        &self,
        source: &SourceId,
        item: &ItemKey,
        author: &Author,
    ) -> Result<Vec<KeptItem>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "clear a kept mark")?;
        let mut marks = Vec::new();
        for set in state.kept.get_mut(source).into_iter().flatten() {
            let kept = set
                .remaining()
                .filter(|one| one.key().as_ref() == Some(item));
            let kept: Vec<HeldItem> = kept.cloned().collect();
            marks.extend(kept.iter().map(|one| mark_of(set, one)));
            set.released.extend(kept.iter().map(id_of));
        }
        if !marks.is_empty() {
            let entry = HistoryEntry::kept_cleared(&marks, author);
            state.history.entry(source.clone()).or_default().push(entry);
        }
        Ok(marks)
    }

    async fn put_resolution(
        &self,
        source: &SourceId,
        resolution: &StoredResolution,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "keep a word on a conflict")?;
        let key = resolution.userid.key();
        let words = state.resolutions.entry(source.clone()).or_default();
        words.insert(key.clone(), resolution.clone());
        let settled = state.settled.entry(source.clone()).or_default();
        match resolution.choice {
            Resolution::New => settled.insert(key, resolution.clone()),
            Resolution::Same => settled.remove(&key),
        };
        Ok(())
    }

    async fn resolution(
        &self,
        source: &SourceId,
        userid: &UserKey,
    ) -> Result<Option<StoredResolution>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read a word on a conflict")?;
        let words = state.resolutions.get(source);
        Ok(words.and_then(|words| words.get(userid)).cloned())
    }

    async fn settled(
        &self,
        source: &SourceId,
        userid: &UserKey,
    ) -> Result<Option<StoredResolution>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read a word on a conflict")?;
        let words = state.settled.get(source);
        Ok(words.and_then(|words| words.get(userid)).cloned())
    }
}

fn mark_of(set: &KeptSet, item: &HeldItem) -> KeptItem {
    KeptItem {
        item: item.clone(),
        why: set.why.clone(),
        by: set.by.clone(),
        at: set.at,
    }
}

fn may_reject(list: &StoredHeldList, author: &Author) -> bool {
    match list.state {
        HeldState::Waiting => author.at < list.list.expires_at,
        _ => is_in_force(list, author),
    }
}

fn is_in_force(list: &StoredHeldList, author: &Author) -> bool {
    let in_time = |decided| author.at <= decided + APPROVAL_VALID;
    let is_approved = list.state == HeldState::Approved && list.consumed_by.is_none();
    is_approved && list.decided_at.is_some_and(in_time)
}

fn decide(list: &mut StoredHeldList, state: HeldState, author: &Author) {
    list.state = state;
    list.decided_by = Some(author.by.clone());
    list.decided_at = Some(author.at);
}

fn id_of(item: &HeldItem) -> (ItemKind, InternalId) {
    (item.kind, item.internal_id.clone())
}

fn is(stored: &StoredHeldList, fingerprint: Fingerprint) -> bool {
    stored.list.fingerprint == fingerprint
}
