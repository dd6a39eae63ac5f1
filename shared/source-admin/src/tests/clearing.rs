//! Replacing and deleting a source, cut off anywhere.

use super::*;
use crate::ports::{HistoryAction, SourceStanding};
use crate::{ClearanceView, Warning};

const FIRST: u64 = 1;

async fn clear(world: &Arc<World>, remove: bool) -> Result<ClearanceView, AdminError> {
    let admin = world.admin();
    let said = Precondition::OneOf(vec![FIRST]);
    match remove {
        true => admin.delete_source("hq", &said, "carol").await,
        false => admin.replace_source("hq", "hq", &said, "carol").await,
    }
}

async fn standing(world: &Arc<World>) -> SourceStanding {
    let clearings = world.admin().ports.clearings;
    clearings.standing_of(&hq()).await.unwrap()
}

fn assert_nothing_outside(world: &World) {
    let state = world.state();
    assert!(state.schedules.is_empty());
    assert!(state.subscriptions.is_empty());
    assert!(state.secrets.is_empty());
}

#[tokio::test]
async fn the_settings_go_first_then_all_they_asked_for_then_the_worker_starts() {
    let world = with_source().await;
    let cleared = clear(&world, false).await.unwrap();
    assert!(cleared.warnings.is_empty() && !cleared.vacant);
    assert!(cleared.clearance.outside_done);
    assert_eq!(
        changes(&world),
        [
            "begin to clear",
            "remove a schedule",
            "reconcile the contacts",
            "sweep a secret",
            "settle a clearing",
            "start a clearing",
        ]
    );
    assert_eq!(world.state().clearings_started, [hq()]);
    assert_nothing_outside(&world);
}

#[tokio::test]
async fn a_clearing_that_is_cut_off_anywhere_is_not_begun_or_completed_by_repeating_it() {
    for remove in [false, true] {
        for early_worker in [false, true] {
            for acts in 0..ACTS_MAX {
                cut_off(remove, early_worker, acts).await;
            }
        }
    }
}

/// `early_worker`: housekeeping starts it before anybody repeats the call.
async fn cut_off(remove: bool, early_worker: bool, acts: usize) {
    let world = with_source().await;
    world.state().acts_max = Some(acts);
    let cut = clear(&world, remove).await;
    let begun = !world.state().sources.contains_key(&hq());
    assert!(cut.is_err() || begun, "the answer is true after {acts}");
    if !begun {
        assert_eq!(world.state().schedules.len(), 1, "nothing is touched");
        assert_eq!(world.state().secrets.len(), 1);
    }
    world.mend();
    if early_worker {
        // It waits for what is left outside.
        world.state().clear(&hq());
    }
    if matches!(standing(&world).await, SourceStanding::Unknown) {
        assert!(remove && early_worker);
    } else {
        let again = clear(&world, remove).await.unwrap();
        assert!(again.warnings.is_empty(), "{:?}", again.warnings);
        assert!(early_worker || !world.state().clearings_started.is_empty());
        world.state().clear(&hq());
    }
    assert_nothing_outside(&world);
    match standing(&world).await {
        SourceStanding::Vacant(_) => assert!(!remove),
        SourceStanding::Unknown => assert!(remove),
        other => panic!("{other:?} after {acts} acts"),
    }
}

#[tokio::test]
async fn what_could_not_be_done_outside_keeps_the_clearance_standing() {
    let world = with_source().await;
    world.break_part(Part::Schedules);
    world.break_part(Part::VaultRemove);
    let cleared = clear(&world, false).await.unwrap();
    let codes: Vec<_> = cleared.warnings.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["schedule_not_set", "secret_not_swept"]);
    assert!(!cleared.clearance.outside_done);
    world.state().clear(&hq());
    assert!(matches!(
        standing(&world).await,
        SourceStanding::Clearing(_)
    ));
    assert_told_what_is_left(&world, &cleared.warnings).await;
    world.mend();
    let again = clear(&world, false).await.unwrap();
    assert!(again.clearance.outside_done && again.warnings.is_empty());
    assert_nothing_outside(&world);
}

/// Whoever looks, or wants to put something there, hears the same: there is nothing to PUT again.
async fn assert_told_what_is_left(world: &Arc<World>, warnings: &[Warning]) {
    let looked = world.admin().source("hq").await.unwrap_err();
    let wanted = put(world, Precondition::Unstated).await.unwrap_err();
    let (AdminError::SourceCleared(_, seen), AdminError::BeingCleared(_, met)) = (&looked, &wanted)
    else {
        panic!("{looked:?}, {wanted:?}");
    };
    assert_eq!(seen, met);
    for left in [warnings, seen] {
        let codes: Vec<_> = left.iter().map(|one| one.code).collect();
        assert_eq!(codes, ["schedule_not_set", "secret_not_swept"]);
        for one in left {
            assert_eq!(
                one.remedy,
                "repeat the call that replaced or deleted the source"
            );
        }
    }
    assert!(looked.remedy_text().contains("what is left"));
}

