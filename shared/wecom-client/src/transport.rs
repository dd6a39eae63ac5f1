//! One road to WeCom: HTTP/1.1 with rustls, through one agent or directly.
//!
//! - No environment proxy and no `no_proxy` is ever honoured: a request that went past the agent
//!   would come from an address that WeCom does not trust.
//! - Roots are those of the system, or of `SSL_CERT_FILE` in their place (read whenever a road is
//!   built), and those that the client was given besides.
//! - URLs carry the token (WECOM.md §2): no error of this module keeps one.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Proxy, Url, redirect, retry};
use rustls::CertificateError;
use secrecy::ExposeSecret;
use sync_run::ports::AgentAccess;

use crate::ground::{Ground, Unresolved, literal_is_forbidden};
use crate::question::Request;
use crate::wire::Malformed;

/// More than 30,000 members (WECOM.md §6) of 4 KB each, twice.
const BODY_BYTES_MAX: usize = 256 * 1024 * 1024;

/// No answer, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Silence {
    #[error("its address is not a valid proxy address")]
    BadAgentUrl,
    #[error("its name is unknown")]
    NameUnknown,
    #[error("its address is link-local or of a metadata service, where nothing is ever sent")]
    ForbiddenAddress,
    #[error("it cannot be reached: the connection is refused")]
    ConnectRefused,
    #[error("it did not connect in time")]
    ConnectTimeout,
    #[error("it cannot be reached")]
    Unreachable,
    #[error("it refuses the credentials (407)")]
    AgentRefusesCredentials,
    #[error("it forbids the connection to WeCom (403)")]
    AgentForbids,
    #[error("it cannot connect to WeCom ({0})")]
    AgentBadGateway(u16),
    #[error("it refuses to connect to WeCom")]
    AgentRefusesTunnel,
    #[error("its own TLS certificate was not accepted: {0}")]
    AgentTls(TlsFault),
    #[error("a TLS certificate was not accepted: {0}")]
    Tls(TlsFault),
    #[error("it did not answer in time")]
    TimedOut,
    #[error("the connection broke off")]
    Cut,
    #[error("it answered with HTTP status {0}")]
    Status(u16),
    /// So many questions in a row had no answer that nothing more is asked.
    #[error("it has stopped answering")]
    GivenUp,
}

/// What is wrong with a certificate, or with the talk about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TlsFault {
    #[error("its authority is not trusted here")]
    Untrusted,
    #[error("it is for another name")]
    WrongName,
    #[error("it is not valid at this time")]
    Expired,
    #[error("there is no certificate or protocol that both sides accept")]
    Other,
}

impl Silence {
    /// The road ended before the question was sent: WeCom has not counted it.
    pub fn is_before_sending(self) -> bool {
        !matches!(
            self,
            Self::TimedOut | Self::Cut | Self::Status(_) | Self::GivenUp
        )
    }
}

/// A road that did not bring an answer with status 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detour {
    Silent(Silence),
    Malformed(Malformed),
}

#[derive(Clone, Debug)]
pub(crate) struct Transport {
    client: Client,
}

