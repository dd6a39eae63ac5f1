//! What people are told is what happened: notices against the directory and the rows.

use jiff::SignedDuration;
use org_model::RunId;
use org_plan::Action;
use simulation::{Faults, World};
use sync_run::{LANGUAGES_BREAK, Notice, NoticeKind, RowResult, RunOutcome, RunRecord, RunStatus};

fn told(world: &World, kind: NoticeKind) -> Vec<Notice> {
    let notices = world.shelf().notices.clone();
    notices.into_iter().filter(|n| n.kind == kind).collect()
}

/// The English half.
fn english(notice: &Notice) -> &str {
    notice.text.split(LANGUAGES_BREAK).next().unwrap()
}

/// A run whose first segment has written thousands, and hands over.
async fn handed_over(world: &mut World) -> RunRecord {
    world.run().await;
    for person in world.corp().people.values_mut() {
        person.departments = person.departments.iter().map(|id| id % 20 + 1).collect();
    }
    world.pass(SignedDuration::from_hours(1));
    let mut request = world.request();
    request.deadline = world.now() + SignedDuration::from_secs(22);
    let slow = Faults {
        slow: SignedDuration::from_millis(20),
        ..Faults::default()
    };
    match world.serve(&request, slow).await.0.unwrap() {
        RunOutcome::HandedOver(record) => *record,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_reading_that_fails_after_a_segment_wrote_does_not_say_that_nothing_was_changed() {
    let unchanged = "nothing in the directory was changed";
    let mut world = World::new(1_500, 20);
    let first = handed_over(&mut world).await;
    let written = first.rows_with(RowResult::Done);
    world.corp().down = true;
    let record = world.serve_segments(|_| Faults::default()).await.unwrap();
    assert_eq!(record.status, RunStatus::Failed);
    let message = &record.error.as_ref().unwrap().message;
    assert!(!message.contains(unchanged), "{message}");
    let notice = told(&world, NoticeKind::RunFailed).pop().unwrap();
    let text = english(&notice);
    assert!(
        text.contains(&format!("{written} changes had been written")),
        "{text}"
    );
    assert!(!text.contains(unchanged), "{text}");
    let next = world.run().await;
    let message = next.error.unwrap().message;
    assert!(message.ends_with(unchanged), "{message}");
}

#[tokio::test]
async fn a_continuation_whose_source_cannot_be_read_tells_what_was_written_before() {
    let mut unread = 0;
    for at in 0..4 {
        let mut world = World::new(1_500, 20);
        let first = handed_over(&mut world).await;
        let fails = |_| Faults {
            fail_once: Some(at),
            ..Faults::default()
        };
        world.serve_segments(fails).await;
        let notices = told(&world, NoticeKind::RunFailed);
        let Some(notice) = notices.iter().find(|n| n.subject.contains("be read")) else {
            continue;
        };
        unread += 1;
        assert_eq!(notice.detail["rows_done"], first.rows_with(RowResult::Done));
        assert!(!notice.text.contains("Nothing was done"), "{}", notice.text);
    }
    assert_eq!(unread, 1);
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_not_said_to_be_unwritten() {
    let mut lost = 0;
    for at in 0..20 {
        let mut world = World::new(20, 5);
        world.run().await;
        world.corp().hire(90_001, [1].into());
        let faults = Faults {
            fail_after: Some(at),
            ..Faults::default()
        };
        let (_, _) = world.try_run(faults).await;
        let notices = told(&world, NoticeKind::RunFailed);
        let is_there = world.shelf().live_people().len() == 21;
        for notice in notices.iter().filter(|_| is_there) {
            lost += 1;
            let text = english(notice);
            assert!(
                !text.contains("nothing was written"),
                "request {at}: {text}"
            );
        }
    }
    assert!(lost > 0, "{lost}");
}

/// Two people are gone, and the run that took them away is undone in part: the process sleeps until
/// a few seconds before its deadline.
async fn undone_in_part(world: &mut World, removing: &RunId) -> RunRecord {
    for at in 0..30 {
        let request = world.queue_undo(removing);
        let late = request.deadline.duration_since(world.now()) - SignedDuration::from_secs(8);
        let slept = Faults {
            jump: Some((at, late)),
            ..Faults::default()
        };
        let (_, _) = world.serve(&request, slept).await;
        let record = world.shelf().records[&request.run].clone();
        let code = record.error.as_ref().map(|error| error.code.as_str());
        if code == Some("back_in_part") && record.rows_with(RowResult::Done) == 0 {
            return record;
        }
    }
    panic!("every undo came to its end");
}

async fn removing(world: &mut World, people: std::ops::Range<u32>) -> RunId {
    people.for_each(|n| world.corp().dismiss(n));
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded);
    record.run
}

#[tokio::test]
async fn an_undo_that_failed_is_not_over_when_the_next_run_succeeds() {
    let mut world = World::new(60, 5);
    world.run().await;
    let (first, second) = (
        removing(&mut world, 0..2).await,
        removing(&mut world, 2..4).await,
    );
    undone_in_part(&mut world, &first).await;
    assert_eq!(told(&world, NoticeKind::RunPartial).len(), 1);
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    assert_eq!(told(&world, NoticeKind::Recovered), []);
    undone_in_part(&mut world, &first).await;
    let again = told(&world, NoticeKind::RunPartial).len();
    assert_eq!(again, 1, "told within the day");
    undone_in_part(&mut world, &second).await;
    let other = told(&world, NoticeKind::RunPartial).len();
    assert_eq!(other, 2, "another undo, other people");
}

/// Both are killed: an undo, and a run that syncs.
#[tokio::test]
async fn a_dead_undo_and_a_dead_run_are_told_each() {
    for undo_first in [true, false] {
        let mut world = World::new(60, 5);
        world.run().await;
        let removing = removing(&mut world, 0..2).await;
        for is_undo in [undo_first, !undo_first] {
            world.pass(SignedDuration::from_hours(1));
            let request = match is_undo {
                true => world.queue_undo(&removing),
                false => world.request(),
            };
            let killed = Faults {
                die_before: Some(5),
                ..Faults::default()
            };
            let (died, _) = world.serve(&request, killed).await;
            assert!(died.is_err(), "{died:?}");
            world.pass(SignedDuration::from_mins(20));
            world.tidy().await;
        }
        let killed = told(&world, NoticeKind::RunFailed);
        assert_eq!(killed.len(), 2, "undo first: {undo_first}");
        world.run().await;
        let over = told(&world, NoticeKind::Recovered).pop().unwrap();
        assert_eq!(over.detail["over"].as_array().unwrap().len(), 1);
    }
}

/// The first segment moves people out of departments; the second reads with a gap.
#[tokio::test]
async fn an_unsealed_continuation_does_not_deny_what_the_first_segment_took() {
    let mut world = World::new(1_500, 20);
    let first = handed_over(&mut world).await;
    assert_eq!(first.sealed, Some(true));
    world.corp().deaf.insert(7);
    let record = world.serve_segments(|_| Faults::default()).await.unwrap();
    assert_eq!(record.sealed, Some(false));
    let notice = told(&world, NoticeKind::RunUnsealed).pop().unwrap();
    let text = english(&notice);
    assert!(!text.starts_with("Nobody was"), "{text}");
    let moves = &record.counts["users"][&Action::Move];
    let moved = moves[&RowResult::Done];
    assert!(moved > 0);
    assert!(text.contains(&format!("moved {moved} people")), "{text}");
    assert_eq!(notice.detail["taken_by_the_run"]["moved"], moved);
}
