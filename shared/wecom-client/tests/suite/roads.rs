//! The road to WeCom in a check: broken agents, certificates, names, the direct road.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::common::checks::{SOUND, assert_calls, assert_passed, check, fault, stop_of, stopped};
use crate::common::{AGENT_IP, SECOND_AGENT_IP, Stage, agent, client, company, proxy_from, quick};
use secrecy::SecretString;
use source_admin::ports::{StepName, WecomDesk};
use sync_run::ports::{AgentAccess, Remedy, WecomAccess};
use testkit::squid::{SQUID_PASSWORD, SQUID_USER};
use testkit::{ForwardProxy, ProxyManner, ProxyOptions, Squid, SquidOptions};
use wecom_client::Pace;
use wecom_sim::{SimConfig, What};

/// Agents that fail, each in its own way, and what that is called.
async fn broken_agents() -> Vec<(ForwardProxy, AgentAccess, &'static str)> {
    let mut broken = Vec::new();
    let gone = proxy_from(AGENT_IP).await;
    gone.stop();
    let dead = agent("dead", &gone);
    broken.push((gone, dead, "connect_refused"));
    for (id, manner, code) in [
        ("forbidding", ProxyManner::Refuse(403), "proxy_forbidden"),
        ("bad-gateway", ProxyManner::Refuse(502), "proxy_bad_gateway"),
        ("unavailable", ProxyManner::Refuse(503), "proxy_bad_gateway"),
        (
            "slow-gateway",
            ProxyManner::Refuse(504),
            "proxy_bad_gateway",
        ),
        ("no-proxy", ProxyManner::Refuse(405), "proxy_refused"),
        ("resetting", ProxyManner::Reset, "no_answer"),
        ("hanging", ProxyManner::Hang, "no_answer"),
    ] {
        let proxy = proxy_from(AGENT_IP).await;
        proxy.set_manner(manner);
        let access = agent(id, &proxy);
        broken.push((proxy, access, code));
    }
    let options = ProxyOptions {
        credentials: Some(("egress".to_owned(), "right".to_owned())),
        ..ProxyOptions::default()
    };
    let asking = ForwardProxy::start(options).await.unwrap();
    let access = agent("asking", &asking);
    broken.push((asking, access, "proxy_auth_required"));
    let options = ProxyOptions {
        tls: true,
        ..ProxyOptions::default()
    };
    let strange = ForwardProxy::start(options).await.unwrap();
    let access = agent("strange", &strange);
    broken.push((strange, access, "agent_tls"));
    let typo = AgentAccess {
        id: "typo".to_owned(),
        url: "dc-1:3128".to_owned(),
        credentials: None,
    };
    let unused = proxy_from(AGENT_IP).await;
    broken.push((unused, typo, "bad_agent_url"));
    broken
}

