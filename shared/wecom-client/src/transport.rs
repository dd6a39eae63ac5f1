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
use reqwest::{Certificate, Client, Proxy, Url, redirect, retry};
use secrecy::ExposeSecret;
use sync_run::ports::AgentAccess;

use crate::pace::Pace;
use crate::question::Request;
use crate::wire::Malformed;

/// More than 30,000 members (WECOM.md §6) of 4 KB each, twice.
const BODY_BYTES_MAX: usize = 256 * 1024 * 1024;

/// No answer, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Silence {
    #[error("its address is not a valid proxy address")]
    BadAgentUrl,
    #[error("it cannot be reached")]
    Unreachable,
    #[error("it refuses the credentials (407)")]
    AgentRefusesCredentials,
    #[error("it refuses to connect to WeCom")]
    AgentRefusesTunnel,
    #[error("a TLS certificate was not accepted")]
    Tls,
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
    pub fn build(
        agent: Option<&AgentAccess>,
        roots: &[Certificate],
        pace: &Pace,
    ) -> Result<Self, Silence> {
        let builder = Client::builder()
            .no_proxy()
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .user_agent(concat!("wecom-sync/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(pace.connect_timeout)
            .tls_certs_merge(roots.iter().cloned());
        let builder = match agent {
            Some(agent) => builder.proxy(proxy(agent)?),
            None => builder,
        };
        // What can fail here are the roots: none at all, or one that is not a certificate.
        builder
            .build()
            .map(|client| Self { client })
            .map_err(|_| Silence::Tls)
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

fn proxy(agent: &AgentAccess) -> Result<Proxy, Silence> {
    let url = Url::parse(&agent.url).map_err(|_| Silence::BadAgentUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Silence::BadAgentUrl);
    }
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
        if is_tls(cause) {
            return Silence::Tls;
        }
        let text = cause.to_string();
        if text.contains("proxy authorization required") {
            return Silence::AgentRefusesCredentials;
        }
        if text.contains("tunnel error: unsuccessful") {
            return Silence::AgentRefusesTunnel;
        }
        source = cause.source();
    }
    if error.is_timeout() {
        Silence::TimedOut
    } else if error.is_connect() {
        Silence::Unreachable
    } else {
        Silence::Cut
    }
}

/// A judgement about a certificate or the protocol. A handshake that merely broke off is no such.
fn is_tls(cause: &(dyn std::error::Error + 'static)) -> bool {
    let inner = cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    let direct = cause.downcast_ref::<rustls::Error>();
    let wrapped = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
    direct.or(wrapped).is_some()
}