impl Transport {
    /// The road to `base`. Without an agent `base` itself is what is connected to.
    pub fn build(
        agent: Option<&AgentAccess>,
        base: &Url,
        ground: &Ground,
    ) -> Result<Self, Silence> {
        let builder = Client::builder()
            .no_proxy()
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .user_agent(concat!("wecom-sync/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(ground.pace.connect_timeout)
            .dns_resolver(ground.names.clone())
            .tls_certs_merge(ground.roots.certificates.iter().cloned());
        let builder = match agent {
            Some(agent) => builder.proxy(proxy(agent)?),
            None if literal_is_forbidden(base) => return Err(Silence::ForbiddenAddress),
            None => builder,
        };
        // What can fail here are the roots: none at all, or one that is not a certificate.
        builder
            .build()
            .map(|client| Self { client })
            .map_err(|_| Silence::Tls(TlsFault::Other))
    }

    /// The body of an answer with status 200.
    pub async fn fetch(&self, request: &Request, timeout: Duration) -> Result<Vec<u8>, Detour> {
        let url = request.url.clone();
        let call = match &request.body {
            None => self.client.get(url),
            Some(json) => self
                .client
                .post(url)
                .header(CONTENT_TYPE, "application/json")
                .body(json.expose_secret().to_owned()),
        };
        let answer = call.timeout(timeout).send().await;
        let answer = answer.map_err(|e| silent(&e))?;
        judge_status(answer.status().as_u16())?;
        whole_body(answer).await
    }
}

/// The address of an agent, judged.
pub(crate) fn agent_url(agent: &AgentAccess) -> Result<Url, Silence> {
    let url = Url::parse(&agent.url).map_err(|_| Silence::BadAgentUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Silence::BadAgentUrl);
    }
    if literal_is_forbidden(&url) {
        return Err(Silence::ForbiddenAddress);
    }
    Ok(url)
}

fn proxy(agent: &AgentAccess) -> Result<Proxy, Silence> {
    let url = agent_url(agent)?;
    let proxy = Proxy::all(url).map_err(|_| Silence::BadAgentUrl)?;
    Ok(match &agent.credentials {
        Some((user, password)) => proxy.basic_auth(user, password.expose_secret()),
        None => proxy,
    })
}

fn judge_status(status: u16) -> Result<(), Detour> {
    match status {
        200 => Ok(()),
        407 => Err(Detour::Silent(Silence::AgentRefusesCredentials)),
        408 | 429 | 500.. => Err(Detour::Silent(Silence::Status(status))),
        _ => Err(Detour::Malformed(Malformed::Status(status))),
    }
}

async fn whole_body(mut answer: reqwest::Response) -> Result<Vec<u8>, Detour> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| silent(&e))? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(Detour::Malformed(Malformed::TooLarge(BODY_BYTES_MAX)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn silent(error: &reqwest::Error) -> Detour {
    Detour::Silent(silence_of(error))
}

/// Reads the error's chain: reqwest says neither the proxy's status nor that TLS failed. The texts
/// of the tunnel are those of hyper-util, pinned with reqwest; the tests over sockets hold them.
fn silence_of(error: &reqwest::Error) -> Silence {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(silence) = silence_in(cause) {
            return silence;
        }
        source = cause.source();
    }
    if error.is_timeout() && error.is_connect() {
        // The whole road counts: the port, the tunnel, both handshakes.
        Silence::ConnectTimeout
    } else if error.is_timeout() {
        Silence::TimedOut
    } else if error.is_connect() {
        Silence::Unreachable
    } else {
        Silence::Cut
    }
}

fn silence_in(cause: &(dyn std::error::Error + 'static)) -> Option<Silence> {
    if let Some(unresolved) = cause.downcast_ref::<Unresolved>() {
        return Some((*unresolved).into());
    }
    if let Some(fault) = tls_fault(cause) {
        return Some(Silence::Tls(fault));
    }
    let refused = |e: &io::Error| e.kind() == io::ErrorKind::ConnectionRefused;
    if cause.downcast_ref::<io::Error>().is_some_and(refused) {
        return Some(Silence::ConnectRefused);
    }
    let text = cause.to_string();
    if text.contains("proxy authorization required") {
        Some(Silence::AgentRefusesCredentials)
    } else if text.contains("tunnel error: unsuccessful") {
        Some(Silence::AgentRefusesTunnel)
    } else {
        None
    }
}

impl From<Unresolved> for Silence {
    fn from(unresolved: Unresolved) -> Self {
        match unresolved {
            Unresolved::Unknown => Self::NameUnknown,
            Unresolved::Forbidden => Self::ForbiddenAddress,
        }
    }
}

/// A judgement about a certificate or the protocol. A handshake that merely broke off is no such.
pub(crate) fn tls_fault(cause: &(dyn std::error::Error + 'static)) -> Option<TlsFault> {
    let inner = cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    let direct = cause.downcast_ref::<rustls::Error>();
    let wrapped = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
    direct.or(wrapped).map(fault_of)
}

fn fault_of(error: &rustls::Error) -> TlsFault {
    use CertificateError as Flaw;
    let rustls::Error::InvalidCertificate(flaw) = error else {
        return TlsFault::Other;
    };
    match flaw {
        Flaw::UnknownIssuer | Flaw::BadSignature => TlsFault::Untrusted,
        Flaw::NotValidForName | Flaw::NotValidForNameContext { .. } => TlsFault::WrongName,
        Flaw::Expired
        | Flaw::ExpiredContext { .. }
        | Flaw::NotValidYet
        | Flaw::NotValidYetContext { .. } => TlsFault::Expired,
        _ => TlsFault::Other,
    }
}

#[cfg(test)]
mod tests;
