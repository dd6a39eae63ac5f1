//! Is an agent running, and does WeCom trust the address behind it?
//!
//! WeCom refuses a call without a token and names the address it came from: that much is asked with
//! no secret at all. Whether the address is trusted takes the app of a source: a token, and one
//! read, through exactly this agent.

use futures::future::try_join;
use source_settings::AgentId;
use sync_run::StoredAgent;

use crate::access::access_with;
use crate::body::Fields;
use crate::ports::{AgentCheck, AgentProbe, AgentStanding, CheckFailure, KeptSource};
use crate::{Admin, AdminError};

/// WeCom's public server, where no source says which one is meant.
const PUBLIC_WECOM: &str = "https://qyapi.weixin.qq.com";

/// What a check found; it is remembered as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedAgent {
    pub agent: AgentId,
    pub check: AgentCheck,
    /// `None`: all that was asked was answered.
    pub failure: Option<CheckFailure>,
}

impl Admin {
    /// `body` may say whose server and app to use: `{"source":"hq"}`. Without: the first source
    /// that names the agent; none: WeCom's public server, and no app.
    pub async fn check_agent(&self, id: &str, body: &str) -> Result<CheckedAgent, AdminError> {
        let mut fields = Fields::of(body, &["source"])?;
        let asked = fields.text("source");
        let stored = self.known_agent(id).await?;
        let sources = self.ports.settings.all_sources().await?;
        let source = match &asked {
            Some(name) => sources
                .iter()
                .find(|one| one.stored.source.as_str() == name),
            None => sources.iter().find(|one| names(one, &stored.id)),
        };
        if asked.is_some() && source.is_none() {
            fields.add("source", "there is no such source", "name one, or none");
        }
        fields.or(())?;
        if source.is_some_and(|source| source.unreadable.is_some()) {
            return Err(AdminError::SourceUnreadable);
        }
        let (probe, failure) = self.look_through(&stored, source).await?;
        let standing = failure.as_ref().map_or(AgentStanding::Running, standing_of);
        let seen = failure.as_ref().and_then(|failure| failure.ips.first());
        let latency = probe.latency.map(|time| time.as_millis());
        let check = AgentCheck {
            at: self.ports.clock.now(),
            version: stored.version,
            standing,
            latency_milliseconds: latency.map(|time| u64::try_from(time).unwrap_or(u64::MAX)),
            egress_ip: probe.egress_ip.or(seen.copied()),
            source: source.map(|source| source.stored.source.clone()),
            code: failure.as_ref().map(|failure| failure.code.to_owned()),
        };
        let checks = &self.ports.agent_checks;
        checks.note_check(&stored.id, &check).await?;
        Ok(CheckedAgent {
            agent: stored.id,
            check,
            failure,
        })
    }

    /// The probe, and what went wrong first.
    async fn look_through(
        &self,
        agent: &StoredAgent,
        source: Option<&KeptSource>,
    ) -> Result<(AgentProbe, Option<CheckFailure>), AdminError> {
        let deadline = self.asking_deadline();
        let settings = source.map(|source| &source.stored.settings);
        let secret = async {
            match settings {
                Some(settings) => {
                    let reference = settings.credentials.secret.as_ref();
                    self.read_secret(reference).await.map(Some)
                }
                None => Ok(None),
            }
        };
        let (access, secret) = try_join(self.agent_access(agent), secret).await?;
        let server = settings.map_or(PUBLIC_WECOM, |settings| &settings.base_url);
        let wecom = &self.ports.wecom;
        let probe = wecom.probe(server, &access, deadline).await;
        let failure = probe.failure.clone();
        let (None, Some(settings), Some(secret)) = (&failure, settings, secret) else {
            return Ok((probe, failure));
        };
        let opened = wecom.open(access_with(settings, secret, vec![access], deadline));
        let opened = opened.await;
        Ok((probe, opened.err().map(CheckFailure::from)))
    }
}

fn names(source: &KeptSource, agent: &AgentId) -> bool {
    source.unreadable.is_none() && source.stored.settings.agents.contains(agent)
}

/// What a failure says of the agent: where WeCom itself answered, the agent runs.
fn standing_of(failure: &CheckFailure) -> AgentStanding {
    match failure.code {
        "untrusted_ip" => AgentStanding::UntrustedIp,
        "wrong_secret" | "unknown_corp" | "wrong_agent_id" | "app_disabled" | "token_refused"
        | "wecom_busy" | "wecom_unavailable" | "rate_limited" | "tokens_blocked" | "no_right"
        | "refused" | "out_of_budget" => AgentStanding::Running,
        _ => AgentStanding::Unreachable,
    }
}
