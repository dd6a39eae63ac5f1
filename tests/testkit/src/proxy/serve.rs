//! One connection to the proxy.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_rustls::TlsAcceptor;

use super::head::Head;
use super::{ProxyManner, Shared};

const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// What becomes of a client whose request was read.
enum Ending {
    Closed,
    /// To be cut off without a farewell.
    Reset,
}

pub(super) async fn connection(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    shared: Arc<Shared>,
) {
    let Some(acceptor) = acceptor else {
        let mut stream = stream;
        if matches!(request(&mut stream, &shared).await, Ok(Ending::Reset)) {
            reset(&stream);
        }
        return;
    };
    // A client that does not trust the certificate ends here, as it should.
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    if matches!(request(&mut stream, &shared).await, Ok(Ending::Reset)) {
        reset(stream.get_ref().0);
    }
}

fn reset(stream: &TcpStream) {
    // If it cannot be set, the client sees an orderly end instead, which is as unhelpful.
    let _set = stream.set_zero_linger();
}

async fn request<S>(client: &mut S, shared: &Shared) -> io::Result<Ending>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(head) = Head::read(client).await else {
        return Ok(Ending::Closed);
    };
    let now = *shared.manner();
    match now {
        ProxyManner::Serve => {}
        ProxyManner::Refuse(status) => return refuse(client, shared, status).await,
        ProxyManner::Reset => return Ok(Ending::Reset),
        ProxyManner::Hang => std::future::pending().await,
    }
    if let Some(wanted) = &shared.credentials
        && head.header("Proxy-Authorization") != Some(wanted)
    {
        return refuse(client, shared, 407).await;
    }
    let Some(authority) = head.authority() else {
        return refuse(client, shared, 400).await;
    };
    let Ok(mut origin) = connect(shared, &authority).await else {
        return refuse(client, shared, 502).await;
    };
    if head.method == "CONNECT" {
        shared.tunnels.fetch_add(1, Ordering::Relaxed);
        client.write_all(ESTABLISHED).await?;
    } else {
        let Some(text) = head.in_origin_form() else {
            return refuse(client, shared, 400).await;
        };
        shared.forwarded.fetch_add(1, Ordering::Relaxed);
        origin.write_all(text.as_bytes()).await?;
    }
    origin.write_all(&head.rest).await?;
    copy_bidirectional(client, &mut origin).await?;
    Ok(Ending::Closed)
}

async fn refuse<S>(client: &mut S, shared: &Shared, status: u16) -> io::Result<Ending>
where
    S: AsyncWrite + Unpin,
{
    shared.refused.fetch_add(1, Ordering::Relaxed);
    let demand = match status {
        407 => "Proxy-Authenticate: Basic realm=\"agent\"\r\n",
        _ => "",
    };
    let head = format!(
        "HTTP/1.1 {status} Refused\r\n{demand}Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    client.write_all(head.as_bytes()).await?;
    client.shutdown().await?;
    Ok(Ending::Closed)
}

/// Connects from the proxy's own source address.
async fn connect(shared: &Shared, authority: &str) -> io::Result<TcpStream> {
    let address = match shared.routes.get(authority) {
        Some(address) => *address,
        None => lookup_host(authority)
            .await?
            .find(SocketAddr::is_ipv4)
            .ok_or(io::ErrorKind::HostUnreachable)?,
    };
    let socket = TcpSocket::new_v4()?;
    socket.bind((shared.source, 0).into())?;
    socket.connect(address).await
}
