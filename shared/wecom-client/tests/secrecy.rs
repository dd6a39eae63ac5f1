//! Nothing that is logged or returned shows a secret, a token, a password, a URL or a name.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use common::{AGENT_IP, Stage, agent, client, company, quick};
use secrecy::SecretString;
use sync_run::ports::{AgentAccess, NoProgress, Wecom, WecomScope};
use testkit::{ForwardProxy, ProxyOptions};
use wecom_sim::{At, SimConfig, Times, View, What};

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One test in this file: the log is the process's. Both `tracing` and `log` records are caught.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_at_its_loudest_and_every_error_keep_the_secrets() {
    let page = Page::default();
    let writer = page.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();

    let mut told = String::new();
    for tls in [true, false] {
        let config = SimConfig {
            tls,
            secret: "open-sesame-secret".to_owned(),
            ..company()
        };
        let stage = Stage::with(config, quick()).await;
        let options = ProxyOptions {
            credentials: Some(("egress-user".to_owned(), "egress-password".to_owned())),
            source: AGENT_IP,
            ..ProxyOptions::default()
        };
        let proxy = ForwardProxy::start(options).await.unwrap();
        let mut access = stage.access();
        let password = SecretString::from("egress-password");
        access.agents = vec![AgentAccess {
            credentials: Some(("egress-user".to_owned(), password)),
            ..agent("edge", &proxy)
        }];
        told += &format!("{access:?}");
        let roots: Vec<&str> = stage.sim.ca_pem().into_iter().collect();
        let client = client(&roots, quick());
        let session = client.connect(access.clone()).await.unwrap();
        for what in [
            What::Reset,
            What::HtmlWith200,
            What::HttpStatus(500),
            What::Errcode(40014),
        ] {
            let at = At::Kind("user/list".to_owned(), 0);
            stage
                .sim
                .control()
                .fault(at, Times::Count(7), what)
                .unwrap();
        }
        let raw = session.read(&WecomScope::default(), &NoProgress).await;
        told += &raw.map_or_else(
            |error| format!("{error:?}"),
            |raw| format!("{:?}", raw.gaps),
        );
        for what in [
            What::Reset,
            What::HtmlWith200,
            What::HttpStatus(403),
            What::Errcode(60020),
        ] {
            stage.sim.control().clear_faults().unwrap();
            stage
                .sim
                .control()
                .fault(At::EveryCall, Times::Forever, what)
                .unwrap();
            let error = client.connect(access.clone()).await.err().unwrap();
            told += &format!("{error:?} {error}");
        }
        proxy.stop();
        told += &format!("{:?}", client.connect(access).await.err().unwrap());
        let name = stage
            .sim
            .control()
            .members(View::Everything)
            .next()
            .unwrap()
            .name;
        assert!(!told.contains(&name));
    }
    let logged = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    assert!(
        logged.contains("reqwest"),
        "the loudest log was really caught"
    );
    for (place, text) in [("the log", &logged), ("an error", &told)] {
        for secret in [
            "open-sesame-secret",
            "access_token",
            "corpsecret",
            "egress-password",
            "cgi-bin",
            // "egress-user:egress-password" as base64
            "ZWdyZXNzLXVzZXI6ZWdyZXNz",
        ] {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{place} shows {secret}");
        }
    }
}