#[tokio::test]
async fn a_worker_that_could_not_be_started_is_left_to_housekeeping() {
    let world = with_source().await;
    world.break_part(Part::Starter);
    let cleared = clear(&world, false).await.unwrap();
    assert!(cleared.clearance.outside_done);
    assert_eq!(cleared.warnings[0].code, "start_delayed");
}

#[tokio::test]
async fn a_source_with_a_live_run_is_not_cleared() {
    let world = with_source().await;
    let request = RunRequest {
        mode: RunMode::Apply,
        plan: None,
        idempotency_key: None,
    };
    let asked = world.admin().request_run("hq", &request, "carol").await;
    let run = asked.unwrap().record.run;
    for remove in [false, true] {
        let refused = clear(&world, remove).await.unwrap_err();
        assert_eq!(refused, AdminError::RunLive { run: run.clone() });
    }
    assert_eq!(world.state().schedules.len(), 1);
}

#[tokio::test]
async fn clearing_needs_the_version_and_the_name() {
    let world = with_source().await;
    let admin = world.admin();
    let none = Precondition::Unstated;
    let stale = Precondition::OneOf(vec![7]);
    let refused = admin.delete_source("hq", &none, "carol").await;
    assert_eq!(refused.unwrap_err(), AdminError::PreconditionRequired);
    let refused = admin.delete_source("hq", &stale, "carol").await;
    assert_eq!(refused.unwrap_err(), AdminError::Stale);
    let refused = admin.replace_source("hq", "hq", &stale, "carol").await;
    assert_eq!(refused.unwrap_err(), AdminError::Stale);
    let exact = Precondition::OneOf(vec![FIRST]);
    let refused = admin.replace_source("hq", "branch", &exact, "carol").await;
    assert_eq!(refused.unwrap_err().code(), "invalid");
    for id in ["nowhere", "NO NAME"] {
        let refused = admin.delete_source(id, &exact, "carol").await;
        assert_eq!(refused.unwrap_err().code(), "not_found");
    }
    assert!(world.state().sources.contains_key(&hq()));
}

#[tokio::test]
async fn people_are_shown_while_and_after_their_source_is_cleared_and_settings_are_not() {
    let world = with_source().await;
    let admin = world.admin();
    clear(&world, false).await.unwrap();
    for code in ["source_cleared", "source_cleared"] {
        assert_eq!(admin.source("hq").await.unwrap_err().code(), code);
        let runs = admin.runs("hq", &page()).await;
        assert_eq!(runs.unwrap_err().code(), code);
        assert!(admin.sources().await.unwrap().is_empty());
        let filter = crate::ports::UserFilter::default();
        assert!(admin.users("hq", &filter, &page()).await.is_ok());
        assert!(admin.departments("hq", &page()).await.is_ok());
        let history = admin.history("hq", &page()).await.unwrap();
        assert_eq!(history.items[0].action, HistoryAction::Replaced);
        world.state().clear(&hq());
    }
}

#[tokio::test]
async fn nothing_is_put_in_the_place_of_a_source_before_it_is_cleared() {
    let world = with_source().await;
    clear(&world, false).await.unwrap();
    let refused = put(&world, Precondition::Unstated).await.unwrap_err();
    assert_eq!(refused.code(), "being_cleared");
    assert!(world.state().secrets.is_empty(), "no secret was stored");
    world.state().clear(&hq());
    let made = put(&world, Precondition::Unstated).await.unwrap();
    assert!(made.created);
    assert_eq!(world.state().schedules.len(), 1);
}

#[tokio::test]
async fn a_replaced_source_can_be_deleted_and_a_deleted_one_not_replaced() {
    let world = with_source().await;
    clear(&world, false).await.unwrap();
    let deleted = clear(&world, true).await.unwrap();
    assert!(deleted.clearance.remove);
    let refused = clear(&world, false).await.unwrap_err();
    assert_eq!(refused.code(), "being_cleared");
    world.state().clear(&hq());
    assert_eq!(clear(&world, true).await.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn a_vacant_source_is_deleted_and_replacing_it_again_changes_nothing() {
    let world = with_source().await;
    clear(&world, false).await.unwrap();
    world.state().clear(&hq());
    world.mend();
    let again = clear(&world, false).await.unwrap();
    assert!(again.vacant);
    assert_eq!(changes(&world), Vec::<&str>::new());
    let deleted = clear(&world, true).await.unwrap();
    assert!(deleted.clearance.remove && !deleted.vacant);
    world.state().clear(&hq());
    assert_eq!(standing(&world).await, SourceStanding::Unknown);
}

#[tokio::test]
async fn a_slow_change_leaves_no_schedule_of_a_source_that_was_cleared_meanwhile() {
    let world = with_source().await;
    let kept = world
        .admin()
        .ports
        .settings
        .source(&hq())
        .await
        .unwrap()
        .unwrap();
    clear(&world, false).await.unwrap();
    let late = crate::ports::KeptSource {
        unsettled: crate::ports::Unsettled {
            schedule: true,
            contacts: true,
            secrets: Vec::new(),
        },
        ..kept
    };
    assert!(world.admin().settle(&late).await.is_empty());
    let state = world.state();
    assert!(state.schedules.is_empty() && state.subscriptions.is_empty());
}
