//! A run in several segments ends as if it had been one (issue: segments, story 5).

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use org_model::{ItemKey, RunId, SourceId};
use org_plan::{Action, Item};
use simulation::{Faults, World};
use sync_run::{
    HeldState, NoticeKind, RowResult, RunOutcome, RunRecord, RunRequest, RunStatus, take_over,
};

fn nobody() -> BTreeSet<String> {
    BTreeSet::new()
}

/// Every request takes a while, so that an invocation of a minute does not come far.
fn slow() -> Faults {
    Faults {
        slow: SignedDuration::from_millis(20),
        ..Faults::default()
    }
}

/// Invocations that live for seconds only.
fn short(world: &World, mut request: RunRequest) -> RunRequest {
    request.deadline = world.now() + SignedDuration::from_secs(22);
    request
}

async fn serve(world: &World, request: &RunRequest) -> RunOutcome {
    world.serve(request, slow()).await.0.unwrap()
}

/// A scheduled run an hour later, until it hands over or ends.
async fn begin(world: &mut World) -> RunOutcome {
    world.pass(SignedDuration::from_hours(1));
    let request = world.request();
    serve(world, &short(world, request)).await
}

async fn go_on(world: &World, run: &RunId, segment: u32) -> RunOutcome {
    let request = short(world, world.segment(run, segment));
    serve(world, &request).await
}

/// Each segment as it is started, to the end of the run.
async fn to_the_end(world: &World, mut outcome: RunOutcome) -> RunRecord {
    while let RunOutcome::HandedOver(record) = outcome {
        assert_eq!(record.status, RunStatus::Running);
        let started = world.shelf().segments_started.pop().unwrap();
        assert_eq!(started, (record.run.clone(), record.segments + 1));
        outcome = go_on(world, &started.0, started.1).await;
    }
    finished(outcome)
}

fn finished(outcome: RunOutcome) -> RunRecord {
    match outcome {
        RunOutcome::Finished(record) => *record,
        other => panic!("{other:?}"),
    }
}

fn is_served(outcome: &RunOutcome, run: &RunId) -> bool {
    matches!(outcome, RunOutcome::AlreadyServed(served) if served == run)
}

fn handed_over(outcome: RunOutcome) -> RunRecord {
    match outcome {
        RunOutcome::HandedOver(record) => *record,
        other => panic!("{other:?}"),
    }
}

/// What stands in the directory, whoever wrote it and when.
fn standing(world: &World) -> BTreeMap<ItemKey, (String, String, String)> {
    let shelf = world.shelf();
    let items = shelf.items.iter().map(|(key, item)| {
        let state = format!("{:?}", item.state());
        let departments = format!("{:?}", item.departments());
        (
            key.clone(),
            (item.internal_id().to_string(), state, departments),
        )
    });
    items.collect()
}

/// A year of changes: half of the people move, some leave, some arrive.
fn upheave(world: &World) {
    let mut corp = world.corp();
    for person in corp.people.values_mut() {
        person.title = "Director".to_owned();
    }
    (0..40).for_each(|n| corp.dismiss(n));
    (90_000..90_100).for_each(|n| corp.hire(n, [1, 2].into()));
}

fn removed(world: &World, run: &RunId) -> BTreeSet<String> {
    let shelf = world.shelf();
    let pages = shelf.pages.iter().filter(|((of, _, _), _)| of == run);
    let rows = pages.flat_map(|(_, page)| page.rows.clone());
    let gone = rows.filter(|row| row.action == Action::Delete && row.result == RowResult::Done);
    gone.map(|row| row.id).collect()
}

#[tokio::test]
async fn a_first_sync_in_segments_ends_as_if_it_had_been_one() {
    let (mut world, mut other) = (World::new(3_000, 40), World::new(3_000, 40));
    let whole = other.run().await;
    let begun = begin(&mut world).await;
    let record = to_the_end(&world, begun).await;
    assert!(record.segments >= 5, "{} segments", record.segments);
    assert_eq!(record.status, RunStatus::Succeeded, "{:?}", record.error);
    assert_eq!(record.counts, whole.counts);
    assert_eq!(record.handed_over_at, None);
    world.assert_mirrors(&nobody());
    world.assert_honest(&record);
    assert_eq!(standing(&world), standing(&other));
    assert_eq!(world.shelf().events.len(), 1, "one run, one event");
    assert!(world.run().await.counts.is_empty(), "nothing is left to do");
}

#[tokio::test]
async fn a_churn_in_segments_removes_what_an_uninterrupted_run_removes() {
    let (mut world, mut other) = (World::new(1_500, 20), World::new(1_500, 20));
    for world in [&mut world, &mut other] {
        world.run().await;
        upheave(world);
    }
    let whole = other.run().await;
    let begun = begin(&mut world).await;
    let record = to_the_end(&world, begun).await;
    assert!(record.segments >= 3, "{} segments", record.segments);
    assert_eq!(record.counts, whole.counts);
    assert_eq!(removed(&world, &record.run), removed(&other, &whole.run));
    assert_eq!(standing(&world), standing(&other));
    world.assert_honest(&record);
}

