//! Egress agents: put and read.

use secrecy::{ExposeSecret, SecretString};
use source_settings::{
    AgentCredentials, AgentId, AgentSettings, CredentialsChange, SecretRef, SettingsProblem,
};
use sync_run::StoredAgent;

use crate::{Admin, AdminError, Precondition, Put, Warning};

/// An agent as it is shown.
#[derive(Clone, Debug)]
pub struct AgentView {
    pub stored: StoredAgent,
    pub warnings: Vec<Warning>,
}

impl Admin {
    pub async fn agents(&self) -> Result<Vec<AgentView>, AdminError> {
        let stored = self.ports.settings.agents().await?;
        Ok(stored.into_iter().map(AgentView::of).collect())
    }

    pub async fn agent(&self, id: &str) -> Result<AgentView, AdminError> {
        let missing = || AdminError::NotFound {
            what: "agent",
            id: id.to_owned(),
        };
        let agent = AgentId::parse(id).map_err(|_| missing())?;
        let stored = self.ports.settings.agent(&agent).await?;
        stored.map(AgentView::of).ok_or_else(missing)
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
        let expected = precondition.optional(existing.as_ref().map(|stored| stored.version))?;
        let known = existing.as_ref().map(|stored| &stored.settings);
        let old = known.and_then(|settings| settings.credentials.clone());
        let parsed = AgentSettings::parse_text(body, known)
            .map_err(|problems| AdminError::of_body(body, problems))?;

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

        let mut view = AgentView::of(stored);
        let swept = self.sweep_replaced(old.as_ref(), current.as_ref()).await;
        view.warnings.extend(swept);
        Ok(Put {
            created: existing.is_none(),
            view,
        })
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
    fn of(stored: StoredAgent) -> Self {
        let warnings = stored.settings.warnings().into_iter();
        Self {
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
