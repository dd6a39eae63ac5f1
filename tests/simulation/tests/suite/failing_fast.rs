//! A secret that WeCom refused is not sent again; another one is.

use jiff::SignedDuration;
use simulation::World;
use sync_run::{RunMode, RunStatus};

/// The stored secret is not the one that WeCom takes.
async fn refused() -> World {
    let mut world = World::new(20, 5);
    world.run().await;
    world.corp().secret = Some("2".to_owned());
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Failed);
    assert_eq!(record.error.unwrap().code, "wrong_secret");
    world
}

fn tries(world: &World) -> u32 {
    world.corp().refused.values().sum()
}

#[tokio::test]
async fn a_refused_secret_is_never_sent_again_whatever_the_trigger() {
    let mut world = refused().await;
    let calls = world.corp().calls.clone();
    for _ in 0..3 {
        let record = world.run().await;
        let error = record.error.unwrap();
        assert_eq!(error.code, "wrong_secret");
        assert!(
            error.message.contains("not tried again since"),
            "{}",
            error.message
        );
        assert!(record.wecom_calls.is_empty());
    }
    for mode in [RunMode::Apply, RunMode::Plan] {
        let record = world.run_manually(mode, None).await;
        assert_eq!(record.error.unwrap().code, "wrong_secret");
    }
    assert_eq!(tries(&world), 1, "one try in all");
    assert_eq!(world.corp().calls, calls);
}

#[tokio::test]
async fn a_new_secret_is_tried_and_its_success_forgets_the_old_refusal() {
    let mut world = refused().await;
    if let Some(secret) = &mut world.shelf().settings.credentials.secret {
        secret.version = "2".to_owned();
    }
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(world.shelf().state.refused_secret, None);
    assert_eq!(tries(&world), 1);
}

#[tokio::test]
async fn another_wrong_secret_is_tried_once_too() {
    let mut world = refused().await;
    if let Some(secret) = &mut world.shelf().settings.credentials.secret {
        secret.version = "3".to_owned();
    }
    for _ in 0..3 {
        assert_eq!(world.run().await.status, RunStatus::Failed);
    }
    assert_eq!(tries(&world), 2);
}

/// Nothing is wrong with a secret that could not be tried.
#[tokio::test]
async fn what_cannot_be_reached_is_tried_again() {
    let mut world = World::new(20, 5);
    world.corp().down = true;
    assert_eq!(world.run().await.error.unwrap().code, "unreachable");
    world.corp().behave();
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn the_refusal_is_noticed_once_and_reminded_of_once_a_day() {
    let mut world = refused().await;
    for _ in 0..5 {
        world.run().await;
    }
    assert_eq!(world.shelf().notices.len(), 1);
    world.pass(SignedDuration::from_hours(24));
    world.run().await;
    assert_eq!(world.shelf().notices.len(), 2);
}
