//! The client of the whole process: it remembers tokens and limits between runs.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::{Certificate, Url};
use sync_run::ports::{Clock, ReadError, Remedy, Wecom, WecomAccess, WecomSession};
use tokio::time::Instant;

use crate::conversation::Conversation;
use crate::corps::Corps;
use crate::errcode::ErrorClass;
use crate::failure::{Failure, UNTRUSTED_IP};
use crate::pace::Pace;
use crate::question::Question;
use crate::remedies::{app_disabled, bad_base_url, no_agent, read_error};
use crate::session::Session;
use crate::wire::{AgentAnswer, agent_answer};

/// [`Wecom`] over HTTPS. Make one per process: tokens and call limits live in it.
pub struct WecomClient {
    clock: Arc<dyn Clock>,
    corps: Corps,
    pace: Pace,
    roots: Vec<Certificate>,
}

impl WecomClient {
    /// `clock` tells how far away the deadline of an access is.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            corps: Corps::default(),
            pace: Pace::default(),
            roots: Vec::new(),
        }
    }

    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Trusts these certificates besides the system's (or those of `SSL_CERT_FILE`).
    ///
    /// # Errors
    ///
    /// The text holds no PEM certificate.
    pub fn with_roots_pem(mut self, pem: &[u8]) -> Result<Self, ReadError> {
        let roots = Certificate::from_pem_bundle(pem).unwrap_or_default();
        if roots.is_empty() {
            return Err(ReadError {
                code: "tls",
                message: "the private CA is not a PEM certificate".to_owned(),
                remedy: Remedy::FixSettings,
                remedy_text: "give the CA certificate in PEM form".to_owned(),
            });
        }
        self.roots.extend(roots);
        Ok(self)
    }

    /// [`Wecom::connect`], with the reads besides that no run makes.
    ///
    /// # Errors
    ///
    /// Those of [`Wecom::connect`].
    pub async fn begin(&self, access: WecomAccess) -> Result<Session, ReadError> {
        let agent_id = access.agent_id;
        let talk = self.open(access)?;
        let proof = prove(&talk, agent_id).await?;
        if proof.closed {
            return Err(app_disabled());
        }
        Ok(Session::new(Arc::new(talk), agent_id, proof))
    }

    fn open(&self, access: WecomAccess) -> Result<Conversation, ReadError> {
        let base = base_url(&access.base_url)?;
        let left = access.deadline.duration_since(self.clock.now());
        let deadline = Instant::now() + left.try_into().unwrap_or_default();
        let corp = self.corps.of(&access);
        Ok(Conversation::open(
            access,
            base,
            corp,
            deadline,
            self.roots.clone(),
            self.pace.clone(),
        ))
    }
}

/// A plain `http` base URL is for a simulator on this machine only (DESIGN.md §10): elsewhere it
/// would show secret and token to everybody on the way.
fn base_url(text: &str) -> Result<Url, ReadError> {
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

/// No other agent can help: the corp, the secret or the app is refused, or the budget is gone.
fn is_final(failure: &Failure) -> bool {
    match failure {
        Failure::Refused(refusal) => {
            refusal.code != UNTRUSTED_IP && failure.class() != Some(ErrorClass::Transient)
        }
        Failure::OutOfBudget | Failure::LookupsBlocked => true,
        Failure::Silent(_) | Failure::Malformed(_) => false,
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
            Err(failure) if is_final(&failure) => return Err(read_error(&failure)),
            Err(failure) => {
                let agent = talk.routes.agent_id(at).map(str::to_owned);
                let code = read_error(&failure).code;
                tracing::warn!(agent, code, "WeCom cannot be read through this agent");
                causes.push((agent, failure));
            }
        }
    }
    Err(no_agent(causes))
}

#[async_trait]
impl Wecom for WecomClient {
    async fn connect(&self, access: WecomAccess) -> Result<Box<dyn WecomSession>, ReadError> {
        Ok(Box::new(self.begin(access).await?))
    }
}
