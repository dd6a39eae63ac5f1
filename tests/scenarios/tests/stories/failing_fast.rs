//! What only a person can mend ends a run in one call, and a wrong secret is never sent again.

use std::collections::BTreeMap;

use scenarios::World;
use serde_json::json;
use sync_run::{NoticeKind, RunMode, RunRecord, RunStatus};
use wecom_sim::{At, Command, SettingsPatch, Times, What};

fn rotate(world: &World, secret: &str) {
    let patch = SettingsPatch {
        secret: Some(secret.to_owned()),
        ..SettingsPatch::default()
    };
    world.control().configure(patch).unwrap();
}

fn calls(told: &[(&str, u64)]) -> BTreeMap<String, u64> {
    let told = told.iter();
    told.map(|(call, times)| ((*call).to_owned(), *times))
        .collect()
}

fn assert_failed(record: &RunRecord, code: &str) {
    assert_eq!(record.status, RunStatus::Failed, "{record:?}");
    assert_eq!(record.error.as_ref().unwrap().code, code, "{record:?}");
    assert!(record.counts.is_empty());
}

async fn put_secret(world: &mut World, secret: &str) {
    world.set("/credentials/secret", json!(secret)).await;
}

/// One call for the first run, none for all that follow, whoever starts them.
#[tokio::test]
async fn a_wrong_secret_is_sent_once_and_not_again_until_another_is_stored() {
    let mut world = World::synced(20, 4).await;
    rotate(&world, "rotated-in-wecom");
    world.control().reset_counts().unwrap();
    let first = world.run().await;
    assert_failed(&first, "wrong_secret");
    assert_eq!(world.sim.calls(), calls(&[("gettoken", 1)]));
    assert_eq!(
        first.wecom_calls,
        world.sim.calls(),
        "the record says what was asked"
    );
    for _ in 0..3 {
        let again = world.run().await;
        assert_failed(&again, "wrong_secret");
        let message = again.error.unwrap().message;
        assert!(message.contains("not tried again"), "{message}");
        assert!(again.wecom_calls.is_empty());
    }
    for mode in [RunMode::Apply, RunMode::Plan] {
        assert_failed(&world.ask(mode, None).await, "wrong_secret");
    }
    assert_eq!(world.sim.calls(), calls(&[("gettoken", 1)]));
    let told = world.standins.notices();
    assert_eq!(told.len(), 1, "one notice for one cause: {told:?}");
    assert_eq!(told[0].kind, NoticeKind::RunFailed);
    // The settings' other parts are no new secret.
    let credentials = world.settings["credentials"].as_object_mut().unwrap();
    credentials.remove("secret");
    world.set("/name", json!("Head office, renamed")).await;
    assert_failed(&world.run().await, "wrong_secret");
    assert_eq!(world.sim.calls(), calls(&[("gettoken", 1)]));

    // A new secret is tried, once if it is wrong as well, and all is well with the right one.
    put_secret(&mut world, "a-typo").await;
    assert_failed(&world.run().await, "wrong_secret");
    assert_failed(&world.run().await, "wrong_secret");
    assert_eq!(world.sim.calls(), calls(&[("gettoken", 2)]));
    put_secret(&mut world, "rotated-in-wecom").await;
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}

/// Whoever presses the button wants to know now; pressing it is one call.
#[tokio::test]
async fn a_check_still_asks_once_with_a_secret_that_runs_do_not_try_again() {
    let world = World::synced(12, 3).await;
    rotate(&world, "rotated-in-wecom");
    assert_failed(&world.run().await, "wrong_secret");
    world.control().reset_counts().unwrap();
    let checked = world.admin().check_source("hq", "").await.unwrap();
    assert!(!checked.passed());
    assert_eq!(world.sim.calls(), calls(&[("gettoken", 1)]));
}

/// WECOM.md §2: several wrong secrets block the address for an hour. The message says so, and
/// nobody takes it for a call limit.
#[tokio::test]
async fn an_address_that_wecom_blocks_is_named_with_the_cause_of_the_block() {
    let mut world = World::synced(12, 3).await;
    for number in 0..5 {
        put_secret(&mut world, &format!("wrong-{number}")).await;
        assert_failed(&world.run().await, "wrong_secret");
    }
    put_secret(&mut world, "sim-app-secret").await;
    let record = world.run().await;
    assert_failed(&record, "tokens_blocked");
    let error = record.error.unwrap();
    assert!(error.message.contains("127.0.0.77"), "{error:?}");
    assert!(error.message.contains("for an hour"), "{error:?}");
    assert!(error.remedy.contains("wrong secret"), "{error:?}");
    // It is no word about this secret: it is tried again, and works when the hour is over.
    world.tell(Command::AdvanceClock { seconds: 3601 });
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_equal().await;
}

#[tokio::test]
async fn what_a_person_must_change_ends_the_run_in_one_call() {
    for (call, errcode, code) in [
        ("gettoken", 40013, "unknown_corp"),
        ("gettoken", 40091, "wrong_secret"),
        ("agent/get", 301_002, "wrong_agent_id"),
        ("agent/get", 50003, "app_disabled"),
        ("agent/get", 60020, "untrusted_ip"),
        ("agent/get", 48002, "no_right"),
        ("department/list", 48002, "no_right"),
    ] {
        let world = World::synced(12, 3).await;
        let newcomer = world.hire();
        world.control().reset_counts().unwrap();
        let at = At::Kind(call.to_owned(), 0);
        let what = What::Errcode(errcode);
        world.control().fault(at, Times::Forever, what).unwrap();
        let record = world.run().await;
        assert_failed(&record, code);
        assert!(!record.error.unwrap().remedy.is_empty());
        let made = world.sim.calls();
        assert_eq!(made[call], 1, "{call} {errcode}: {made:?}");
        assert!(!made.contains_key("user/list"), "{made:?}");
        let notices = world.standins.notices_of(NoticeKind::RunFailed);
        assert_eq!(notices.len(), 1, "{code}");
        assert!(world.directory().await.person(&newcomer).is_none());
    }
}

/// A rate limit is waited for within the time of the run: it costs nobody anything.
#[tokio::test]
async fn a_rate_limit_within_the_time_costs_nothing_but_time() {
    let world = World::synced(12, 3).await;
    let newcomer = world.hire();
    for (call, errcode) in [("user/list", 45009), ("user/list", 45033)] {
        let at = At::Kind(call.to_owned(), 0);
        let what = What::Errcode(errcode);
        world.control().reset_counts().unwrap();
        world.control().fault(at, Times::Once, what).unwrap();
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
        assert_eq!(record.wecom_calls[call], 3 + 1);
    }
    assert!(world.directory().await.person(&newcomer).is_some());
    assert!(world.standins.notices().is_empty());
}
