//! Sockets: plain or TLS, and able to reset their connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Who is at the other end, and the cord that tears the connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub address: SocketAddr,
    torn: Arc<AtomicBool>,
}

impl Peer {
    pub(crate) fn ip(&self) -> IpAddr {
        self.address.ip().to_canonical()
    }

    /// The next write fails instead, and the socket closes with RST.
    pub(crate) fn tear(&self) {
        self.torn.store(true, Ordering::SeqCst);
    }
}

impl Connected<IncomingStream<'_, Gate>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Gate>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A TCP socket that can be torn.
pub(crate) struct Socket {
    stream: TcpStream,
    torn: Arc<AtomicBool>,
}

impl Socket {
    fn whole(&self) -> io::Result<()> {
        if self.torn.load(Ordering::SeqCst) {
            // Linger 0: closing sends RST and drops what is still unsent.
            self.stream.set_zero_linger()?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.whole()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What the server reads from and writes to.
pub(crate) enum Line {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// Hands ready connections to the server; handshakes run beside it, so a slow one holds up nobody.
pub(crate) struct Gate {
    ready: mpsc::Receiver<(Line, Peer)>,
    address: SocketAddr,
}

/// A client that has not finished its handshake by then is let go.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// After a failed `accept` (no file descriptor left, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

impl Gate {
    pub(crate) fn open(listener: TcpListener, tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (hand_over, ready) = mpsc::channel(64);
        tokio::spawn(accept_all(listener, tls, hand_over));
        Ok(Self { ready, address })
    }
}

async fn accept_all(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    hand_over: mpsc::Sender<(Line, Peer)>,
) {
    while !hand_over.is_closed() {
        match listener.accept().await {
            Ok((stream, address)) => {
                let (tls, hand_over) = (tls.clone(), hand_over.clone());
                tokio::spawn(greet(stream, address, tls, hand_over));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// A connection whose handshake fails is the client's to notice; there is nobody to answer.
async fn greet(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    hand_over: mpsc::Sender<(Line, Peer)>,
) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let torn = Arc::new(AtomicBool::new(false));
    let peer = Peer {
        address,
        torn: Arc::clone(&torn),
    };
    let socket = Socket { stream, torn };
    let line = match tls {
        None => Line::Plain(socket),
        Some(tls) => {
            let shaken = tokio::time::timeout(HANDSHAKE_MAX, tls.accept(socket)).await;
            Line::Tls(Box::new(shaken.ok()?.ok()?))
        }
    };
    hand_over.send((line, peer)).await.ok()
}

impl Listener for Gate {
    type Io = Line;
    type Addr = Peer;

    async fn accept(&mut self) -> (Line, Peer) {
        match self.ready.recv().await {
            Some(ready) => ready,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer {
            address: self.address,
            torn: Arc::default(),
        })
    }
}
