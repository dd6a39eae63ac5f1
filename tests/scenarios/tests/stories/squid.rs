//! A real Squid as the agent, with basic authentication and a list of hosts. The names that WeCom
//! has here mean something to this Squid alone: whatever arrives went through it.

use scenarios::{AGENT_IP, World, small};
use serde_json::json;
use source_admin::Precondition;
use source_admin::ports::{StepName, StepOutcome};
use sync_run::RunStatus;
use testkit::squid::{SQUID_PASSWORD, SQUID_USER};
use testkit::{Squid, SquidOptions};
use wecom_sim::SimConfig;

const WECOM: &str = "wecom.test";
const NOT_ON_THE_LIST: &str = "elsewhere.test";

/// `None`, and said so: this machine has none.
async fn squid() -> Option<Squid> {
    if !Squid::is_installed() {
        println!("Squid is not installed: this scenario was not played");
        return None;
    }
    let options = SquidOptions {
        source: AGENT_IP,
        allowed: vec![WECOM.to_owned()],
        forbidden: vec![NOT_ON_THE_LIST.to_owned()],
    };
    Some(Squid::start(&options).await.unwrap())
}

/// A source whose only agent is this Squid, and whose WeCom has this name.
async fn world_behind(squid: &Squid, wecom: &str, password: &str) -> World {
    let mut world = World::with(SimConfig {
        tls_names: vec![wecom.to_owned()],
        ..small(40, 6)
    })
    .await;
    let agent = json!({ "url": squid.url(), "username": SQUID_USER, "password": password });
    let agent = agent.to_string();
    let admin = world.admin();
    let put = admin.put_agent("squid", &agent, &Precondition::Unstated, "admin");
    put.await.unwrap();
    let (_, port) = world.sim.base_url().rsplit_once(':').unwrap();
    world.settings["base_url"] = json!(format!("https://{wecom}:{port}"));
    world.settings["agents"] = json!(["squid"]);
    world.put_source("hq").await.unwrap();
    world
}

#[tokio::test]
async fn a_run_through_squid_succeeds_and_names_it() {
    let Some(squid) = squid().await else { return };
    let world = world_behind(&squid, WECOM, SQUID_PASSWORD).await;
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(record.agent.as_deref(), Some("squid"));
    world.assert_equal().await;
    world.assert_agent_only();
    assert_eq!(world.proxy.tunnels(), 0, "the other agent was not asked");
    let checked = world.admin().check_source("hq", "").await.unwrap();
    assert!(checked.passed(), "{:?}", checked.found);
    assert_eq!(checked.found.agent.as_deref(), Some("squid"));
}

/// The check names what Squid said, and a run through it removes nobody.
async fn assert_refused(world: &World, code: &str) {
    let checked = world.admin().check_source("hq", "").await.unwrap();
    let first = &checked.found.steps[0];
    assert_eq!(first.name, StepName::Agent);
    let StepOutcome::Failed(failure) = &first.outcome else {
        panic!("Squid refuses: {:?}", checked.found);
    };
    assert_eq!(failure.code, code, "{failure:?}");
    assert!(!failure.remedy_text.is_empty());
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Failed, "{record:?}");
    assert_eq!(record.error.unwrap().code, "no_agent");
    assert!(record.counts.is_empty(), "{:?}", record.counts);
}

#[tokio::test]
async fn credentials_that_squid_does_not_know_are_told_as_such() {
    let Some(squid) = squid().await else { return };
    let world = world_behind(&squid, WECOM, "another word").await;
    assert_refused(&world, "proxy_auth_required").await;
    assert!(squid.log().contains("TCP_DENIED/407"), "{}", squid.log());
}

#[tokio::test]
async fn a_host_that_is_not_on_squid_s_list_is_told_as_such() {
    let Some(squid) = squid().await else { return };
    let world = world_behind(&squid, NOT_ON_THE_LIST, SQUID_PASSWORD).await;
    assert_refused(&world, "proxy_forbidden").await;
    assert!(squid.log().contains("TCP_DENIED/403"), "{}", squid.log());
}
