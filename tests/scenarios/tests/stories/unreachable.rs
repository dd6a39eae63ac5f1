//! Story 3: unreachable is never read as empty.

use std::net::Ipv4Addr;
use std::sync::Arc;

use jiff::Timestamp;
use scenarios::World;
use serde_json::json;
use source_admin::Precondition;
use sync_run::ports::Clock;
use sync_run::{NoticeKind, RunOutcome, RunRecord, RunStatus, run};
use testkit::{Faults, ForwardProxy, ProxyManner, ProxyOptions};
use wecom_client::WecomClient;
use wecom_sim::{At, Command, SettingsPatch, Times, What};

/// Nobody was removed from anything, and a person was told what to do.
async fn assert_nobody_left(world: &World, record: &RunRecord, code: &str) {
    world.assert_equal().await;
    assert_ne!(record.sealed, Some(true), "{record:?}");
    assert!(record.counts.is_empty(), "{:?}", record.counts);
    let notices = world.standins.notices();
    let [notice] = notices.as_slice() else {
        panic!("one notice: {notices:?}");
    };
    if record.status == RunStatus::Failed {
        let error = record.error.as_ref().unwrap();
        assert_eq!(error.code, code, "{error:?}");
        assert!(!error.remedy.is_empty());
        assert_eq!(notice.kind, NoticeKind::RunFailed);
        assert!(notice.text.contains(&error.remedy), "{}", notice.text);
    } else {
        assert_eq!(record.status, RunStatus::Partial);
        let mut reasons = record.unsealed_reasons.iter();
        assert!(reasons.any(|reason| reason.code == code), "{record:?}");
        assert_eq!(notice.kind, NoticeKind::RunUnsealed);
        assert!(notice.text.contains(code), "{}", notice.text);
        return;
    }
    assert!(notice.subject.contains(code), "{}", notice.subject);
}

async fn assert_recovers(world: &World) {
    world.control().clear_faults().unwrap();
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    world.assert_equal().await;
}

#[tokio::test]
async fn a_secret_that_was_rotated_in_wecom_is_final_and_named() {
    let world = World::synced(20, 4).await;
    let secret = Some("another-secret".to_owned());
    world
        .control()
        .configure(SettingsPatch {
            secret,
            ..SettingsPatch::default()
        })
        .unwrap();
    let record = world.run().await;
    assert_nobody_left(&world, &record, "wrong_secret").await;
    let secret = Some("sim-app-secret".to_owned());
    world
        .control()
        .configure(SettingsPatch {
            secret,
            ..SettingsPatch::default()
        })
        .unwrap();
    // The refused one is not sent again: it has to be entered once more.
    world.put_source("hq").await.unwrap();
    assert_recovers(&world).await;
}

#[tokio::test]
async fn an_address_that_wecom_does_not_trust_is_named_in_the_remedy() {
    let world = World::synced(20, 4).await;
    let trust = |ip: [u8; 4]| {
        let trusted_ips = Some(vec![ip.into()]);
        let patch = SettingsPatch {
            trusted_ips,
            ..SettingsPatch::default()
        };
        world.control().configure(patch).unwrap();
    };
    trust([192, 0, 2, 1]);
    let record = world.run().await;
    assert_nobody_left(&world, &record, "untrusted_ip").await;
    let remedy = record.error.unwrap().remedy;
    assert!(
        remedy.contains("127.0.0.77"),
        "the address to add: {remedy}"
    );
    trust([127, 0, 0, 77]);
    assert_recovers(&world).await;
}

#[tokio::test]
async fn an_agent_that_refuses_resets_or_is_gone_is_no_empty_company() {
    for manner in [
        ProxyManner::Refuse(403),
        ProxyManner::Refuse(502),
        ProxyManner::Reset,
    ] {
        let world = World::synced(20, 4).await;
        world.proxy.set_manner(manner);
        let record = world.run().await;
        assert_nobody_left(&world, &record, "no_agent").await;
        world.proxy.set_manner(ProxyManner::Serve);
        assert_recovers(&world).await;
    }
    let world = World::synced(20, 4).await;
    world.proxy.stop();
    let record = world.run().await;
    assert_nobody_left(&world, &record, "no_agent").await;
}

/// The first agent's address loses WeCom's trust while lists are read.
#[tokio::test]
async fn a_run_that_changes_agents_on_the_way_names_the_last_one() {
    let mut world = World::synced(20, 4).await;
    let source = Ipv4Addr::new(127, 0, 0, 78);
    let second = ProxyOptions {
        source,
        ..ProxyOptions::default()
    };
    let second = ForwardProxy::start(second).await.unwrap();
    let agent = json!({ "url": second.url() }).to_string();
    let admin = world.admin();
    let put = admin.put_agent("dc-2", &agent, &Precondition::Unstated, "admin");
    put.await.unwrap();
    world.set("/agents", json!(["dc-1", "dc-2"])).await;
    world.control().reset_counts().unwrap();
    let trust_the_second = SettingsPatch {
        trusted_ips: Some(vec![source.into()]),
        ..SettingsPatch::default()
    };
    let hook = Command::Configure(trust_the_second);
    world.control().on_call(4, hook).unwrap();
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(record.sealed, Some(true));
    assert_eq!(record.agent.as_deref(), Some("dc-2"));
    world.assert_equal().await;
    let peers = world.sim.calls_by_peer();
    assert!(peers["127.0.0.77"] > 0 && peers["127.0.0.78"] > 0);
}

struct Still(Timestamp);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let world = World::synced(20, 4).await;
    world.pass_hours(1);
    let mut ports = world.ports(&Faults::default());
    ports.wecom = Arc::new(WecomClient::new(Arc::new(Still(world.clock.now()))));
    let outcome = run(&ports, &world.request("hq")).await.unwrap();
    let RunOutcome::Finished(record) = outcome else {
        panic!("{outcome:?}");
    };
    assert_nobody_left(&world, &record, "tls").await;
    assert_recovers(&world).await;
}

/// Every answer of one kind, or of all, is something else than the truth.
async fn told_instead(at: At, what: What, code: &str) {
    let world = World::synced(20, 4).await;
    world
        .control()
        .fault(at, Times::Forever, what.clone())
        .unwrap();
    let record = world.run().await;
    assert_nobody_left(&world, &record, code).await;
    assert_recovers(&world).await;
}

#[tokio::test]
async fn a_login_page_with_status_200_is_no_organisation() {
    told_instead(At::EveryCall, What::HtmlWith200, "not_wecom").await;
    let lists = At::Kind("user/list".to_owned(), 0);
    told_instead(lists, What::HtmlWith200, "incomplete").await;
}

#[tokio::test]
async fn an_empty_object_is_no_organisation() {
    told_instead(At::EveryCall, What::EmptyObject, "not_wecom").await;
    let tree = At::Kind("department/list".to_owned(), 0);
    told_instead(tree, What::EmptyObject, "incomplete").await;
}

#[tokio::test]
async fn errcode_0_with_empty_lists_is_no_organisation() {
    told_instead(At::EveryCall, What::EmptyLists, "not_wecom").await;
    let lists = At::Kind("user/list".to_owned(), 0);
    told_instead(lists, What::EmptyLists, "nothing_read").await;
}
