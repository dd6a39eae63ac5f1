//! One agent looked at from outside, with no secret of any source.

use std::net::IpAddr;
use std::time::Duration;

use crate::common::checks::{fault, stop_of};
use crate::common::{AGENT_IP, SECOND_AGENT_IP, Stage, agent, client, company, proxy_from, quick};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use source_admin::ports::{AgentProbe, StepName, WecomDesk};
use sync_run::ports::{AgentAccess, WecomAccess};
use testkit::{ForwardProxy, ProxyManner, ProxyOptions};
use wecom_client::Pace;
use wecom_sim::{At, Command, SimConfig, Times, What};

async fn probe(stage: &Stage, agent: &AgentAccess) -> AgentProbe {
    let access = stage.access();
    let client = stage.client();
    client.probe(&access.base_url, agent, access.deadline).await
}

fn code(probe: &AgentProbe) -> &'static str {
    assert_eq!((probe.latency, probe.egress_ip), (None, None));
    probe.failure.as_ref().unwrap().code
}

#[tokio::test(flavor = "multi_thread")]
async fn wecom_names_the_address_that_the_agent_calls_from() {
    let stage = Stage::https().await;
    let untrusted = proxy_from(SECOND_AGENT_IP).await;
    for (agent, ip) in [
        (agent("dc-1", &stage.proxy), AGENT_IP),
        (agent("dc-2", &untrusted), SECOND_AGENT_IP),
    ] {
        stage.run(Command::ResetCounts);
        let found = probe(&stage, &agent).await;
        assert_eq!(found.egress_ip, Some(IpAddr::V4(ip)));
        assert!(found.latency.is_some_and(|latency| !latency.is_zero()));
        assert_eq!(found.failure, None);
        assert_eq!(stage.sim.calls(), [("agent/get".to_owned(), 1)].into());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agents_own_credentials_are_all_that_is_sent() {
    let stage = Stage::https().await;
    for tls in [false, true] {
        let options = ProxyOptions {
            credentials: Some(("egress".to_owned(), "pa:ss wörd".to_owned())),
            tls,
            source: AGENT_IP,
            ..ProxyOptions::default()
        };
        let proxy = ForwardProxy::start(options).await.unwrap();
        let pems = stage.sim.ca_pem().into_iter().chain(proxy.authority_pem());
        let client = client(&pems.collect::<Vec<_>>(), quick());
        let base_url = stage.access().base_url;
        let deadline = stage.access().deadline;
        for (password, wanted) in [("pa:ss wörd", None), ("wrong", Some("proxy_auth_required"))] {
            let password = SecretString::from(password);
            let edge = AgentAccess {
                credentials: Some(("egress".to_owned(), password)),
                ..agent("edge", &proxy)
            };
            let found = client.probe(&base_url, &edge, deadline).await;
            assert_eq!(found.failure.map(|failure| failure.code), wanted);
        }
    }
    assert_eq!(stage.sim.calls()["agent/get"], 2);
    assert_eq!(stage.sim.calls().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_fail_has_its_own_code() {
    let pace = Pace {
        connect_timeout: Duration::from_millis(400),
        request_timeout: Duration::from_millis(400),
        ..quick()
    };
    let stage = Stage::with(company(), pace).await;
    for (manner, wanted) in [
        (ProxyManner::Refuse(407), "proxy_auth_required"),
        (ProxyManner::Refuse(403), "proxy_forbidden"),
        (ProxyManner::Refuse(502), "proxy_bad_gateway"),
        (ProxyManner::Refuse(503), "proxy_bad_gateway"),
        (ProxyManner::Refuse(504), "proxy_bad_gateway"),
        (ProxyManner::Refuse(400), "proxy_refused"),
        (ProxyManner::Reset, "no_answer"),
        (ProxyManner::Hang, "no_answer"),
    ] {
        stage.proxy.set_manner(manner);
        let found = probe(&stage, &agent("dc-1", &stage.proxy)).await;
        assert_eq!(code(&found), wanted, "{manner:?}");
    }
    assert!(stage.sim.calls().is_empty());
    stage.proxy.set_manner(ProxyManner::Serve);

    for (what, wanted) in [
        (What::HtmlWith200, "not_wecom"),
        (What::EmptyObject, "not_wecom"),
        (What::Body(r#"{"errcode":0}"#.to_owned()), "not_wecom"),
        (What::HttpStatus(404), "not_wecom"),
        (What::HttpStatus(503), "wecom_unavailable"),
        (What::Reset, "no_answer"),
    ] {
        stage.run(Command::ClearFaults);
        let control = stage.sim.control();
        control
            .fault(At::EveryCall, Times::Forever, what.clone())
            .unwrap();
        let found = probe(&stage, &agent("dc-1", &stage.proxy)).await;
        assert_eq!(code(&found), wanted, "{what:?}");
    }

    stage.proxy.stop();
    let found = probe(&stage, &agent("dc-1", &stage.proxy)).await;
    assert_eq!(code(&found), "connect_refused");
    for (url, wanted) in [
        ("http://169.254.169.254", "forbidden_address"),
        ("http://[fd00:ec2::254]:80", "forbidden_address"),
        ("socks5://127.0.0.1:1080", "bad_agent_url"),
    ] {
        let odd = AgentAccess {
            id: "odd".to_owned(),
            url: url.to_owned(),
            credentials: None,
        };
        assert_eq!(code(&probe(&stage, &odd).await), wanted, "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_blamed_on_its_owner() {
    let stage = Stage::https().await;
    let (base_url, deadline) = (stage.access().base_url, stage.access().deadline);
    let stranger = client(&[], quick());
    let dc = agent("dc-1", &stage.proxy);
    let found = stranger.probe(&base_url, &dc, deadline).await;
    assert_eq!(code(&found), "tls_untrusted");
    let options = ProxyOptions {
        tls: true,
        ..ProxyOptions::default()
    };
    let proxy = ForwardProxy::start(options).await.unwrap();
    let found = probe(&stage, &agent("edge", &proxy)).await;
    assert_eq!(code(&found), "agent_tls");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_simulator_is_reached_too_and_a_plain_wecom_is_not() {
    let config = SimConfig {
        tls: false,
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    let dc = agent("dc-1", &stage.proxy);
    let found = probe(&stage, &dc).await;
    assert_eq!(found.egress_ip, Some(IpAddr::V4(AGENT_IP)));
    let deadline = stage.access().deadline;
    let client = stage.client();
    let plain = client
        .probe("http://qyapi.weixin.qq.com", &dc, deadline)
        .await;
    assert_eq!(code(&plain), "bad_base_url");
    assert_eq!(stage.proxy.forwarded(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_ends_with_its_time() {
    let stage = Stage::https().await;
    stage.proxy.set_manner(ProxyManner::Hang);
    let client = stage.client();
    let base_url = stage.access().base_url;
    let dc = agent("dc-1", &stage.proxy);
    let found = client.probe(&base_url, &dc, Timestamp::now()).await;
    assert!(found.failure.is_some());
}

/// Production waits for an answer longer than a check may take.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_comes_is_not_blamed_on_the_road() {
    let patient = Pace {
        request_timeout: Duration::from_secs(60),
        ..quick()
    };
    let stage = Stage::with(company(), patient).await;
    let soon = || Timestamp::now() + SignedDuration::from_secs(2);
    fault(&stage, "agent/get", What::DelayMs(60_000));
    let base_url = stage.access().base_url;
    let dc = agent("dc-1", &stage.proxy);
    let found = stage.client().probe(&base_url, &dc, soon()).await;
    assert_eq!(code(&found), "no_answer");
    fault(&stage, "gettoken", What::DelayMs(60_000));
    let access = WecomAccess {
        deadline: soon(),
        ..stage.access()
    };
    let check = stage.client().check(access).await;
    assert_eq!(stop_of(&check), (StepName::Token, "no_answer"));
}
