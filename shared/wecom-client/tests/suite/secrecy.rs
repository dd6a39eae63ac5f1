//! Nothing that is logged or returned shows a secret, a token, a password, a URL or a name.

use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::common::{AGENT_IP, Stage, agent, client, company, quick};
use org_model::DepartmentId;
use secrecy::SecretString;
use source_admin::ports::WecomDesk;
use sync_run::ports::{AgentAccess, NoProgress, Wecom, WecomAccess, WecomScope, WecomSession};
use testkit::{ForwardProxy, ProxyManner, ProxyOptions};
use wecom_client::{Session, WecomClient};
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

/// Nobody's, and never to be seen.
const MOBILE: &str = "17099998888";

/// Looks a mobile up with every kind of outcome, and tells all that was returned.
async fn look_up(stage: &Stage, session: &Session) -> String {
    let control = stage.sim.control();
    let mobile = SecretString::from(MOBILE);
    let mut told = format!("{:?} {mobile:?}", session.userid_of(&mobile).await);
    let body = format!(r#"{{"errcode":0,"mobile":"{MOBILE}"}}"#);
    for what in [
        What::Body(body),
        What::Reset,
        What::HtmlWith200,
        What::HttpStatus(500),
        What::Errcode(40014),
        What::Errcode(12345),
        What::Errcode(45009),
    ] {
        let at = At::Kind("user/getuserid".to_owned(), 0);
        control.fault(at, Times::Forever, what).unwrap();
        let error = session.userid_of(&mobile).await.unwrap_err();
        told += &format!("{error:?} {error}");
        control.clear_faults().unwrap();
    }
    assert!(stage.sim.calls()["user/getuserid"] > 7);
    told
}

/// A client whose only agent asks for credentials, and its access.
async fn behind_credentials(stage: &Stage) -> (ForwardProxy, WecomClient, WecomAccess) {
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
    let roots: Vec<&str> = stage.sim.ca_pem().into_iter().collect();
    (proxy, client(&roots, quick()), access)
}

/// Reads everything while the lists of members fail in every way.
async fn read(stage: &Stage, session: &Session) -> String {
    for what in [
        What::Reset,
        What::HtmlWith200,
        What::HttpStatus(500),
        What::Errcode(40014),
    ] {
        let at = At::Kind("user/list".to_owned(), 0);
        let control = stage.sim.control();
        control.fault(at, Times::Count(7), what).unwrap();
    }
    let raw = session.read(&WecomScope::default(), &NoProgress).await;
    raw.map_or_else(
        |error| format!("{error:?}"),
        |raw| format!("{:?}", raw.gaps),
    )
}

/// Connects while everything fails, in every way, and at last without the agent.
async fn connect(
    stage: &Stage,
    proxy: &ForwardProxy,
    client: &WecomClient,
    access: &WecomAccess,
) -> String {
    let mut told = String::new();
    let control = stage.sim.control();
    for what in [
        What::Reset,
        What::HtmlWith200,
        What::HttpStatus(403),
        What::Errcode(60020),
    ] {
        control.clear_faults().unwrap();
        control.fault(At::EveryCall, Times::Forever, what).unwrap();
        let error = client.connect(access.clone()).await.err().unwrap();
        told += &format!("{error:?} {error}");
    }
    proxy.stop();
    let error = client.connect(access.clone()).await.err().unwrap();
    told + &format!("{error:?}")
}

/// Checks, probes and looks somebody up while everything fails, in every way.
async fn ask_around(
    stage: &Stage,
    proxy: &ForwardProxy,
    client: &WecomClient,
    access: &WecomAccess,
) -> String {
    let control = stage.sim.control();
    let agent = &access.agents[0];
    let told_by = async || {
        let check = client.check(access.clone()).await;
        let found = client.probe(&access.base_url, agent, access.deadline).await;
        format!("{check:?} {found:?}")
    };
    let mut told = told_by().await;
    let desk = client.open(access.clone()).await.unwrap();
    for what in [
        What::Reset,
        What::HtmlWith200,
        What::HttpStatus(500),
        What::Errcode(40014),
        What::Errcode(60020),
        What::Errcode(48002),
    ] {
        control.fault(At::EveryCall, Times::Forever, what).unwrap();
        told += &told_by().await;
        let mobile = SecretString::from(MOBILE);
        told += &format!("{:?}", desk.userid_of(&mobile).await);
        told += &format!("{:?}", desk.members_of(DepartmentId::ROOT).await.is_err());
        control.clear_faults().unwrap();
    }
    for manner in [
        ProxyManner::Refuse(407),
        ProxyManner::Refuse(403),
        ProxyManner::Refuse(502),
        ProxyManner::Reset,
    ] {
        proxy.set_manner(manner);
        told += &told_by().await;
    }
    proxy.set_manner(ProxyManner::Serve);
    told
}

fn assert_shows_nothing(place: &str, text: &str) {
    for secret in [
        "open-sesame-secret",
        MOBILE,
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
        let (proxy, client, access) = behind_credentials(&stage).await;
        told += &format!("{access:?}");
        let session = client.begin(access.clone()).await.unwrap();
        told += &look_up(&stage, &session).await;
        told += &read(&stage, &session).await;
        told += &ask_around(&stage, &proxy, &client, &access).await;
        told += &connect(&stage, &proxy, &client, &access).await;
        let somebody = stage.sim.control().members(View::Everything).next();
        assert!(!told.contains(&somebody.unwrap().name));
    }
    let logged = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    assert!(
        logged.contains("reqwest"),
        "the loudest log was really caught"
    );
    assert_shows_nothing("the log", &logged);
    assert_shows_nothing("an error", &told);
}
