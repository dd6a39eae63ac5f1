//! Settings change: each change is whole, and takes effect for everybody.

use org_model::Fingerprint;
use scenarios::World;
use serde_json::json;
use source_admin::ports::{HistoryAction, PageRequest};
use source_admin::{AdminError, Precondition, RunRequest};
use sync_run::{RunMode, RunRecord, RunStatus};
use testkit::{ForwardProxy, ProxyOptions};

/// A mapping change goes through the plan, with before and after in the rows of everybody.
#[tokio::test]
async fn a_mapping_change_reaches_everybody_at_the_next_run() {
    let mut world = World::synced(40, 5).await;
    world
        .set("/mapping/upn", json!("userid + '@example.org'"))
        .await;
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    let people = world.directory().await;
    let rows = world.rows(&record).await;
    assert_eq!(rows.len(), people.people().count());
    for row in &rows {
        let [change] = row.changes.as_slice() else {
            panic!("one attribute changed: {row:?}");
        };
        assert_eq!(change.attribute, "upn");
        let (before, after) = (&change.before, &change.after);
        assert_eq!(before, &Some(json!(format!("{}@example.com", row.id))));
        assert_eq!(after, &Some(json!(format!("{}@example.org", row.id))));
    }
    // A rule that is taken out takes its values along once somebody applied the plan: settings put
    // without their mapping would look the same.
    let mut mapping = world.settings["mapping"].clone();
    mapping.as_object_mut().unwrap().remove("upn");
    world.set("/mapping", mapping).await;
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held, "{record:?}");
    let plan = ask(&world, RunMode::Plan, None).await.plan;
    let record = ask(&world, RunMode::Apply, plan).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    let directory = world.directory().await;
    let mut people = directory.people();
    assert!(people.all(|person| !person.attributes.contains_key("upn")));
    assert!(world.run().await.counts.is_empty(), "and then it is quiet");
}

async fn ask(world: &World, mode: RunMode, plan: Option<Fingerprint>) -> RunRecord {
    let request = RunRequest {
        mode,
        plan,
        idempotency_key: None,
    };
    let admin = world.admin();
    admin.request_run("hq", &request, "alice").await.unwrap();
    world.deliver_started().await
}

/// A default fills gaps and never replaces what the directory has.
#[tokio::test]
async fn a_default_fills_what_is_empty() {
    let mut world = World::synced(40, 5).await;
    let rule = json!({ "value": "extattr['没有的字段']", "default": "none" });
    world.set("/mapping/badge", rule).await;
    world.run().await;
    let directory = world.directory().await;
    for person in directory.people() {
        assert_eq!(person.attributes.get("badge"), Some(&json!("none")));
    }
    assert!(world.run().await.counts.is_empty(), "and then it is quiet");
}

/// Secrets, schedules and contacts fail one after the other: what is not done is said, and the same
/// call completes it.
#[tokio::test]
async fn an_outage_in_the_middle_of_a_change_is_told_and_completed() {
    let mut world = World::synced(20, 4).await;
    let admin = world.admin();
    let version = admin.source("hq").await.unwrap().stored.version;

    world.settings["credentials"]["secret"] = json!("another-secret");
    world.settings["schedule"]["every"] = json!("2h");
    world.standins.set_out(&["secrets"]);
    let refused = world.put_source("hq").await;
    assert!(matches!(refused, Err(AdminError::Vault(_))), "{refused:?}");
    let view = admin.source("hq").await.unwrap();
    assert_eq!(view.stored.version, version, "the old settings stand");
    assert_eq!(view.stored.settings.schedule.every.to_string(), "1h");

    world.standins.set_out(&["schedules", "contacts"]);
    world.put_source("hq").await.unwrap();
    let codes = |view: &source_admin::SourceView| -> Vec<&str> {
        let codes = view.warnings.iter().map(|warning| warning.code);
        codes
            .filter(|code| *code != "no_confirmed_contact")
            .collect()
    };
    let view = admin.source("hq").await.unwrap();
    assert_eq!(
        codes(&view),
        ["schedule_not_set", "contacts_not_reconciled"]
    );

    world.standins.set_out(&[]);
    let changed = view.stored.version;
    world.settings["credentials"]
        .as_object_mut()
        .unwrap()
        .remove("secret");
    world.put_source("hq").await.unwrap();
    let view = admin.source("hq").await.unwrap();
    assert_eq!(codes(&view), Vec::<&str>::new());
    assert_eq!(view.stored.version, changed, "nothing changed again");
    let (schedules, _, secrets) = world.standins.outside();
    assert_eq!(schedules.values().next().unwrap().every.to_string(), "2h");
    assert_eq!(secrets, 1, "no orphan is left");
}

