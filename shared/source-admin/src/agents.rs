//! Egress agents: put, read, deleted.

use std::collections::BTreeMap;

use org_model::SourceId;
use secrecy::{ExposeSecret, SecretString};
use source_settings::{
    AgentCredentials, AgentId, AgentSettings, CredentialsChange, SecretRef, SettingsProblem,
};
use sync_run::StoredAgent;

use crate::ports::{AgentCheck, AgentDeleted, KeptSource};
use crate::{Admin, AdminError, Precondition, Put, Warning};

/// An agent as it is shown.
#[derive(Clone, Debug)]
pub struct AgentView {
    pub stored: StoredAgent,
    /// The sources that name it.
    pub sources: Vec<SourceId>,
    /// The last check of exactly these settings.
    pub check: Option<AgentCheck>,
    pub warnings: Vec<Warning>,
}

/// Something is gone, and what is left to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    pub warnings: Vec<Warning>,
}

impl Admin {
    pub async fn agents(&self) -> Result<Vec<AgentView>, AdminError> {
        let stored = self.ports.settings.agents().await?;
        let named = self.sources_by_agent().await?;
        let checks = self.ports.agent_checks.checks().await?;
        let view = |agent: StoredAgent| {
            let check = checks.get(&agent.id).cloned();
            AgentView::of(agent, &named, check)
        };
        Ok(stored.into_iter().map(view).collect())
    }

    pub async fn agent(&self, id: &str) -> Result<AgentView, AdminError> {
        let stored = self.known_agent(id).await?;
        let named = self.sources_by_agent().await?;
        let check = self.ports.agent_checks.check_of(&stored.id).await?;
        Ok(AgentView::of(stored, &named, check))
    }

    /// Judges the body, keeps its credentials, then writes the settings: the one commit point.
    pub async fn put_agent(
        &self,
        id: &str,
        body: &str,
        precondition: &Precondition,
        by: &str,
    ) -> Result<Put<AgentView>, AdminError> {
        let agent = AgentId::parse(id).map_err(|error| bad_id(&error))?;
        let existing = self.ports.settings.agent(&agent).await?;
        let expected = precondition.required(existing.as_ref().map(|stored| stored.version))?;
        let known = existing.as_ref().map(|stored| &stored.settings);
        let old = known.and_then(|settings| settings.credentials.clone());
        let parsed = AgentSettings::parse_text(body, known)
            .map_err(|problems| AdminError::of_body(body, problems))?;
        // Whatever may fail to be read is read before the commit: after it the answer is known.
        let named = self.sources_by_agent().await?;

        let fresh = match &parsed.credentials {
            CredentialsChange::Replace(given) => Some(self.keep_credentials(&agent, given).await?),
            CredentialsChange::Keep | CredentialsChange::Remove => None,
        };
        let current = match &parsed.credentials {
            CredentialsChange::Keep => old.clone(),
            CredentialsChange::Replace(_) | CredentialsChange::Remove => fresh.clone(),
        };
        let settings = AgentSettings {
            credentials: current.clone(),
            ..parsed.settings
        };
        let store = &self.ports.settings;
        let author = self.author(by);
        let outcome = store.put_agent(&agent, &settings, expected, &author).await;
        let stored = self.after_commit(outcome, fresh.as_ref()).await?;

        let mut view = AgentView::of(stored, &named, None);
        let swept = self.sweep_replaced(old.as_ref(), current.as_ref()).await;
        view.warnings.extend(swept);
        Ok(Put {
            created: existing.is_none(),
            view,
        })
    }

    /// Refused while a source names it.
    pub async fn delete_agent(
        &self,
        id: &str,
        precondition: &Precondition,
    ) -> Result<Deleted, AdminError> {
        let stored = self.known_agent(id).await?;
        precondition.required(Some(stored.version))?;
        let store = &self.ports.agent_checks;
        let outcome = store.delete_agent(&stored.id, stored.version).await;
        if let AgentDeleted::InUse(sources) = self.after_commit(outcome, None).await? {
            return Err(AdminError::AgentInUse(sources));
        }
        let credentials = stored.settings.credentials.as_ref();
        let swept = self.sweep_replaced(credentials, None).await;
        Ok(Deleted {
            warnings: swept.into_iter().collect(),
        })
    }

    pub(crate) async fn known_agent(&self, id: &str) -> Result<StoredAgent, AdminError> {
        let missing = || AdminError::NotFound {
            what: "agent",
            id: id.to_owned(),
        };
        let agent = AgentId::parse(id).map_err(|_| missing())?;
        let stored = self.ports.settings.agent(&agent).await?;
        stored.ok_or_else(missing)
    }

    async fn sources_by_agent(&self) -> Result<BTreeMap<AgentId, Vec<SourceId>>, AdminError> {
        let sources = self.ports.settings.all_sources().await?;
        let mut named: BTreeMap<AgentId, Vec<SourceId>> = BTreeMap::new();
        for KeptSource { stored, .. } in sources {
            for agent in &stored.settings.agents {
                let sources = named.entry(agent.clone()).or_default();
                sources.push(stored.source.clone());
            }
        }
        Ok(named)
    }

    async fn keep_credentials(
        &self,
        agent: &AgentId,
        given: &AgentCredentials,
    ) -> Result<SecretRef, AdminError> {
        let json = serde_json::json!({
            "username": given.username.expose_secret(),
            "password": given.password.expose_secret(),
        });
        let secret = SecretString::from(json.to_string());
        self.keep_secret(&format!("agents/{agent}"), &secret).await
    }
}

impl AgentView {
    fn of(
        stored: StoredAgent,
        named: &BTreeMap<AgentId, Vec<SourceId>>,
        check: Option<AgentCheck>,
    ) -> Self {
        let warnings = stored.settings.warnings().into_iter();
        Self {
            sources: named.get(&stored.id).cloned().unwrap_or_default(),
            // A check of other settings says nothing of these.
            check: check.filter(|check| check.version == stored.version),
            stored,
            warnings: warnings.map(Warning::agent_credentials_in_clear).collect(),
        }
    }
}

pub(crate) fn bad_id(error: &source_settings::NotAnId) -> AdminError {
    AdminError::Invalid(vec![SettingsProblem {
        pointer: String::new(),
        message: error.to_string(),
        remedy: "choose another name in the path".to_owned(),
    }])
}