/// Story 5: nobody is removed whom the first segment did not decide to remove.
#[tokio::test]
async fn who_leaves_between_two_segments_is_left_to_the_next_run_and_who_returns_stays() {
    let mut world = World::new(1_500, 20);
    world.run().await;
    upheave(&world);
    let first = handed_over(begin(&mut world).await);
    (40..44).for_each(|n| world.corp().dismiss(n));
    (0..10).for_each(|n| world.corp().hire(n, [3].into()));
    let again = RunOutcome::HandedOver(Box::new(first));
    let record = to_the_end(&world, again).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{:?}", record.error);
    let gone: BTreeSet<String> = (10..40).map(|n| format!("Person.{n:04}")).collect();
    assert_eq!(removed(&world, &record.run), gone);
    assert_eq!(
        record.rows_with(RowResult::Held),
        0,
        "they are not held either"
    );
    world.assert_mirrors(&(40..44).map(|n| format!("person.{n:04}")).collect());
    world.run().await;
    world.assert_mirrors(&nobody());
}

#[tokio::test]
async fn what_the_first_segment_holds_is_told_once_by_the_last() {
    let mut world = World::new(1_500, 20);
    world.run().await;
    upheave(&world);
    (40..400).for_each(|n| world.corp().dismiss(n));
    let first = handed_over(begin(&mut world).await);
    let held = |world: &World| {
        let notices = world.shelf().notices.clone();
        notices
            .iter()
            .filter(|n| n.kind == NoticeKind::Held)
            .count()
    };
    assert_eq!(held(&world), 1, "the notice does not wait for the end");
    let record = to_the_end(&world, RunOutcome::HandedOver(Box::new(first))).await;
    assert_eq!(record.status, RunStatus::Held);
    assert_eq!(record.rows_with(RowResult::Held), 400);
    assert_eq!(held(&world), 1);
    world.assert_honest(&record);
}

#[tokio::test]
async fn an_approval_between_two_segments_is_left_to_the_next_run() {
    let mut world = World::new(1_500, 20);
    world.run().await;
    (0..400).for_each(|n| world.corp().dismiss(n));
    world.run().await;
    upheave(&world);
    let first = handed_over(begin(&mut world).await);
    world.approve_all();
    let record = to_the_end(&world, RunOutcome::HandedOver(Box::new(first))).await;
    assert_eq!(removed(&world, &record.run), BTreeSet::new());
    let next = world.run().await;
    assert_eq!(next.status, RunStatus::Succeeded, "{next:?}");
    assert_eq!(removed(&world, &next.run).len(), 400);
    world.assert_mirrors(&nobody());
}

/// An approved list is worked off across segments, and what one removed the next does not miss.
#[tokio::test]
async fn an_approved_list_is_worked_off_across_segments() {
    let mut world = World::new(1_000, 20);
    world.run().await;
    (0..700).for_each(|n| world.corp().dismiss(n));
    world.run().await;
    world.approve_all();
    world.pass(SignedDuration::from_hours(1));
    let mut request = world.request();
    request.deadline = world.now() + SignedDuration::from_secs(19);
    let faults = Faults {
        slow: SignedDuration::from_millis(500),
        ..Faults::default()
    };
    let mut outcome = world.serve(&request, faults.clone()).await.0.unwrap();
    let mut segments = 1;
    while let RunOutcome::HandedOver(record) = outcome {
        segments += 1;
        let mut next = world.segment(&record.run, segments);
        next.deadline = world.now() + SignedDuration::from_secs(19);
        outcome = world.serve(&next, faults.clone()).await.0.unwrap();
    }
    let record = finished(outcome);
    assert!(segments > 2, "{segments}");
    assert_eq!(record.status, RunStatus::Succeeded, "{:?}", record.error);
    assert_eq!(removed(&world, &record.run).len(), 700);
    world.assert_mirrors(&nobody());
    let list = world.shelf().lists.values().next().unwrap().clone();
    assert_eq!(list.consumed_by, Some(record.run));
}

#[tokio::test]
async fn a_segment_is_served_once_and_no_other_is() {
    let mut world = World::new(1_500, 20);
    let first = handed_over(begin(&mut world).await);
    for segment in [1, 3] {
        let outcome = go_on(&world, &first.run, segment).await;
        assert!(
            is_served(&outcome, &first.run),
            "segment {segment}: {outcome:?}"
        );
    }
    let outcome = go_on(&world, &RunId::new("another"), 2).await;
    assert!(
        matches!(outcome, RunOutcome::AlreadyServed(_)),
        "{outcome:?}"
    );
    let second = go_on(&world, &first.run, 2).await;
    let record = to_the_end(&world, second).await;
    let outcome = go_on(&world, &first.run, 2).await;
    assert!(
        is_served(&outcome, &first.run),
        "delivered twice: {outcome:?}"
    );
    assert_eq!(record.status, RunStatus::Succeeded);
    world.assert_honest(&record);
}

