//! A small forward proxy that stands for an egress agent: CONNECT tunnels and absolute-form
//! requests, with or without credentials, over plain TCP or TLS, from an address of its own.

mod head;
mod serve;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// How a proxy treats those who come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyManner {
    #[default]
    Serve,
    /// Answers every request with this status, such as 403 or 502.
    Refuse(u16),
    /// Resets the connection as soon as it has read the request.
    Reset,
    /// Reads the request and never answers.
    Hang,
}

#[derive(Clone, Debug)]
pub struct ProxyOptions {
    /// User name and password that it demands (RFC 7617).
    pub credentials: Option<(String, String)>,
    /// Speak TLS to its clients: an `https://` proxy.
    pub tls: bool,
    /// Outgoing connections come from this loopback address: what the other side sees.
    pub source: Ipv4Addr,
    /// Where `host:port` really is; everything else is looked up.
    pub routes: BTreeMap<String, SocketAddr>,
    /// Its own port; 0: a free one.
    pub port: u16,
}

impl Default for ProxyOptions {
    fn default() -> Self {
        Self {
            credentials: None,
            tls: false,
            source: Ipv4Addr::LOCALHOST,
            routes: BTreeMap::new(),
            port: 0,
        }
    }
}

/// A running proxy. Stops on drop, with every connection through it.
#[derive(Debug)]
pub struct ForwardProxy {
    address: SocketAddr,
    authority_pem: Option<String>,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

#[derive(Debug)]
pub(crate) struct Shared {
    /// The one `Proxy-Authorization` that is let through.
    credentials: Option<String>,
    source: Ipv4Addr,
    routes: BTreeMap<String, SocketAddr>,
    manner: Mutex<ProxyManner>,
    tunnels: AtomicU64,
    forwarded: AtomicU64,
    refused: AtomicU64,
}

impl ForwardProxy {
    /// Starts on 127.0.0.1, in the caller's runtime.
    ///
    /// # Errors
    /// If the port is taken or no certificate can be made.
    pub async fn start(options: ProxyOptions) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .await
            .context("the proxy's port")?;
        let address = listener.local_addr()?;
        let (acceptor, authority_pem) = if options.tls {
            let (acceptor, pem) = own_certificate()?;
            (Some(acceptor), Some(pem))
        } else {
            (None, None)
        };
        let credentials = options.credentials.as_ref();
        let shared = Arc::new(Shared {
            credentials: credentials.map(|(user, password)| basic(user, password)),
            source: options.source,
            routes: options.routes,
            manner: Mutex::default(),
            tunnels: AtomicU64::new(0),
            forwarded: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, acceptor, shared.clone())).abort_handle();
        Ok(Self {
            address,
            authority_pem,
            shared,
            accepting,
        })
    }

    /// `http://127.0.0.1:<port>`, or `https://…`.
    pub fn url(&self) -> String {
        let scheme = if self.authority_pem.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of an `https://` proxy, which is its own authority.
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority_pem.as_deref()
    }

    /// How it treats requests from now on; tunnels that stand are left alone.
    pub fn set_manner(&self, manner: ProxyManner) {
        *self.shared.manner() = manner;
    }

    /// CONNECT tunnels that were opened.
    pub fn tunnels(&self) -> u64 {
        self.shared.tunnels.load(Ordering::Relaxed)
    }

    /// Plain requests that were passed on.
    pub fn forwarded(&self) -> u64 {
        self.shared.forwarded.load(Ordering::Relaxed)
    }

    /// Requests that were answered with an error, credentials included.
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }

    /// Closes the port and every connection. The port can be taken again.
    pub fn stop(&self) {
        self.accepting.abort();
    }
}

impl Drop for ForwardProxy {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    pub(crate) fn manner(&self) -> std::sync::MutexGuard<'_, ProxyManner> {
        self.manner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts until it is aborted; its connections end with it.
async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve::connection(stream, acceptor.clone(), shared.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn own_certificate() -> anyhow::Result<(TlsAcceptor, String)> {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names)?;
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())?;
    Ok((TlsAcceptor::from(Arc::new(config)), made.cert.pem()))
}