/// Who, when, before and after; never a secret.
#[tokio::test]
async fn the_history_tells_each_change_without_secrets() {
    let mut world = World::of(20, 4).await;
    let secret = world.settings["credentials"].as_object_mut();
    assert!(secret.unwrap().remove("secret").is_some());
    world.pass_hours(1);
    world
        .set("/protection", json!({ "users": { "floor": 7 } }))
        .await;
    world.pass_hours(1);
    world.settings["credentials"]["secret"] = json!("sim-other-secret");
    world.put_source("hq").await.unwrap();
    let page = PageRequest {
        cursor: None,
        limit: 10,
    };
    let told = world.admin().history("hq", &page).await.unwrap().items;
    let actions: Vec<HistoryAction> = told.iter().map(|entry| entry.action).collect();
    let changed = HistoryAction::Changed;
    assert_eq!(actions, [changed, changed, HistoryAction::Created]);
    assert_eq!(told[1].changes.len(), 1);
    assert_eq!(told[1].changes[0].pointer, "/protection/users/floor");
    assert_eq!(told[1].changes[0].before, Some(json!(5)));
    assert_eq!(told[1].changes[0].after, Some(json!(7)));
    assert_eq!(told[0].changes[0].pointer, "/credentials/secret");
    let text = serde_json::to_string(&told).unwrap();
    assert!(!text.contains("sim-other-secret") && !text.contains("sim-app-secret"));
    assert!(told.iter().all(|entry| entry.by == "admin"));
}

/// The credentials of the app that people sign in with, in one call.
#[tokio::test]
async fn a_source_takes_over_the_credentials_of_a_login_app() {
    let mut world = World::of(20, 4).await;
    let admin = world.admin();
    let credentials = &world.settings["credentials"];
    let app = |base_url: &str| {
        let app = json!({ "name": "Sign-in", "base_url": base_url, "credentials": credentials });
        app.to_string()
    };
    let new = &Precondition::Unstated;
    let here = app(world.sim.base_url());
    admin
        .put_login_app("sso", &here, new, "admin")
        .await
        .unwrap();
    let elsewhere = app("https://wecom.example.com");
    admin
        .put_login_app("other", &elsewhere, new, "admin")
        .await
        .unwrap();

    let import = |app: &'static str| {
        let admin = world.admin();
        async move {
            let exists = &Precondition::Exists;
            let body = json!({ "login_app": app }).to_string();
            admin.import_credentials("hq", &body, exists, "alice").await
        }
    };
    let refused = import("other").await.unwrap_err();
    assert_eq!(refused.code(), "other_server");
    assert!(import("none").await.is_err());
    import("sso").await.unwrap();
    assert_eq!(world.run().await.status, RunStatus::Succeeded);

    // A new source, made without anybody typing the secret.
    world.settings["credentials"] = json!({ "login_app": "sso" });
    world.put_source("branch").await.unwrap();
    assert_eq!(world.run_of("branch").await.status, RunStatus::Succeeded);
    // The login app goes; the copy stays.
    admin
        .delete_login_app("sso", &Precondition::Exists)
        .await
        .unwrap();
    assert_eq!(world.run_of("branch").await.status, RunStatus::Succeeded);
}

/// Agents are tried in order; the run says which it used; one that is named cannot be deleted.
#[tokio::test]
async fn a_run_fails_over_to_the_next_agent_and_says_so() {
    let mut world = World::synced(20, 4).await;
    let admin = world.admin();
    let options = ProxyOptions {
        source: scenarios::AGENT_IP,
        ..ProxyOptions::default()
    };
    let second = ForwardProxy::start(options).await.unwrap();
    let new = &Precondition::Unstated;
    let body = json!({ "url": second.url() }).to_string();
    admin.put_agent("dc-2", &body, new, "admin").await.unwrap();
    let nowhere = json!({ "url": "http://127.0.0.1:9" }).to_string();
    admin
        .put_agent("dc-0", &nowhere, new, "admin")
        .await
        .unwrap();
    world.set("/agents", json!(["dc-0", "dc-2"])).await;
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(record.agent.as_deref(), Some("dc-2"));

    let exists = &Precondition::Exists;
    let refused = admin.delete_agent("dc-2", exists).await.unwrap_err();
    assert_eq!(refused.code(), "agent_in_use");
    world.set("/agents", json!(["dc-1"])).await;
    admin.delete_agent("dc-2", exists).await.unwrap();
    assert!(admin.agent("dc-2").await.is_err());
}

/// The check proves what a run will find, and costs no call more than needed.
#[tokio::test]
async fn a_check_passes_step_by_step_through_the_agent() {
    let world = World::of(20, 4).await;
    let before: u64 = world.sim.calls_by_peer().values().sum();
    let report = world.admin().check_source("hq", "").await.unwrap();
    let calls: u64 = world.sim.calls_by_peer().values().sum();
    assert!(report.passed(), "{report:?}");
    assert_eq!(calls - before, 4, "token, agent, departments, one list");
    world.assert_agent_only();
}
