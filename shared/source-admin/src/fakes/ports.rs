//! Every port of this crate, over the world's memory.

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{
    DepartmentId, DirectoryDepartment, DirectoryUser, Fingerprint, RunId, SourceId, UserKey,
};
use org_plan::HeldItem;
use secrecy::SecretString;
use source_settings::{AgentId, AgentSettings, Schedule, SecretRef, SourceSettings};
use sync_run::ports::{Clock, RunStarter, SendError, StoreError};
use sync_run::{
    HeldState, Row, RunRecord, SourceState, StoredAgent, StoredHeldList, StoredSource, Trigger,
};

use super::{Part, World, page_of, without_items};
use crate::ports::{
    Author, ContactState, Contacts, Decided, DirectoryReader, Enqueued, Expected, HeldDecisions,
    Page, PageRequest, RowFilter, RunQueue, Schedules, SecretVault, SettingsStore, UserFilter,
};

fn check(expected: Expected, current: Option<u64>) -> Result<u64, StoreError> {
    let holds = match expected {
        Expected::Absent => current.is_none(),
        Expected::Version(version) => current == Some(version),
    };
    match holds {
        true => Ok(current.unwrap_or(0) + 1),
        false => Err(StoreError::Conflict {
            act: "put settings",
        }),
    }
}

#[async_trait]
impl SettingsStore for World {
    async fn agent(&self, id: &AgentId) -> Result<Option<StoredAgent>, StoreError> {
        self.state().working(Part::Store, "read an agent")?;
        Ok(self.state().agents.get(id).cloned())
    }

    async fn agents(&self) -> Result<Vec<StoredAgent>, StoreError> {
        self.state().working(Part::Store, "read the agents")?;
        Ok(self.state().agents.values().cloned().collect())
    }

    async fn put_agent(
        &self,
        id: &AgentId,
        settings: &AgentSettings,
        expected: Expected,
        author: &Author,
    ) -> Result<StoredAgent, StoreError> {
        let mut state = self.state();
        state.working(Part::SettingsWrite, "put an agent")?;
        let version = check(expected, state.agents.get(id).map(|stored| stored.version))?;
        let stored = StoredAgent {
            id: id.clone(),
            settings: settings.clone(),
            version,
            updated_at: author.at,
            updated_by: Some(author.by.clone()),
        };
        state.agents.insert(id.clone(), stored.clone());
        Ok(stored)
    }

    async fn source(&self, source: &SourceId) -> Result<Option<StoredSource>, StoreError> {
        self.state().working(Part::Store, "read a source")?;
        Ok(self.state().sources.get(source).cloned())
    }

    async fn all_sources(&self) -> Result<Vec<StoredSource>, StoreError> {
        self.state().working(Part::Store, "read the sources")?;
        Ok(self.state().sources.values().cloned().collect())
    }

    async fn put_source(
        &self,
        source: &SourceId,
        settings: &SourceSettings,
        expected: Expected,
        author: &Author,
    ) -> Result<StoredSource, StoreError> {
        let mut state = self.state();
        state.working(Part::SettingsWrite, "put a source")?;
        if state.broken.contains(&Part::SettingsRace)
            && let Some(stored) = state.sources.get_mut(source)
        {
            stored.version += 1;
        }
        let known = state.sources.get(source).cloned();
        let version = check(expected, known.as_ref().map(|stored| stored.version))?;
        let stored = StoredSource {
            source: source.clone(),
            settings: settings.clone(),
            version,
            created_at: known.as_ref().map_or(author.at, |stored| stored.created_at),
            updated_at: author.at,
            updated_by: Some(author.by.clone()),
            state: known.map_or_else(SourceState::default, |stored| stored.state),
        };
        state.sources.insert(source.clone(), stored.clone());
        Ok(stored)
    }
}

#[async_trait]
impl SecretVault for World {
    async fn put(&self, purpose: &str, secret: &SecretString) -> Result<SecretRef, SendError> {
        let mut state = self.state();
        state.reachable(Part::Vault, "Secrets Manager", "store a secret")?;
        state.secrets_made += 1;
        let arn = format!(
            "arn:aws:secretsmanager:::secret:{purpose}-{}",
            state.secrets_made
        );
        state.secrets.insert(arn.clone(), secret.clone());
        Ok(SecretRef {
            arn,
            version: "1".to_owned(),
        })
    }

    async fn remove(&self, reference: &SecretRef) -> Result<(), SendError> {
        let mut state = self.state();
        state.reachable(Part::VaultRemove, "Secrets Manager", "sweep a secret")?;
        state.secrets.remove(&reference.arn);
        Ok(())
    }
}

#[async_trait]
impl Schedules for World {
    async fn put(&self, source: &SourceId, schedule: &Schedule) -> Result<(), SendError> {
        let mut state = self.state();
        state.reachable(Part::Schedules, "EventBridge Scheduler", "set a schedule")?;
        state.schedules.insert(source.clone(), schedule.clone());
        Ok(())
    }
}

#[async_trait]
impl Contacts for World {
    async fn reconcile(&self, wanted: &[(String, SourceId)]) -> Result<(), SendError> {
        let mut state = self.state();
        state.reachable(Part::Contacts, "SNS", "reconcile the contacts")?;
        state.subscriptions = wanted.iter().cloned().collect();
        Ok(())
    }

    async fn states(&self, emails: &[String]) -> Result<Vec<(String, ContactState)>, SendError> {
        let mut state = self.state();
        state.reachable(Part::Contacts, "SNS", "ask for the contacts")?;
        let known = |email: &String| Some((email.clone(), state.contact_state(email)?));
        Ok(emails.iter().filter_map(known).collect())
    }
}

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
    async fn lists(&self, source: &SourceId) -> Result<Vec<StoredHeldList>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "list held lists")?;
        let lists = state.held.iter().rev();
        let lists = lists.filter(|stored| stored.list.source == *source);
        Ok(lists.map(without_items).collect())
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
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.state().now
    }
}
