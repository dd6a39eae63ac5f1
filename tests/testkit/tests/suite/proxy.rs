//! The proxy, spoken to in plain text.

use std::net::Ipv4Addr;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use testkit::{ForwardProxy, ProxyManner, ProxyOptions};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers every connection with who came and what the first line was, then closes.
async fn origin() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, peer)) = listener.accept().await {
            let mut bytes = [0; 1024];
            let count = stream.read(&mut bytes).await.unwrap();
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            let first = text.lines().next().unwrap_or_default().to_owned();
            let proxied = text.to_lowercase().contains("proxy-");
            let answer = format!("HTTP/1.1 200 OK\r\n\r\n{} {first} {proxied}", peer.ip());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    address
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset in the middle is an answer too: what came until then.
    let _end = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn ask(proxy: &ForwardProxy, text: &str) -> String {
    let stream = TcpStream::connect(proxy.address()).await.unwrap();
    exchange(stream, text).await
}

async fn through_tunnel(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), place: &str) -> String {
    let head = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 39];
    stream.read_exact(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    exchange(stream, "GET /inside HTTP/1.1\r\n\r\n").await
}

#[tokio::test]
async fn a_tunnel_comes_from_the_chosen_address() {
    let origin = origin().await;
    let proxy = ForwardProxy::start(ProxyOptions {
        source: Ipv4Addr::new(127, 0, 0, 2),
        routes: [("wecom.test:443".to_owned(), origin)].into(),
        ..ProxyOptions::default()
    })
    .await
    .unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let answer = through_tunnel(&mut stream, "wecom.test:443").await;
    assert!(answer.ends_with("127.0.0.2 GET /inside HTTP/1.1 false"));
    assert_eq!(proxy.tunnels(), 1);
}

#[tokio::test]
async fn an_absolute_request_reaches_the_origin_without_proxy_headers() {
    let origin = origin().await;
    let proxy = ForwardProxy::start(ProxyOptions::default()).await.unwrap();
    let request = format!(
        "GET http://{origin}/path?x=1 HTTP/1.1\r\nHost: {origin}\r\nProxy-Connection: close\r\n\r\n"
    );
    let answer = ask(&proxy, &request).await;
    assert!(answer.ends_with("127.0.0.1 GET /path?x=1 HTTP/1.1 false"));
    assert_eq!((proxy.tunnels(), proxy.forwarded()), (0, 1));
}

#[tokio::test]
async fn credentials_are_demanded_and_checked() {
    let origin = origin().await;
    let proxy = ForwardProxy::start(ProxyOptions {
        credentials: Some(("user".to_owned(), "secret".to_owned())),
        ..ProxyOptions::default()
    })
    .await
    .unwrap();
    let head = format!("GET http://{origin}/ HTTP/1.1\r\n");
    let none = ask(&proxy, &format!("{head}\r\n")).await;
    assert!(none.starts_with("HTTP/1.1 407") && none.contains("Basic realm"));
    let wrong = format!("{head}Proxy-Authorization: Basic dXNlcjp3cm9uZw==\r\n\r\n");
    assert!(ask(&proxy, &wrong).await.starts_with("HTTP/1.1 407"));
    let right = format!("{head}Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n");
    assert!(ask(&proxy, &right).await.starts_with("HTTP/1.1 200"));
    assert_eq!((proxy.refused(), proxy.forwarded()), (2, 1));
}

#[tokio::test]
async fn a_tls_proxy_tunnels_to_whoever_trusts_it() {
    let origin = origin().await;
    let proxy = ForwardProxy::start(ProxyOptions {
        tls: true,
        ..ProxyOptions::default()
    })
    .await
    .unwrap();
    assert!(proxy.url().starts_with("https://127.0.0.1:"));
    let pem = proxy.authority_pem().unwrap().as_bytes();
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pem).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(proxy.address()).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let answer = through_tunnel(&mut stream, &origin.to_string()).await;
    assert!(answer.contains("GET /inside"));
}

#[tokio::test]
async fn it_refuses_resets_and_stops_on_command() {
    let origin = origin().await;
    let proxy = ForwardProxy::start(ProxyOptions::default()).await.unwrap();
    let request = format!("GET http://{origin}/ HTTP/1.1\r\n\r\n");
    proxy.set_manner(ProxyManner::Refuse(403));
    assert!(ask(&proxy, &request).await.starts_with("HTTP/1.1 403"));
    proxy.set_manner(ProxyManner::Reset);
    assert_eq!(ask(&proxy, &request).await, "");
    proxy.set_manner(ProxyManner::Serve);
    assert!(ask(&proxy, &request).await.starts_with("HTTP/1.1 200"));
    let address = proxy.address();
    drop(proxy);
    // The port closes as soon as the runtime has dropped the aborted task.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_unreachable_origin_is_a_bad_gateway() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let proxy = ForwardProxy::start(ProxyOptions::default()).await.unwrap();
    let request = format!("CONNECT {closed} HTTP/1.1\r\n\r\n");
    assert!(ask(&proxy, &request).await.starts_with("HTTP/1.1 502"));
    assert_eq!(proxy.tunnels(), 0);
}
