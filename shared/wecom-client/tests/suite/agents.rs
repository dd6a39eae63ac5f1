//! Agents: with and without TLS and credentials, failing over in order, and never bypassed.

use std::net::IpAddr;
use std::process::Command as Process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::common::{AGENT_IP, SECOND_AGENT_IP, Stage, agent, client, company, proxy_from, quick};
use secrecy::SecretString;
use sync_run::ports::{
    AgentAccess, NoProgress, Progress, ReadError, Remedy, Step, Wecom, WecomScope, WecomSession,
};
use testkit::{ForwardProxy, ProxyManner, ProxyOptions};
use wecom_sim::{At, Command, SimConfig, Times, What};

fn trusting_both() -> SimConfig {
    SimConfig {
        trusted_ips: vec![IpAddr::V4(AGENT_IP), IpAddr::V4(SECOND_AGENT_IP)],
        ..company()
    }
}

/// Connects and reads through these agents; the agent that answered last.
async fn read_through(
    stage: &Stage,
    agents: Vec<AgentAccess>,
) -> Result<Option<String>, ReadError> {
    let session = session_through(stage, agents).await?;
    let raw = session.read(&WecomScope::default(), &NoProgress).await?;
    assert_eq!(raw.gaps, []);
    Ok(session.agent())
}

async fn session_through(
    stage: &Stage,
    agents: Vec<AgentAccess>,
) -> Result<Box<dyn WecomSession>, ReadError> {
    let mut access = stage.access();
    access.agents = agents;
    stage.client().connect(access).await
}

