//! Before a sync: the administrator's desk asks a real server through a real proxy.

use scenarios::World;
use serde_json::json;
use source_admin::Precondition;
use source_admin::ports::{AgentStanding, StepOutcome};
use source_admin::{PreviewAction, PreviewOutcome};

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_checked_step_by_step_and_its_agent_stands_as_it_was_found() {
    let world = World::of(20, 4).await;
    let admin = world.admin();
    let checked = admin.check_source("hq", "").await.unwrap();
    assert!(checked.passed(), "{:?}", checked.found);
    assert_eq!(checked.found.agent.as_deref(), Some("dc-1"));
    let checked = admin.check_agent("dc-1", "").await.unwrap();
    assert_eq!(
        checked.check.standing,
        AgentStanding::Running,
        "{checked:?}"
    );
    assert!(checked.check.latency_milliseconds.is_some());
    assert!(checked.check.egress_ip.is_some());
    let shown = admin.agent("dc-1").await.unwrap();
    assert_eq!(shown.check, Some(checked.check));
    assert_eq!(shown.sources.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_stops_a_check_at_the_token() {
    let mut world = World::of(20, 4).await;
    world.settings["credentials"]["secret"] = json!("not-the-secret");
    world.put_source("branch").await.unwrap();
    let checked = world.admin().check_source("branch", "").await.unwrap();
    assert!(!checked.passed());
    let failed = checked
        .found
        .steps
        .iter()
        .find_map(|step| match &step.outcome {
            StepOutcome::Failed(failure) => Some((step.name, failure.code)),
            StepOutcome::Passed | StepOutcome::NotReached => None,
        });
    let (name, code) = failed.unwrap();
    assert_eq!(format!("{name:?} {code}"), "Token wrong_secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_what_the_next_run_does_and_then_that_nothing_is_left() {
    let world = World::of(20, 4).await;
    let action = async || {
        let preview = world.admin().preview("hq", "{}", "carol").await.unwrap();
        match preview.outcome {
            PreviewOutcome::Shown(person) => person.change.action,
            PreviewOutcome::NotShown(failure) => panic!("{failure:?}"),
        }
    };
    assert_eq!(action().await, PreviewAction::Create);
    world.run().await;
    world.assert_equal().await;
    assert_eq!(action().await, PreviewAction::None);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_taken_over_from_a_login_app_pass_the_check() {
    let mut world = World::of(20, 4).await;
    let credentials = world.settings["credentials"].clone();
    let app = json!({
        "name": "Single sign-on",
        "base_url": world.settings["base_url"],
        "credentials": credentials,
    })
    .to_string();
    let admin = world.admin();
    let made = admin.put_login_app("sso", &app, &Precondition::Unstated, "carol");
    made.await.unwrap();
    world.settings["credentials"]["secret"] = json!("not-the-secret");
    world.put_source("branch").await.unwrap();
    let body = json!({ "login_app": "sso" }).to_string();
    let taken = admin.import_credentials("branch", &body, &Precondition::Exists, "carol");
    taken.await.unwrap();
    let checked = world.admin().check_source("branch", "").await.unwrap();
    assert!(checked.passed(), "{:?}", checked.found);
}
