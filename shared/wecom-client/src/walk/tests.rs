use reqwest::Url;
use sync_run::ports::AgentAccess;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Patience, Road, Silence, ask_for_tunnel, judge, status_of, walk};
use crate::ground::Ground;

/// A pipe so narrow that no head comes in one piece.
const PIPE_BYTES: usize = 8;

/// What the agent's answer to CONNECT is taken for, and the five bytes that come after it.
async fn asked(answer: &'static [u8]) -> (Result<u16, Silence>, Vec<u8>) {
    let (ours, mut theirs) = tokio::io::duplex(PIPE_BYTES);
    let (said, say) = tokio::sync::oneshot::channel::<()>();
    let agent = tokio::spawn(async move {
        let mut question = Vec::new();
        while !question.ends_with(b"\r\n\r\n") {
            question.push(theirs.read_u8().await.unwrap());
        }
        theirs.write_all(answer).await.unwrap();
        say.await.unwrap();
        theirs.write_all(b"hello").await.unwrap();
    });
    let mut road: Road = Box::new(ours);
    let access = AgentAccess {
        id: "dc-1".to_owned(),
        url: "http://proxy.example:3128".to_owned(),
        credentials: None,
    };
    let base = Url::parse("https://wecom.example").unwrap();
    let status = ask_for_tunnel(&mut road, &access, &base).await;
    said.send(()).unwrap();
    let mut next = vec![0; 5];
    road.read_exact(&mut next).await.unwrap();
    agent.await.unwrap();
    (status, next)
}

#[tokio::test]
async fn nothing_of_a_consent_is_left_for_the_handshake() {
    let told = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\nX: y\r\n\r\n";
    assert_eq!(asked(told).await, (Ok(200), b"hello".to_vec()));
}

#[test]
fn the_status_is_read_from_the_first_line() {
    assert_eq!(
        status_of(b"HTTP/1.1 407 Proxy Authentication Required\r\n"),
        Some(407)
    );
    assert_eq!(
        status_of(b"HTTP/1.0 200 Connection established\r\nX: 503\r\n"),
        Some(200)
    );
    for odd in [
        &b"SSH-2.0-OpenSSH_9.2 200\r\n"[..],
        b"HTTP/1.1\r\n",
        b"HTTP/1.1 abc\r\n",
        b"\xff\xfe\n",
        b"",
    ] {
        assert_eq!(status_of(odd), None);
    }
}

#[test]
fn each_refusal_has_its_own_meaning() {
    assert_eq!(judge(200), Ok(()));
    assert_eq!(judge(407), Err(Silence::AgentRefusesCredentials));
    assert_eq!(judge(403), Err(Silence::AgentForbids));
    for status in [502, 503, 504] {
        assert_eq!(judge(status), Err(Silence::AgentBadGateway(status)));
    }
    for status in [204, 302, 400, 405, 500] {
        assert_eq!(judge(status), Err(Silence::AgentRefusesTunnel));
    }
}

#[tokio::test]
async fn without_time_to_look_nobody_is_blamed() {
    let ground = Ground::default();
    let patience = Patience::new(&ground, std::time::Duration::ZERO);
    let base = Url::parse("https://nowhere.invalid").unwrap();
    assert_eq!(walk(None, &base, &ground, patience).await, Ok(()));
}