/// Whom the session went around, and why.
fn gone_around(session: &dyn WecomSession) -> Vec<(String, &'static str)> {
    let failed = session.failed_agents().into_iter();
    failed
        .map(|failure| {
            assert!(!failure.message.is_empty());
            (failure.id, failure.code)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn http_and_https_agents_with_and_without_credentials() {
    for tls in [false, true] {
        for plain_base in [false, true] {
            for credentials in [None, Some(("egress".to_owned(), "pa:ss wörd".to_owned()))] {
                let config = SimConfig {
                    tls: !plain_base,
                    ..company()
                };
                let stage = Stage::with(config, quick()).await;
                let options = ProxyOptions {
                    tls,
                    credentials: credentials.clone(),
                    source: AGENT_IP,
                    ..ProxyOptions::default()
                };
                let proxy = ForwardProxy::start(options).await.unwrap();
                let roots: Vec<&str> = stage
                    .sim
                    .ca_pem()
                    .into_iter()
                    .chain(proxy.authority_pem())
                    .collect();
                let mut access = stage.access();
                access.agents = vec![AgentAccess {
                    credentials: credentials.map(|(user, pw)| (user, SecretString::from(pw))),
                    ..agent("edge", &proxy)
                }];
                let client = client(&roots, quick());
                let session = client.connect(access).await.unwrap();
                let raw = session
                    .read(&WecomScope::default(), &NoProgress)
                    .await
                    .unwrap();
                assert_eq!(raw.gaps, []);
                assert!(proxy.tunnels() + proxy.forwarded() > 0);
                assert_eq!(proxy.refused(), 0);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_of_an_agent_are_named() {
    for plain_base in [false, true] {
        let config = SimConfig {
            tls: !plain_base,
            ..company()
        };
        let stage = Stage::with(config, quick()).await;
        let options = ProxyOptions {
            credentials: Some(("egress".to_owned(), "right".to_owned())),
            source: AGENT_IP,
            ..ProxyOptions::default()
        };
        let proxy = ForwardProxy::start(options).await.unwrap();
        for credentials in [
            None,
            Some(("egress".to_owned(), SecretString::from("wrong"))),
        ] {
            let edge = AgentAccess {
                credentials,
                ..agent("edge", &proxy)
            };
            let error = read_through(&stage, vec![edge]).await.unwrap_err();
            assert_eq!(
                (error.code, error.remedy),
                ("no_agent", Remedy::FixSettings)
            );
            assert!(
                error
                    .message
                    .contains("agent edge: it refuses the credentials"),
                "{error}"
            );
        }
        assert!(stage.sim.calls().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_agent_that_can_read_is_taken() {
    let stage = Stage::with(trusting_both(), quick()).await;
    let gone = proxy_from(AGENT_IP).await;
    let dead = agent("dead", &gone);
    gone.stop();
    let forbidding = proxy_from(AGENT_IP).await;
    forbidding.set_manner(ProxyManner::Refuse(403));
    let resetting = proxy_from(AGENT_IP).await;
    resetting.set_manner(ProxyManner::Reset);
    let untrusted = proxy_from("127.0.0.99".parse().unwrap()).await;
    let good = proxy_from(SECOND_AGENT_IP).await;
    let not_an_address = AgentAccess {
        id: "typo".to_owned(),
        url: "dc-1:3128".to_owned(),
        credentials: None,
    };
    let agents = vec![
        not_an_address,
        dead,
        agent("forbidding", &forbidding),
        agent("resetting", &resetting),
        agent("untrusted", &untrusted),
        agent("good", &good),
        agent("never", &stage.proxy),
    ];
    let session = session_through(&stage, agents).await.unwrap();
    let raw = session.read(&WecomScope::default(), &NoProgress).await;
    assert_eq!(raw.unwrap().gaps, []);
    assert_eq!(session.agent().as_deref(), Some("good"));
    assert_eq!(
        gone_around(&*session),
        [
            ("typo", "no_agent"),
            ("dead", "no_agent"),
            ("forbidding", "no_agent"),
            ("resetting", "no_agent"),
            ("untrusted", "untrusted_ip"),
        ]
        .map(|(id, code)| (id.to_owned(), code))
    );
    assert_eq!(stage.proxy.tunnels(), 0);
    assert_eq!(
        stage.sim.calls()["gettoken"],
        1,
        "the token is the corp's, not the agent's"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn when_all_agents_fail_each_tells_why() {
    let stage = Stage::https().await;
    let gone = proxy_from(AGENT_IP).await;
    let dead = agent("dead", &gone);
    gone.stop();
    let forbidding = proxy_from(AGENT_IP).await;
    forbidding.set_manner(ProxyManner::Refuse(502));
    let untrusted = proxy_from(SECOND_AGENT_IP).await;
    let agents = vec![
        dead,
        agent("forbidding", &forbidding),
        agent("untrusted", &untrusted),
    ];
    let error = read_through(&stage, agents).await.unwrap_err();
    assert_eq!(error.code, "no_agent");
    for part in [
        "agent dead: it cannot be reached",
        "agent forbidding: it cannot connect to WeCom (502)",
        "agent untrusted: WeCom does not trust the address 127.0.0.78",
    ] {
        assert!(error.message.contains(part), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_never_answers_is_left_after_a_while() {
    let stage = Stage::with(trusting_both(), crate::common::impatient()).await;
    let hanging = proxy_from(AGENT_IP).await;
    hanging.set_manner(ProxyManner::Hang);
    let good = proxy_from(SECOND_AGENT_IP).await;
    let agents = vec![agent("hanging", &hanging), agent("good", &good)];
    let answered = read_through(&stage, agents).await.unwrap();
    assert_eq!(answered.as_deref(), Some("good"));
}

/// Does something when the third department was read.
struct AtThird<F: Fn() + Send + Sync>(F, AtomicU64);

impl<F: Fn() + Send + Sync> Progress for AtThird<F> {
    fn step(&self, _step: Step) {}

    fn advance(&self, done: u64, total: u64) {
        assert!(done <= total);
        if done == 3 {
            (self.0)();
        }
        self.1.fetch_max(done, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_dies_while_reading_is_replaced_for_the_rest_of_the_run() {
    let config = SimConfig {
        departments: 60,
        ..trusting_both()
    };
    let stage = Stage::with(config, quick()).await;
    let second = proxy_from(SECOND_AGENT_IP).await;
    let mut access = stage.access();
    access.agents.push(agent("dc-2", &second));
    let session = stage.client().connect(access).await.unwrap();
    assert_eq!(session.agent().as_deref(), Some("dc-1"));
    assert_eq!(gone_around(&*session), []);
    let progress = AtThird(|| stage.proxy.stop(), AtomicU64::new(0));
    let raw = session
        .read(&WecomScope::default(), &progress)
        .await
        .unwrap();
    assert_eq!(raw.gaps, []);
    assert_eq!(raw.departments.len(), 60);
    assert_eq!(progress.1.load(Ordering::SeqCst), 60);
    assert_eq!(session.agent().as_deref(), Some("dc-2"));
    let left = gone_around(&*session);
    assert_eq!(left.len(), 1, "told once, however many calls met it");
    assert_eq!(left[0].0, "dc-1");
    let peers = stage.sim.calls_by_peer();
    assert!(peers["127.0.0.77"] > 0 && peers["127.0.0.78"] > 0);
    assert_eq!(peers.len(), 2);
}

/// WeCom answered through the first agent, though badly: nobody has to look at that agent.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_brought_an_answer_of_a_busy_wecom_has_not_failed() {
    let stage = Stage::with(trusting_both(), quick()).await;
    let second = proxy_from(SECOND_AGENT_IP).await;
    for what in [What::Errcode(-1), What::HttpStatus(503)] {
        stage.run(Command::ResetCounts);
        let control = stage.sim.control();
        // As often as one call is tried.
        let at = At::Kind("agent/get".to_owned(), 0);
        control.fault(at, Times::Count(3), what.clone()).unwrap();
        let agents = vec![agent("dc-1", &stage.proxy), agent("dc-2", &second)];
        let session = session_through(&stage, agents).await.unwrap();
        assert_eq!(session.agent().as_deref(), Some("dc-2"), "{what:?}");
        assert_eq!(gone_around(&*session), [], "{what:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_agent_that_dies_while_reading_leaves_gaps() {
    let stage = Stage::https().await;
    let session = stage.client().connect(stage.access()).await.unwrap();
    let progress = AtThird(|| stage.proxy.stop(), AtomicU64::new(0));
    let raw = session
        .read(&WecomScope::default(), &progress)
        .await
        .unwrap();
    assert!(!raw.gaps.is_empty() && raw.range_after.is_none());
    let direct = stage.sim.calls_by_peer();
    assert_eq!(
        direct.len(),
        1,
        "nobody went around the dead agent: {direct:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let stage = Stage::https().await;
    let stranger = client(&[], quick());
    let error = stranger.connect(stage.access()).await.err().unwrap();
    assert_eq!((error.code, error.remedy), ("tls", Remedy::FixSettings));
    assert!(stage.sim.calls().is_empty());
    assert_eq!(
        stage.proxy.tunnels(),
        1,
        "asking again would not make it valid"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_agents_the_connection_is_direct() {
    let config = SimConfig {
        trusted_ips: vec!["127.0.0.1".parse().unwrap()],
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    assert_eq!(read_through(&stage, Vec::new()).await.unwrap(), None);
    assert_eq!(stage.proxy.tunnels(), 0);

    let mut access = stage.access();
    access.agents.clear();
    access.base_url = "https://127.0.0.1:1".to_owned();
    let error = stage.client().connect(access).await.err().unwrap();
    assert_eq!(error.code, "unreachable");
}

/// What the other tests rest on: here a request that goes past the agent is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_bypasses_the_agent_is_not_trusted() {
    let stage = Stage::https().await;
    let error = read_through(&stage, Vec::new()).await.unwrap_err();
    assert_eq!(error.code, "untrusted_ip");
    assert!(
        error.remedy_text.contains("127.0.0.1"),
        "{}",
        error.remedy_text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_url_must_be_https_off_this_machine() {
    let stage = Stage::https().await;
    for base_url in [
        "http://qyapi.weixin.qq.com",
        "ftp://x",
        "qyapi.weixin.qq.com",
        "",
    ] {
        let mut access = stage.access();
        access.base_url = base_url.to_owned();
        let error = stage.client().connect(access).await.err().unwrap();
        assert_eq!(error.code, "bad_base_url", "{base_url}");
    }
    assert_eq!(stage.proxy.tunnels() + stage.proxy.forwarded(), 0);
}

/// The environment is that of a process: this test starts itself once more, with another one.
#[tokio::test(flavor = "multi_thread")]
async fn ssl_cert_file_is_honoured_and_environment_proxies_are_not() {
    const BASE: &str = "WECOM_CLIENT_TEST_BASE";
    const AGENT: &str = "WECOM_CLIENT_TEST_AGENT";
    let stage = Stage::https().await;
    if let (Ok(base_url), Ok(url)) = (std::env::var(BASE), std::env::var(AGENT)) {
        let mut access = stage.access();
        access.base_url = base_url;
        access.agents[0].url = url;
        let session = client(&[], quick()).connect(access).await.unwrap();
        let raw = session
            .read(&WecomScope::default(), &NoProgress)
            .await
            .unwrap();
        assert_eq!(raw.gaps, []);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, stage.sim.ca_pem().unwrap()).unwrap();
    let mut child = Process::new(std::env::current_exe().unwrap());
    child
        .args([
            "--exact",
            "agents::ssl_cert_file_is_honoured_and_environment_proxies_are_not",
        ])
        .env(BASE, stage.sim.base_url())
        .env(AGENT, stage.proxy.url())
        .env("SSL_CERT_FILE", &file)
        .env("NO_PROXY", "*")
        .env("no_proxy", "*");
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, "http://127.0.0.1:1");
    }
    let ended = tokio::task::spawn_blocking(move || child.output())
        .await
        .unwrap()
        .unwrap();
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success() && told.contains("1 passed"),
        "{told}"
    );
    let peers: Vec<String> = stage.sim.calls_by_peer().into_keys().collect();
    assert_eq!(peers, [AGENT_IP.to_string()]);
}
