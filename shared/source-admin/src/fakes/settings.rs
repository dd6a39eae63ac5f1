//! Settings, secrets, schedules and contacts, over the world's memory.

use async_trait::async_trait;
use org_model::SourceId;
use secrecy::SecretString;
use source_settings::{AgentId, AgentSettings, Contact, Schedule, SecretRef};
use sync_run::ports::{SendError, StoreError};
use sync_run::{RunStatus, SourceState, StoredAgent, StoredSource};

use super::{Part, World};
use crate::ports::{
    Author, ContactState, Contacts, Expected, HistoryEntry, KeptSource, Schedules, SecretVault,
    SettingsStore, SourceCommit, Unsettled,
};

pub(super) fn check(expected: Expected, current: Option<u64>) -> Result<u64, StoreError> {
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

    async fn source(&self, source: &SourceId) -> Result<Option<KeptSource>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read a source")?;
        Ok(state.sources.get(source).map(|stored| state.kept(stored)))
    }

    async fn all_sources(&self) -> Result<Vec<KeptSource>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read the sources")?;
        let sources = state.sources.values();
        Ok(sources.map(|stored| state.kept(stored)).collect())
    }

    async fn put_source(
        &self,
        source: &SourceId,
        commit: &SourceCommit<'_>,
    ) -> Result<StoredSource, StoreError> {
        let (settings, author) = (commit.settings, commit.author);
        let mut state = self.state();
        state.working(Part::SettingsWrite, "put a source")?;
        if state.broken.contains(&Part::SettingsRace)
            && let Some(stored) = state.sources.get_mut(source)
        {
            stored.version += 1;
        }
        let known = state.sources.get(source).cloned();
        let version = check(commit.expected, known.as_ref().map(|stored| stored.version))?;
        let stored = StoredSource {
            source: source.clone(),
            settings: settings.clone(),
            version,
            created_at: known.as_ref().map_or(author.at, |stored| stored.created_at),
            updated_at: author.at,
            updated_by: Some(author.by.clone()),
            state: known.map_or_else(SourceState::default, |stored| stored.state),
        };
        if state.cleared.get(source).is_some_and(|one| !one.vacant) {
            return Err(StoreError::Conflict {
                act: "put settings",
            });
        }
        let is_live = state
            .runs
            .iter()
            .any(|run| run.source == *source && run.status == RunStatus::Running);
        if commit.moves && (is_live || stored.state.has_mirror) {
            return Err(StoreError::Conflict {
                act: "put settings",
            });
        }
        state.cleared.remove(source);
        let entry = HistoryEntry::of(commit, version);
        state.history.entry(source.clone()).or_default().push(entry);
        state.unreadable.remove(source);
        state.sources.insert(source.clone(), stored.clone());
        let unsettled = commit.unsettled.clone();
        state.unsettled.insert(source.clone(), unsettled);
        match state.broken.contains(&Part::SettingsAnswer) {
            true => Err(StoreError::Unavailable {
                act: "put a source",
                reason: "told to lose the answer".to_owned(),
            }),
            false => Ok(stored),
        }
    }

    async fn settle_source(
        &self,
        source: &SourceId,
        version: u64,
        left: &Unsettled,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        state.working(Part::SettingsWrite, "settle a source")?;
        let current = state.sources.get(source).map(|stored| stored.version);
        if current == Some(version) {
            state.unsettled.insert(source.clone(), left.clone());
        }
        Ok(())
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

    async fn remove(&self, source: &SourceId) -> Result<(), SendError> {
        let mut state = self.state();
        let service = "EventBridge Scheduler";
        state.reachable(Part::Schedules, service, "remove a schedule")?;
        state.schedules.remove(source);
        Ok(())
    }
}

#[async_trait]
impl Contacts for World {
    async fn reconcile(&self, wanted: &[(Contact, SourceId)]) -> Result<(), SendError> {
        let mut state = self.state();
        state.reachable(Part::Contacts, "SNS", "reconcile the contacts")?;
        state.subscriptions = wanted.iter().cloned().collect();
        Ok(())
    }

    async fn states(
        &self,
        contacts: &[Contact],
    ) -> Result<Vec<(Contact, ContactState)>, SendError> {
        let mut state = self.state();
        state.reachable(Part::Contacts, "SNS", "ask for the contacts")?;
        let known = |one: &Contact| Some((one.clone(), state.contact_state(one)?));
        Ok(contacts.iter().filter_map(known).collect())
    }
}