#[tokio::test]
async fn a_run_whose_settings_changed_ends_and_the_next_one_does_the_rest() {
    let mut world = World::new(1_500, 20);
    let first = handed_over(begin(&mut world).await);
    let before = world.shelf().items.len();
    world.shelf().version += 1;
    let record = finished(go_on(&world, &first.run, 2).await);
    assert_eq!(record.status, RunStatus::Partial);
    assert_eq!(record.error.as_ref().unwrap().code, "settings_changed");
    assert_eq!(world.shelf().items.len(), before);
    let next = world.run().await;
    assert_eq!(next.status, RunStatus::Succeeded);
    assert_eq!(world.shelf().items.len(), 1_520);
}

#[tokio::test]
async fn a_scheduled_run_is_skipped_beside_a_run_that_is_handed_over() {
    let mut world = World::new(1_500, 20);
    let first = handed_over(begin(&mut world).await);
    world.pass(SignedDuration::from_mins(5));
    let request = world.request();
    let RunOutcome::Skipped(skipped) = serve(&world, &request).await else {
        panic!("the run is not over");
    };
    assert_eq!(skipped.live_run.as_ref(), Some(&first.run));
    let record = to_the_end(&world, RunOutcome::HandedOver(Box::new(first))).await;
    assert_eq!(record.status, RunStatus::Succeeded);
    world.assert_mirrors(&nobody());
}

#[tokio::test]
async fn a_segment_that_nobody_claimed_is_started_again() {
    let mut world = World::new(1_500, 20);
    let first = handed_over(begin(&mut world).await);
    world.shelf().segments_started.clear();
    world.pass(SignedDuration::from_mins(5));
    let tidied = world.try_tidy(Faults::default()).await;
    assert_eq!(tidied.started_segments, 0, "it may still be on its way");
    world.pass(SignedDuration::from_mins(2));
    let tidied = world.try_tidy(Faults::default()).await;
    assert_eq!((tidied.started_segments, tidied.dead_runs), (1, 0));
    let record = to_the_end(&world, RunOutcome::HandedOver(Box::new(first))).await;
    assert_eq!(record.status, RunStatus::Succeeded);
    world.assert_mirrors(&nobody());
}

#[tokio::test]
async fn a_segment_that_never_begins_is_buried_and_the_next_run_goes_on() {
    let mut world = World::new(1_500, 20);
    let first = handed_over(begin(&mut world).await);
    world.pass(SignedDuration::from_mins(16));
    let tidied = world.try_tidy(Faults::default()).await;
    assert_eq!(tidied.dead_runs, 1);
    let record = world.shelf().records[&first.run].clone();
    assert_eq!(record.status, RunStatus::Failed);
    assert_eq!(record.error.as_ref().unwrap().code, "segment_lost");
    world.assert_honest(&record);
    let late = go_on(&world, &first.run, 2).await;
    assert!(matches!(late, RunOutcome::AlreadyServed(_)), "{late:?}");
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_mirrors(&nobody());
}

#[tokio::test]
async fn a_segment_that_arrives_after_its_time_begins_no_more() {
    let mut world = World::new(1_500, 20);
    let first = handed_over(begin(&mut world).await);
    world.pass(SignedDuration::from_mins(20));
    let late = go_on(&world, &first.run, 2).await;
    assert!(matches!(late, RunOutcome::AlreadyServed(_)), "{late:?}");
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    let record = world.shelf().records[&first.run].clone();
    assert_eq!(record.error.as_ref().unwrap().code, "segment_lost");
    world.assert_honest(&record);
}

#[tokio::test]
async fn an_unsealed_continuation_removes_nobody_and_the_run_is_partial() {
    let mut world = World::new(1_500, 20);
    world.run().await;
    upheave(&world);
    let first = handed_over(begin(&mut world).await);
    assert_eq!(first.sealed, Some(true));
    world.corp().deaf.insert(7);
    let record = to_the_end(&world, RunOutcome::HandedOver(Box::new(first))).await;
    assert_eq!(record.status, RunStatus::Partial);
    assert_eq!(record.sealed, Some(false));
    assert_eq!(removed(&world, &record.run), BTreeSet::new());
    world.corp().behave();
    world.run().await;
    world.assert_mirrors(&nobody());
}

