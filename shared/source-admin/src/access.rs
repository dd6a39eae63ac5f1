//! What it takes to ask WeCom as a source does: its secret and its agents, read for one call.

use futures::future::{try_join, try_join_all};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use source_settings::{SecretRef, SourceSettings};
use sync_run::StoredAgent;
use sync_run::ports::{AgentAccess, WecomAccess};

use crate::ports::KeptSource;
use crate::{Admin, AdminError};

/// DESIGN.md §6: an answer within 25 s; one second is left for what follows WeCom's last word.
const ASKING_SECONDS: i64 = 24;

impl Admin {
    /// The latest moment at which a request to WeCom may still be under way.
    pub(crate) fn asking_deadline(&self) -> Timestamp {
        self.ports.clock.now() + SignedDuration::from_secs(ASKING_SECONDS)
    }

    /// A source that can be asked for: its settings are whole.
    pub(crate) async fn askable_source(&self, id: &str) -> Result<KeptSource, AdminError> {
        let kept = self.known_source(id).await?;
        match kept.unreadable {
            Some(_) => Err(AdminError::SourceUnreadable),
            None => Ok(kept),
        }
    }

    /// Through the source's own agents, in their order.
    pub(crate) async fn access_of(
        &self,
        settings: &SourceSettings,
        deadline: Timestamp,
    ) -> Result<WecomAccess, AdminError> {
        let stored = match settings.agents.is_empty() {
            true => Vec::new(),
            false => self.ports.settings.agents().await?,
        };
        let agents = settings.agents.iter().map(async |id| {
            let agent = stored.iter().find(|agent| agent.id == *id);
            // Going around it could show WeCom an address that it does not trust.
            let agent = agent.ok_or_else(|| AdminError::MissingAgent(id.to_string()))?;
            self.agent_access(agent).await
        });
        // At once: a call has 29 s, and each of them may take 25 s to fail.
        let secret = self.read_secret(settings.credentials.secret.as_ref());
        let (agents, secret) = try_join(try_join_all(agents), secret).await?;
        Ok(access_with(settings, secret, agents, deadline))
    }

    pub(crate) async fn agent_access(
        &self,
        agent: &StoredAgent,
    ) -> Result<AgentAccess, AdminError> {
        let credentials = match &agent.settings.credentials {
            None => None,
            Some(reference) => {
                let secret = self.read_secret(Some(reference)).await?;
                let credentials = credentials_in(&secret);
                let unreadable = || AdminError::AgentCredentials(agent.id.to_string());
                Some(credentials.ok_or_else(unreadable)?)
            }
        };
        Ok(AgentAccess {
            id: agent.id.to_string(),
            url: agent.settings.url.clone(),
            credentials,
        })
    }

    pub(crate) async fn read_secret(
        &self,
        reference: Option<&SecretRef>,
    ) -> Result<SecretString, AdminError> {
        let reference = reference.ok_or(AdminError::NoSecret)?;
        let secret = self.ports.secrets.secret(reference).await;
        secret.map_err(AdminError::SecretUnread)
    }
}

/// Through exactly these agents.
pub(crate) fn access_with(
    settings: &SourceSettings,
    secret: SecretString,
    agents: Vec<AgentAccess>,
    deadline: Timestamp,
) -> WecomAccess {
    WecomAccess {
        base_url: settings.base_url.clone(),
        corp_id: settings.credentials.corp_id.clone(),
        agent_id: u64::from(settings.credentials.agent_id),
        secret,
        agents,
        deadline,
    }
}

/// An agent's secret is JSON: `{"username","password"}`. The parser's message could repeat the
/// secret: it is dropped on purpose.
fn credentials_in(secret: &SecretString) -> Option<(String, SecretString)> {
    let stored: serde_json::Value = serde_json::from_str(secret.expose_secret()).ok()?;
    let text = |name: &str| Some(stored.get(name)?.as_str()?.to_owned());
    Some((text("username")?, SecretString::from(text("password")?)))
}