/// Patience for agents that hang.
fn hasty() -> Pace {
    Pace {
        connect_timeout: Duration::from_millis(400),
        request_timeout: Duration::from_millis(400),
        ..quick()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_agent_tells_its_own_reason_and_the_next_is_taken() {
    let pace = Pace {
        request_timeout: Duration::from_secs(5),
        ..hasty()
    };
    let stage = Stage::with(company(), pace).await;
    let broken = broken_agents().await;
    let mut access = stage.access();
    let good = access.agents.remove(0);
    access.agents = broken.iter().map(|(_, agent, _)| agent.clone()).collect();
    access.agents.push(good);
    let check = stage.client().check(access).await;
    assert_passed(&check);
    assert_eq!(check.agent.as_deref(), Some("dc-1"));
    let told: Vec<(&str, &str)> = check
        .agents_failed
        .iter()
        .map(|(id, failure)| (id.as_str(), failure.code))
        .collect();
    let wanted: Vec<(&str, &str)> = broken
        .iter()
        .map(|(_, agent, code)| (agent.id.as_str(), *code))
        .collect();
    assert_eq!(told, wanted);
    assert_calls(&stage, &check, SOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_every_agent_fails_the_one_that_came_furthest_is_shown() {
    let stage = Stage::https().await;
    let gone = proxy_from(AGENT_IP).await;
    let dead = agent("dead", &gone);
    gone.stop();
    let untrusted = proxy_from(SECOND_AGENT_IP).await;
    let forbidding = proxy_from(AGENT_IP).await;
    forbidding.set_manner(ProxyManner::Refuse(403));
    let access = WecomAccess {
        agents: vec![
            dead,
            agent("untrusted", &untrusted),
            agent("forbidding", &forbidding),
        ],
        ..stage.access()
    };
    let check = stage.client().check(access).await;
    assert_eq!(stop_of(&check), (StepName::TrustedIp, "untrusted_ip"));
    assert_eq!(check.agent.as_deref(), Some("untrusted"));
    let others: Vec<(&str, &str)> = check
        .agents_failed
        .iter()
        .map(|(id, failure)| (id.as_str(), failure.code))
        .collect();
    assert_eq!(
        others,
        [
            ("dead", "connect_refused"),
            ("forbidding", "proxy_forbidden")
        ]
    );
    assert_calls(&stage, &check, &[("agent/get", 1), ("gettoken", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_agent_alone_fails_the_first_step() {
    let stage = Stage::with(company(), hasty()).await;
    for (_proxy, agent, code) in broken_agents().await {
        let access = WecomAccess {
            agents: vec![agent.clone()],
            ..stage.access()
        };
        let check = stage.client().check(access).await;
        assert_eq!(stop_of(&check), (StepName::Agent, code), "{}", agent.id);
        assert_eq!(check.agent, Some(agent.id));
        assert!(stage.sim.calls().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_wecom_are_judged_by_the_step_after_the_agent() {
    let stage = Stage::https().await;
    let stranger = client(&[], quick());
    let check = stranger.check(stage.access()).await;
    assert_eq!(stop_of(&check), (StepName::Tls, "tls_untrusted"));
    assert_eq!(check.calls, BTreeMap::new());

    // Another name that leads to the same server: its certificate is for another one.
    let address = stage.sim.address();
    let options = ProxyOptions {
        source: AGENT_IP,
        routes: [(format!("wecom.example:{}", address.port()), address)].into(),
        ..ProxyOptions::default()
    };
    let proxy = ForwardProxy::start(options).await.unwrap();
    let access = WecomAccess {
        base_url: format!("https://wecom.example:{}", address.port()),
        agents: vec![agent("dc-1", &proxy)],
        ..stage.access()
    };
    let check = stage.client().check(access).await;
    assert_eq!(stop_of(&check), (StepName::Tls, "tls_wrong_name"));
    assert!(stage.sim.calls().is_empty());

    // The same through an agent that speaks TLS itself: the fault is not the agent's.
    let options = ProxyOptions {
        tls: true,
        source: AGENT_IP,
        ..ProxyOptions::default()
    };
    let proxy = ForwardProxy::start(options).await.unwrap();
    let trusting_the_agent = client(&[proxy.authority_pem().unwrap()], quick());
    let access = WecomAccess {
        agents: vec![agent("edge", &proxy)],
        ..stage.access()
    };
    let check = trusting_the_agent.check(access).await;
    assert_eq!(stop_of(&check), (StepName::Tls, "tls_untrusted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_not_asked_again_either() {
    let stage = Stage::with(company(), hasty()).await;
    for (what, code) in [
        (What::Errcode(-1), "wecom_busy"),
        (What::Errcode(45009), "rate_limited"),
        (What::Errcode(45033), "rate_limited"),
        (What::HttpStatus(503), "wecom_unavailable"),
        (What::Reset, "no_answer"),
        (What::DelayMs(60_000), "no_answer"),
    ] {
        for (call, step) in [
            ("gettoken", StepName::Token),
            ("agent/get", StepName::TrustedIp),
            ("user/list", StepName::MemberRead),
        ] {
            fault(&stage, call, what.clone());
            let check = check(&stage).await;
            let (at, failure) = stopped(&check);
            let of_tokens = (call, &what) == ("gettoken", &What::Errcode(45009));
            let code = if of_tokens { "tokens_blocked" } else { code };
            assert_eq!((at, failure.code), (step, code), "{call} {what:?}");
            assert_eq!(failure.remedy, Remedy::RetryLater);
            assert_eq!(stage.sim.calls()[call], 1);
            assert_eq!(check.calls, stage.sim.calls());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_agents_the_road_itself_is_checked() {
    let config = SimConfig {
        trusted_ips: vec![],
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    let direct = WecomAccess {
        agents: vec![],
        ..stage.access()
    };
    let sound = stage.client().check(direct.clone()).await;
    assert_passed(&sound);
    assert_eq!((sound.agent, sound.agents_failed), (None, vec![]));
    for (base_url, code) in [
        ("https://127.0.0.1:1", "connect_refused"),
        ("https://169.254.169.254", "forbidden_address"),
        ("https://[fe80::1]:8443", "forbidden_address"),
        ("http://qyapi.weixin.qq.com", "bad_base_url"),
        ("qyapi", "bad_base_url"),
    ] {
        let access = WecomAccess {
            base_url: base_url.to_owned(),
            ..direct.clone()
        };
        let check = stage.client().check(access).await;
        assert_eq!(stop_of(&check), (StepName::Agent, code), "{base_url}");
        assert_eq!(check.agent, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_lead_to_agents_and_never_to_metadata_services() {
    let stage = Stage::https().await;
    let hosts = BTreeMap::from(
        [
            ("agent.example", vec!["127.0.0.1"]),
            ("metadata.example", vec!["169.254.169.254"]),
            ("half.example", vec!["fe80::1", "127.0.0.1"]),
            ("nowhere.example", vec![]),
        ]
        .map(|(name, ips)| {
            let ips: Vec<IpAddr> = ips.iter().map(|ip| ip.parse().unwrap()).collect();
            (name.to_owned(), ips)
        }),
    );
    let roots: Vec<&str> = stage.sim.ca_pem().into_iter().collect();
    let client = client(&roots, quick()).with_hosts(hosts);
    let port = stage.proxy.address().port();
    let through = |name: &str| WecomAccess {
        agents: vec![AgentAccess {
            id: "named".to_owned(),
            url: format!("http://{name}:{port}"),
            credentials: None,
        }],
        ..stage.access()
    };
    for name in ["agent.example", "half.example"] {
        assert_passed(&client.check(through(name)).await);
    }
    let tunnels = stage.proxy.tunnels();
    for (name, code) in [
        ("metadata.example", "forbidden_address"),
        ("nowhere.example", "name_unknown"),
        ("169.254.169.254", "forbidden_address"),
    ] {
        let check = client.check(through(name)).await;
        assert_eq!(stop_of(&check), (StepName::Agent, code));
        // A run is stopped in the same way, and says it too.
        let error = client.begin(through(name)).await.err().unwrap();
        let told = if code == "name_unknown" {
            "no_agent"
        } else {
            code
        };
        assert_eq!(error.code, told, "{error}");
        assert!(error.message.starts_with("agent named: its "), "{error}");
    }
    assert_eq!(stage.proxy.tunnels(), tunnels);
    // The same for WeCom itself, on the direct road.
    let access = WecomAccess {
        base_url: "https://metadata.example".to_owned(),
        agents: vec![],
        ..stage.access()
    };
    let check = client.check(access).await;
    assert_eq!(stop_of(&check), (StepName::Agent, "forbidden_address"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_squid_is_understood() {
    if !Squid::is_installed() {
        println!("Squid is not installed: nothing was tried");
        return;
    }
    let config = SimConfig {
        tls_names: vec!["wecom.test".to_owned()],
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    let options = SquidOptions {
        source: AGENT_IP,
        allowed: vec!["wecom.test".to_owned(), "nothing.test".to_owned()],
        forbidden: vec!["elsewhere.test".to_owned()],
    };
    let squid = Squid::start(&options).await.unwrap();
    let port = stage.sim.address().port();
    let through = |host: &str, password: &str| WecomAccess {
        base_url: format!("https://{host}"),
        agents: vec![AgentAccess {
            id: "squid".to_owned(),
            url: squid.url(),
            credentials: Some((SQUID_USER.to_owned(), SecretString::from(password))),
        }],
        ..stage.access()
    };
    let wecom = format!("wecom.test:{port}");
    let sound = stage.client().check(through(&wecom, SQUID_PASSWORD)).await;
    assert_passed(&sound);
    for (host, password, code) in [
        (wecom.as_str(), "wrong", "proxy_auth_required"),
        ("elsewhere.test", SQUID_PASSWORD, "proxy_forbidden"),
        // Nobody listens there.
        ("nothing.test:1", SQUID_PASSWORD, "proxy_bad_gateway"),
    ] {
        let access = through(host, password);
        let (base_url, agent) = (access.base_url.clone(), access.agents[0].clone());
        let check = stage.client().check(access.clone()).await;
        assert_eq!(stop_of(&check), (StepName::Agent, code), "{host}");
        let client = stage.client();
        let found = client.probe(&base_url, &agent, access.deadline).await;
        assert_eq!(found.failure.unwrap().code, code, "{host}");
    }
}