#[tokio::test]
async fn a_run_whose_first_reading_was_unsealed_stays_unsealed() {
    let mut world = World::new(1_500, 20);
    world.run().await;
    upheave(&world);
    world.corp().deaf.insert(7);
    let first = handed_over(begin(&mut world).await);
    world.corp().behave();
    let record = to_the_end(&world, RunOutcome::HandedOver(Box::new(first))).await;
    assert_eq!(record.sealed, Some(false));
    assert_eq!(record.status, RunStatus::Partial);
    assert_eq!(record.unsealed_reasons.len(), 1);
    assert_eq!(
        removed(&world, &record.run),
        BTreeSet::new(),
        "none was decided"
    );
}

/// A segment in which nothing gets through is the last one: it would go on for ever.
#[tokio::test]
async fn a_segment_that_gets_nowhere_ends_the_run() {
    let mut world = World::new(1_500, 20);
    let first = handed_over(begin(&mut world).await);
    let mut request = world.segment(&first.run, 2);
    request.deadline = world.now() + SignedDuration::from_secs(5);
    let record = finished(serve(&world, &request).await);
    assert_eq!(record.status, RunStatus::Partial);
    assert_eq!(record.error.as_ref().unwrap().code, "out_of_time");
    world.assert_honest(&record);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
}

/// `serve` starts: what its own killed process had handed over is not dead.
#[tokio::test]
async fn taking_over_goes_on_with_a_run_that_was_handed_over() {
    let mut world = World::new(1_500, 20);
    let first = handed_over(begin(&mut world).await);
    world.shelf().segments_started.clear();
    let (_, ports) = world.process(Faults::default());
    let round = RunId::new("start");
    let dead = take_over(&ports, &SourceId::new("hq"), &round).await;
    assert_eq!(dead.unwrap(), None);
    let record = to_the_end(&world, RunOutcome::HandedOver(Box::new(first))).await;
    assert_eq!(record.status, RunStatus::Succeeded);
    world.assert_mirrors(&nobody());
}

/// The killed continuation's lease expires; what it decided was its first segment's.
#[tokio::test]
async fn a_continuation_killed_at_any_request_leaves_a_run_that_the_next_one_ends() {
    let mut n = 0;
    loop {
        let mut world = World::new(620, 10);
        world.run().await;
        {
            let mut corp = world.corp();
            corp.people
                .values_mut()
                .for_each(|p| p.title = "Director".to_owned());
            (0..20).for_each(|n| corp.dismiss(n));
        }
        let first = handed_over(begin_within(&mut world, SignedDuration::from_secs(17)).await);
        let faults = Faults {
            die_after: Some(n),
            ..Faults::default()
        };
        let request = world.segment(&first.run, 2);
        let (_, requests) = world.serve(&request, faults).await;
        world.tidy().await;
        world.pass(SignedDuration::from_mins(20));
        world.tidy().await;
        let record = world.shelf().records[&first.run].clone();
        assert!(record.status.is_final(), "killed at {n}: {record:?}");
        world.assert_honest(&record);
        let gone = removed(&world, &first.run);
        assert!(gone.len() <= 20, "killed at {n}");
        let last = world.run().await;
        assert_eq!(last.status, RunStatus::Succeeded, "killed at {n}: {last:?}");
        world.assert_mirrors(&nobody());
        if n >= requests {
            return;
        }
        // The writes of one page are alike: a few of each are enough.
        n += if n < 16 || n + 24 > requests { 1 } else { 151 };
    }
}

async fn begin_within(world: &mut World, time: SignedDuration) -> RunOutcome {
    world.pass(SignedDuration::from_hours(1));
    let mut request = world.request();
    request.deadline = world.now() + time;
    serve(world, &request).await
}

/// The clock of the lists goes on between segments: what expires on the way is held anew once.
#[tokio::test]
async fn a_handed_over_run_that_is_killed_before_it_starts_its_segment_goes_on() {
    let mut world = World::new(1_500, 20);
    world.pass(SignedDuration::from_hours(1));
    let request = world.request();
    let request = short(&world, request);
    let mute = Faults {
        mute: true,
        ..slow()
    };
    let outcome = world.serve(&request, mute).await.0.unwrap();
    let first = handed_over(outcome);
    assert!(world.shelf().segments_started.is_empty());
    world.pass(SignedDuration::from_mins(7));
    assert_eq!(world.try_tidy(Faults::default()).await.started_segments, 1);
    let record = to_the_end(&world, RunOutcome::HandedOver(Box::new(first))).await;
    assert_eq!(record.status, RunStatus::Succeeded);
    let held = world
        .shelf()
        .lists
        .values()
        .any(|l| l.state == HeldState::Waiting);
    assert!(!held);
    assert!(world.shelf().items.values().all(|item| match item {
        Item::User(user) => !user.detached,
        Item::Department(department) => !department.detached,
    }));
}
