//! The client of the whole process: it remembers tokens and limits between runs.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::Url;
use sync_run::ports::{Clock, ReadError, Remedy, Wecom, WecomAccess, WecomSession};
use tokio::time::Instant;

use crate::check::walked;
use crate::conversation::Conversation;
use crate::corps::Corps;
use crate::failure::Failure;
use crate::ground::{Ground, Names};
use crate::pace::Pace;
use crate::question::Question;
use crate::remedies::{app_disabled, bad_base_url, no_agent, read_error};
use crate::session::Session;
use crate::transport::Silence;
use crate::wire::{AgentAnswer, agent_answer};

/// [`Wecom`] and `source_admin::ports::WecomDesk` over HTTPS. Make one per process: tokens and call
/// limits live in it.
pub struct WecomClient {
    clock: Arc<dyn Clock>,
    corps: Corps,
    pub(crate) ground: Ground,
}

impl WecomClient {
    /// `clock` tells how far away the deadline of an access is.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            corps: Corps::default(),
            ground: Ground::default(),
        }
    }

    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.ground.pace = pace;
        self
    }

    /// Trusts these certificates besides the system's (or those of `SSL_CERT_FILE`).
    ///
    /// # Errors
    ///
    /// The text holds no PEM certificate.
    pub fn with_roots_pem(mut self, pem: &[u8]) -> Result<Self, ReadError> {
        if !self.ground.roots.add_pem(pem) {
            return Err(ReadError::new(
                "tls",
                "the private CA is not a PEM certificate",
                Remedy::FixSettings,
                "give the CA certificate in PEM form",
            ));
        }
        Ok(self)
    }

    /// Names whose addresses are known, so that nobody is asked for them. They are judged like
    /// every other answer: none leads to a link-local address or a metadata service.
    #[must_use]
    pub fn with_hosts(mut self, hosts: BTreeMap<String, Vec<IpAddr>>) -> Self {
        self.ground.names = Names {
            hosts: Arc::new(hosts),
        };
        self
    }

    /// [`Wecom::connect`], with the reads besides that no run makes.
    ///
    /// # Errors
    ///
    /// Those of [`Wecom::connect`].
    pub async fn begin(&self, access: WecomAccess) -> Result<Session, ReadError> {
        let agent_id = access.agent_id;
        let talk = self.converse(access)?;
        let proof = prove(&talk, agent_id).await.and_then(open_only);
        let proof = proof.map_err(|error| ReadError {
            calls: Box::new(talk.calls()),
            ..error
        })?;
        Ok(Session::new(Arc::new(talk), agent_id, proof))
    }

    pub(crate) fn converse(&self, access: WecomAccess) -> Result<Conversation, ReadError> {
        let base = base_url(&access.base_url)?;
        let deadline = Instant::now() + self.time_until(access.deadline);
        let corp = self.corps.of(&access);
        Ok(Conversation::open(
            access,
            base,
            corp,
            deadline,
            self.ground.clone(),
        ))
    }

    /// Nothing is left of a moment that has passed.
    pub(crate) fn time_until(&self, moment: Timestamp) -> Duration {
        let left = moment.duration_since(self.clock.now());
        left.try_into().unwrap_or_default()
    }
}

/// A plain `http` base URL is for a simulator on this machine only (DESIGN.md §10): elsewhere it
/// would show secret and token to everybody on the way.
pub(crate) fn base_url(text: &str) -> Result<Url, ReadError> {
    let url = Url::parse(text).map_err(|_| bad_base_url("is not a URL"))?;
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        "http" => Err(bad_base_url("is not https")),
        _ => Err(bad_base_url("is neither https nor http")),
    }
}

fn open_only(proof: AgentAnswer) -> Result<AgentAnswer, ReadError> {
    match proof.closed {
        true => Err(app_disabled()),
        false => Ok(proof),
    }
}

/// The first agent through which a token can be had and the range may be read: only a real read
/// proves that its address is trusted (WECOM.md §2).
async fn prove(talk: &Conversation, agent_id: u64) -> Result<AgentAnswer, ReadError> {
    let question = Question::agent(agent_id);
    let mut causes = Vec::new();
    for at in 0..talk.routes.len() {
        match talk.ask_through(at, &question, &agent_answer).await {
            Ok(answer) => {
                talk.routes.stay_with(at);
                return Ok(answer);
            }
            Err(failure) if failure.is_final() => return Err(read_error(&failure)),
            Err(failure) => {
                let failure = looked_into(talk, at, failure).await;
                talk.routes.give_up(at, &failure);
                let agent = talk.routes.agent_id(at).map(str::to_owned);
                let code = read_error(&failure).code;
                tracing::warn!(agent, code, "WeCom cannot be read through this agent");
                causes.push((agent, failure));
            }
        }
    }
    Err(no_agent(causes))
}

/// An agent that refused its tunnel is asked once more, by hand, why: an operator has to know.
async fn looked_into(talk: &Conversation, at: usize, failure: Failure) -> Failure {
    match failure {
        Failure::Silent(Silence::AgentRefusesTunnel) => {
            let (_, silence) = walked(talk, at, Silence::AgentRefusesTunnel).await;
            Failure::Silent(silence)
        }
        other => other,
    }
}

#[async_trait]
impl Wecom for WecomClient {
    async fn connect(&self, access: WecomAccess) -> Result<Box<dyn WecomSession>, ReadError> {
        Ok(Box::new(self.begin(access).await?))
    }
}
