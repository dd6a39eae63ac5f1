//! The real Squid, spoken to in plain text.

use std::net::Ipv4Addr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use testkit::squid::{SQUID_PASSWORD, SQUID_USER};
use testkit::{Squid, SquidOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The first line of its answer to CONNECT, then whatever comes through the tunnel.
async fn connect(squid: &Squid, place: &str, password: Option<&str>) -> String {
    let mut stream = TcpStream::connect(squid.address()).await.unwrap();
    let given = password.map(|password| {
        let word = STANDARD.encode(format!("{SQUID_USER}:{password}"));
        format!("Proxy-Authorization: Basic {word}\r\n")
    });
    let given = given.unwrap_or_default();
    let head =
        format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n{given}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, inside) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap();
    match status.contains(" 200 ") {
        true => format!("{status}: {inside}"),
        false => status.to_owned(),
    }
}

#[tokio::test]
async fn it_asks_who_comes_and_reaches_what_is_on_its_list() {
    if !Squid::is_installed() {
        println!("Squid is not installed: nothing was tried");
        return;
    }
    let origin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = origin.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, peer)) = origin.accept().await {
            stream
                .write_all(peer.ip().to_string().as_bytes())
                .await
                .unwrap();
        }
    });
    let squid = Squid::start(&SquidOptions {
        source: Ipv4Addr::new(127, 0, 0, 2),
        allowed: vec!["wecom.test".to_owned()],
        forbidden: vec!["elsewhere.test".to_owned()],
    })
    .await
    .unwrap();
    let wecom = format!("wecom.test:{port}");
    let unasked = connect(&squid, &wecom, None).await;
    assert_eq!(unasked, "HTTP/1.1 407 Proxy Authentication Required");
    let wrong = connect(&squid, &wecom, Some("wrong")).await;
    assert_eq!(wrong, "HTTP/1.1 407 Proxy Authentication Required");
    let elsewhere = format!("elsewhere.test:{port}");
    let forbidden = connect(&squid, &elsewhere, Some(SQUID_PASSWORD)).await;
    assert_eq!(forbidden, "HTTP/1.1 403 Forbidden");
    let through = connect(&squid, &wecom, Some(SQUID_PASSWORD)).await;
    assert_eq!(through, "HTTP/1.1 200 Connection established: 127.0.0.2");
    assert!(squid.log().contains("TCP_DENIED/403"), "{}", squid.log());
}
