//! Walking the road to WeCom by hand, to learn where it is blocked.
//!
//! reqwest tells neither what an agent answered to CONNECT nor which stretch took too long. So when
//! a question of a check or a probe has found no answer, the same road is walked once more, stretch
//! by stretch: the name, the port, an https agent's TLS, the agent's answer to CONNECT, WeCom's
//! TLS. WeCom is asked nothing, and nothing secret is sent but the agent's own credentials.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use rustls_pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use source_admin::ports::StepName;
use sync_run::ports::AgentAccess;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use url::Host;

use crate::ground::{Ground, Roots};
use crate::transport::{Silence, TlsFault, agent_url, tls_fault};

/// An agent's answer to CONNECT is a few lines.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Where the road ends, and why.
pub(crate) type Blocked = (StepName, Silence);

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

type Road = Box<dyn Stream>;

/// How long to wait for one stretch of the road, and at most for all of it.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    stretch: Duration,
    ends: Instant,
}

impl Patience {
    pub fn new(ground: &Ground, left: Duration) -> Self {
        Self {
            stretch: ground.pace.connect_timeout,
            ends: Instant::now() + left,
        }
    }

    fn is_over(self) -> bool {
        Instant::now() >= self.ends
    }

    async fn with<T>(self, stretch: impl Future<Output = T>) -> Option<T> {
        let until = self.ends.min(Instant::now() + self.stretch);
        timeout_at(until, stretch).await.ok()
    }
}

/// `Ok`: the road is free now, or there is no time left to look, and nobody is blamed unseen.
pub(crate) async fn walk(
    agent: Option<&AgentAccess>,
    base: &Url,
    ground: &Ground,
    patience: Patience,
) -> Result<(), Blocked> {
    if patience.is_over() {
        return Ok(());
    }
    let road = to_tunnel(agent, base, ground, patience).await;
    let road = road.map_err(|silence| (StepName::Agent, silence))?;
    if base.scheme() != "https" {
        return Ok(());
    }
    let handshake = patience.with(encrypt(road, base, &ground.roots)).await;
    match handshake.unwrap_or(Err(Silence::TimedOut)) {
        Ok(_) => Ok(()),
        Err(silence) => Err((StepName::Tls, silence)),
    }
}

/// Up to WeCom's own port.
async fn to_tunnel(
    agent: Option<&AgentAccess>,
    base: &Url,
    ground: &Ground,
    patience: Patience,
) -> Result<Road, Silence> {
    let Some(agent) = agent else {
        return connect(base, ground, patience).await;
    };
    let url = agent_url(agent)?;
    let mut road = connect(&url, ground, patience).await?;
    if url.scheme() == "https" {
        let handshake = patience.with(encrypt(road, &url, &ground.roots)).await;
        let handshake = handshake.unwrap_or(Err(Silence::TimedOut));
        road = handshake.map_err(|silence| match silence {
            Silence::Tls(fault) => Silence::AgentTls(fault),
            other => other,
        })?;
    }
    if base.scheme() == "https" {
        let asked = patience.with(ask_for_tunnel(&mut road, agent, base)).await;
        judge(asked.unwrap_or(Err(Silence::TimedOut))?)?;
    }
    Ok(road)
}

async fn connect(place: &Url, ground: &Ground, patience: Patience) -> Result<Road, Silence> {
    let (host, port) = host_and_port(place)?;
    let looked_up = patience.with(ground.names.addresses(host, port)).await;
    let addresses = looked_up.ok_or(Silence::NameUnknown)??;
    let connected = patience.with(first_of(&addresses)).await;
    let stream = connected.ok_or(Silence::ConnectTimeout)?;
    Ok(Box::new(stream.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => Silence::ConnectRefused,
        io::ErrorKind::TimedOut => Silence::ConnectTimeout,
        _ => Silence::Unreachable,
    })?))
}

/// The last address that fails says why.
async fn first_of(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn host_and_port(place: &Url) -> Result<(Host<&str>, u16), Silence> {
    place
        .host()
        .zip(place.port_or_known_default())
        .ok_or(Silence::BadAgentUrl)
}

async fn encrypt(road: Road, place: &Url, roots: &Roots) -> Result<Road, Silence> {
    let no_roots = |_| Silence::Tls(TlsFault::Other);
    let config = roots.config().map_err(no_roots)?;
    let name = match place.host() {
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned()).ok(),
        Some(Host::Ipv4(ip)) => Some(std::net::IpAddr::from(ip).into()),
        Some(Host::Ipv6(ip)) => Some(std::net::IpAddr::from(ip).into()),
        None => None,
    };
    let name = name.ok_or(Silence::Tls(TlsFault::WrongName))?;
    let connector = TlsConnector::from(Arc::new(config));
    match connector.connect(name, road).await {
        Ok(encrypted) => Ok(Box::new(encrypted)),
        Err(error) => Err(tls_fault(&error).map_or(Silence::Cut, Silence::Tls)),
    }
}

/// The status of an agent's answer to CONNECT.
async fn ask_for_tunnel(road: &mut Road, agent: &AgentAccess, base: &Url) -> Result<u16, Silence> {
    let head = connect_head(agent, base)?;
    let sent = road.write_all(head.expose_secret().as_bytes()).await;
    sent.map_err(|_| Silence::Cut)?;
    let mut answer = Vec::new();
    while !is_enough(&answer) && answer.len() < HEAD_BYTES_MAX {
        if road.read_buf(&mut answer).await.map_err(|_| Silence::Cut)? == 0 {
            return Err(Silence::Cut);
        }
    }
    status_of(&answer).ok_or(Silence::AgentRefusesTunnel)
}

/// Of a refusal the first line: the connection may stay open after it. A consent is read to its
/// end, or the handshake would stumble over the rest. Nothing of either is kept.
fn is_enough(answer: &[u8]) -> bool {
    let whole = answer.windows(4).any(|bytes| bytes == b"\r\n\r\n");
    whole || (answer.contains(&b'\n') && status_of(answer) != Some(200))
}

/// It carries the agent's credentials: a secret.
fn connect_head(agent: &AgentAccess, base: &Url) -> Result<SecretString, Silence> {
    let (host, port) = host_and_port(base)?;
    let mut head = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if let Some((user, password)) = &agent.credentials {
        let both = format!("{user}:{}", password.expose_secret());
        head += &format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(both));
    }
    head += "\r\n";
    Ok(SecretString::from(head))
}

/// `HTTP/1.1 403 …`
fn status_of(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let spoken = words.next()?;
    let status = words.next()?.parse().ok()?;
    spoken.starts_with("HTTP/1.").then_some(status)
}

fn judge(status: u16) -> Result<(), Silence> {
    match status {
        200 => Ok(()),
        407 => Err(Silence::AgentRefusesCredentials),
        403 => Err(Silence::AgentForbids),
        502..=504 => Err(Silence::AgentBadGateway(status)),
        _ => Err(Silence::AgentRefusesTunnel),
    }
}

#[cfg(test)]
mod tests;
