//! Runs, held lists and the directory, over the world's memory.

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{
    DepartmentId, DirectoryDepartment, DirectoryUser, Fingerprint, RunId, SourceId, UserKey,
};
use org_plan::HeldItem;
use sync_run::ports::{Clock, RunStarter, SendError, StoreError};
use sync_run::{HeldState, Row, RunRecord, StoredHeldList, Trigger};

use super::{Part, World, header_of, page_of};
use crate::ports::{
    Author, Decided, DirectoryReader, Enqueued, HeldDecisions, HeldHeader, Page, PageRequest,
    RowFilter, RunQueue, UserFilter,
};

#[async_trait]
impl RunQueue for World {
    async fn enqueue(
        &self,
        record: &RunRecord,
        idempotency_key: Option<&str>,
    ) -> Result<Enqueued, StoreError> {
        let mut state = self.state();
        state.working(Part::Queue, "queue a run")?;
        let key = idempotency_key.map(|key| (record.source.clone(), key.to_owned()));
        if let Some(run) = key.as_ref().and_then(|key| state.keys.get(key))
            && let Some(earlier) = state.runs.iter().find(|record| record.run == *run)
        {
            return Ok(Enqueued::Repeated(Box::new(earlier.clone())));
        }
        if let Some(live) = state.live_run(&record.source) {
            return Ok(Enqueued::Live(live.run.clone()));
        }
        if let Some(key) = key {
            state.keys.insert(key, record.run.clone());
        }
        state.runs.push(record.clone());
        Ok(Enqueued::New)
    }

    async fn run(&self, source: &SourceId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        let mut state = self.state();
        state.working(Part::Queue, "read a run")?;
        let mut runs = state.runs.iter();
        let found = runs.find(|record| record.source == *source && record.run == *run);
        Ok(found.cloned())
    }

    async fn runs(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<RunRecord>, StoreError> {
        let mut state = self.state();
        state.working(Part::Queue, "list the runs")?;
        let runs = state.runs.iter().rev().filter(|run| run.source == *source);
        page_of(runs.cloned(), page)
    }

    async fn rows(
        &self,
        _source: &SourceId,
        run: &RunId,
        filter: &RowFilter,
        page: &PageRequest,
    ) -> Result<Page<Row>, StoreError> {
        let mut state = self.state();
        state.working(Part::Queue, "read rows")?;
        let rows = state.rows.get(run).into_iter().flatten();
        page_of(rows.filter(|row| filter.takes(row)).cloned(), page)
    }
}

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
        author: &Author,
    ) -> Result<Decided, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "approve a held list")?;
        let mut lists = state.held.iter_mut();
        let found = lists.find(|one| one.list.source == *source && is(one, fingerprint));
        let Some(list) = found else {
            return Ok(Decided::NotFound);
        };
        match list.state {
            HeldState::Approved => {}
            HeldState::Waiting if author.at < list.list.expires_at => {
                list.state = HeldState::Approved;
                list.decided_by = Some(author.by.clone());
                list.decided_at = Some(author.at);
            }
            _ => return Ok(Decided::NotWaiting(Box::new(list.clone()))),
        }
        Ok(Decided::Done(Box::new(list.clone())))
    }
}

fn is(stored: &StoredHeldList, fingerprint: Fingerprint) -> bool {
    stored.list.fingerprint == fingerprint
}

#[async_trait]
impl DirectoryReader for World {
    async fn user(
        &self,
        source: &SourceId,
        key: &UserKey,
    ) -> Result<Option<DirectoryUser>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read the directory")?;
        let mut users = state.users.get(source).into_iter().flatten();
        Ok(users.find(|user| user.key() == *key).cloned())
    }

    async fn users(
        &self,
        source: &SourceId,
        filter: &UserFilter,
        page: &PageRequest,
    ) -> Result<Page<DirectoryUser>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read the directory")?;
        let users = state.users.get(source).into_iter().flatten();
        let taken = users.filter(|user| filter.status.is_none_or(|status| status == user.status));
        page_of(taken.cloned(), page)
    }

    async fn department(
        &self,
        source: &SourceId,
        id: DepartmentId,
    ) -> Result<Option<DirectoryDepartment>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read the directory")?;
        let mut departments = state.departments.get(source).into_iter().flatten();
        Ok(departments.find(|one| one.id == id).cloned())
    }

    async fn departments(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<DirectoryDepartment>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read the directory")?;
        let departments = state.departments.get(source).into_iter().flatten();
        page_of(departments.cloned(), page)
    }
}

#[async_trait]
impl RunStarter for World {
    async fn start(
        &self,
        source: &SourceId,
        run: &RunId,
        trigger: Trigger,
    ) -> Result<(), SendError> {
        let mut state = self.state();
        state.reachable(Part::Starter, "Lambda", "start a run")?;
        state.started.push((source.clone(), run.clone(), trigger));
        Ok(())
    }

    async fn start_clearing(&self, source: &SourceId) -> Result<(), SendError> {
        let mut state = self.state();
        state.reachable(Part::Starter, "Lambda", "start a clearing")?;
        state.clearings_started.push(source.clone());
        Ok(())
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.state().now
    }
}
