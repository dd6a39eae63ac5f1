//! Starting and stopping: a simulator runs on threads of its own and ends when it is dropped.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::config::SimConfig;
use crate::control::Control;
use crate::net::{Gate, Peer};
use crate::server;
use crate::tls;
use crate::world::World;

/// Starts simulators.
pub struct Sim;

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("listening on 127.0.0.1:{port} failed")]
    Listen { port: u16, source: io::Error },
    #[error("starting the server failed")]
    Server(#[from] io::Error),
    #[error("making the certificates failed")]
    Certificates(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Worker threads of one simulator.
const WORKERS: usize = 2;

impl Sim {
    /// Listens on 127.0.0.1 before it returns. May be called inside or outside an async runtime.
    pub fn start(mut config: SimConfig) -> Result<RunningSim, StartError> {
        config.path_prefix = prefix(&config.path_prefix);
        let identity = match config.tls {
            true => Some(
                tls::identity(&config.tls_names)
                    .map_err(|problem| StartError::Certificates(Box::new(problem)))?,
            ),
            false => None,
        };
        let (acceptor, ca_pem) = match identity {
            Some(identity) => (Some(identity.acceptor), Some(identity.ca_pem)),
            None => (None, None),
        };
        let port = config.port;
        let listen = |source| StartError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("wecom-sim")
            .enable_all()
            .build()?;
        let scheme = if config.tls { "https" } else { "http" };
        let origin = format!("{scheme}://{address}");
        let base_url = format!("{origin}{}", config.path_prefix);
        let world = Arc::new(World::new(config));
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&world);
        let thread = std::thread::spawn(move || run(runtime, listener, acceptor, served, stopped));
        Ok(RunningSim {
            world,
            address,
            origin,
            base_url,
            ca_pem,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// `wework/` and `/wework` are the same prefix.
fn prefix(text: &str) -> String {
    match text.trim_matches('/') {
        "" => String::new(),
        path => format!("/{path}"),
    }
}

fn run(
    runtime: Runtime,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    world: Arc<World>,
    stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    let outcome = runtime.block_on(async {
        let gate = Gate::open(tokio::net::TcpListener::from_std(listener)?, tls)?;
        let service = server::router(world).into_make_service_with_connect_info::<Peer>();
        tokio::select! {
            served = async { axum::serve(gate, service).await } => served,
            _ = stopped => Ok(()),
        }
    });
    // Open connections are cut: nothing outlives the simulator.
    runtime.shutdown_background();
    outcome
}

/// A simulator that runs until this is dropped.
pub struct RunningSim {
    world: Arc<World>,
    address: SocketAddr,
    origin: String,
    base_url: String,
    ca_pem: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl RunningSim {
    /// What stands before `/cgi-bin`, path prefix included, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What stands before `/sim/control`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority a client must trust; `None` over plain HTTP.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.world))
    }

    /// Calls served since the start or the last reset, by kind.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.world.calls()
    }

    /// The same by the address they came from: a call that bypassed a proxy shows here.
    pub fn calls_by_peer(&self) -> BTreeMap<String, u64> {
        self.world.calls_by_peer()
    }

    /// The most calls that were in flight at once.
    pub fn max_in_flight(&self) -> u64 {
        self.world.max_in_flight()
    }
}

impl Drop for RunningSim {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The server may have ended by itself; then there is nobody to tell.
            let _already_ended = stop.send(());
        }
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}
