//! What happens between two rooms: who is read when, and who remembers what.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use org_model::{Fingerprint, SourceId};
use simulation::{Faults, World};
use sync_run::ports::{HeldLists, StoreError};
use sync_run::{
    HeldState, NoticeKind, OutboxPayload, RowResult, RunOutcome, RunStatus, StoredHeldList, run,
};

fn names(people: impl IntoIterator<Item = u32>) -> BTreeSet<String> {
    people
        .into_iter()
        .map(|n| format!("person.{n:04}"))
        .collect()
}

/// 200 people of whom 100 left: one list waits. Then all but a few of them return.
async fn a_few_are_left_of_a_held_list() -> (World, Fingerprint) {
    let mut world = World::new(200, 10);
    world.run().await;
    (0..100).for_each(|n| world.corp().dismiss(n));
    assert_eq!(world.run().await.status, RunStatus::Held);
    (4..100).for_each(|n| world.corp().hire(n, [1].into()));
    assert_eq!(world.run().await.status, RunStatus::Held);
    let list = world.waiting_lists().pop().unwrap().list.fingerprint;
    (world, list)
}

/// The lists answer late: an administrator speaks just before they are read.
struct Late<'w> {
    world: &'w World,
    held: Arc<dyn HeldLists>,
    list: Fingerprint,
}

#[async_trait]
impl HeldLists for Late<'static> {
    async fn standing(&self, source: &SourceId) -> Result<Vec<StoredHeldList>, StoreError> {
        tokio::task::yield_now().await;
        assert!(self.world.reject(self.list));
        self.held.standing(source).await
    }
}

/// Whoever leaves a list because they are kept is never seen as neither held nor kept.
#[tokio::test]
async fn a_rejection_while_a_run_reads_what_stands_lets_nobody_go() {
    let (mut world, list) = a_few_are_left_of_a_held_list().await;
    world.pass(SignedDuration::from_hours(1));
    let request = world.request();
    let world: &'static World = Box::leak(Box::new(world));
    let (_, mut ports) = world.process(Faults::default());
    let held = Arc::clone(&ports.held);
    ports.held = Arc::new(Late { world, held, list });
    run(&ports, &request).await.unwrap();
    world.assert_mirrors(&names(0..4));
}

/// A run that dies after the last removal of an approval leaves none that stands for ever.
#[tokio::test]
async fn an_approval_whose_run_died_after_all_its_removals_is_spent() {
    for at in 0.. {
        let (mut world, list) = a_few_are_left_of_a_held_list().await;
        assert!(world.approve(list, &BTreeSet::new()));
        let faults = Faults {
            die_after: Some(at),
            ..Faults::default()
        };
        let (_, requests) = world.try_run(faults).await;
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Succeeded, "request {at}");
        world.assert_mirrors(&BTreeSet::new());
        let lists: Vec<_> = world.shelf().lists.values().cloned().collect();
        let stands = lists.iter().find(|one| one.list.fingerprint == list);
        let stands = stands.unwrap();
        assert_eq!(stands.state, HeldState::Approved, "request {at}");
        assert!(stands.consumed_by.is_some(), "request {at}");
        if at >= requests {
            return;
        }
    }
}

/// A removal that was done and whose answer was lost is a failed row; an undo of that run brings
/// the person back all the same.
#[tokio::test]
async fn an_undo_gives_back_whose_removal_was_never_answered() {
    let mut lost = 0;
    for at in 0.. {
        let mut world = World::new(60, 6);
        world.run().await;
        (0..3).for_each(|n| world.corp().dismiss(n));
        let faults = Faults {
            fail_after: Some(at),
            ..Faults::default()
        };
        let (outcome, requests) = world.try_run(faults).await;
        let deleted = world.shelf().live_people().len() == 57;
        if let Ok(RunOutcome::Finished(record)) = outcome
            && record.rows_with(RowResult::Failed) > 0
            && deleted
        {
            lost += record.rows_with(RowResult::Failed);
            world.undo(&record.run).await;
            world.assert_mirrors(&names(0..3));
        }
        if at >= requests {
            break;
        }
    }
    assert!(lost > 0, "no answer about a removal was lost");
}

/// Housekeeping speaks while a run is live: the run, which read the source before, does not make
/// it forget that (story 17).
#[tokio::test]
async fn what_housekeeping_noticed_while_a_run_was_live_is_not_noticed_again() {
    // It claims, and reads the source: from then on it goes by what it read.
    for at in 2.. {
        let mut world = World::new(60, 6);
        world.run().await;
        world.pass(SignedDuration::from_hours(30));
        (0..3).for_each(|n| world.corp().dismiss(n));
        let request = world.request();
        let faults = Faults {
            sleep_before: Some(at),
            ..Faults::default()
        };
        let (process, ports) = world.process(faults);
        let wake = process.wake();
        let sleeper = tokio::spawn(async move { run(&ports, &request).await.unwrap() });
        while !sleeper.is_finished() && !process.is_asleep() {
            tokio::task::yield_now().await;
        }
        if sleeper.is_finished() {
            return;
        }
        world.tidy().await;
        wake.notify_one();
        sleeper.await.unwrap();
        let told = silences(&world);
        world.pass(SignedDuration::from_mins(5));
        world.shelf().state.last_success_at = None;
        world.tidy().await;
        let again = silences(&world);
        assert!(
            again <= 1,
            "told {told} times, then {again}; asleep at {at}"
        );
    }
}

fn silences(world: &World) -> usize {
    let shelf = world.shelf();
    let items = shelf.outbox.values().chain(&shelf.sent);
    let notices = items.filter(|item| match &item.payload {
        OutboxPayload::Notice(notice) => notice.kind == NoticeKind::Silence,
        OutboxPayload::RunFinished(_) => false,
    });
    notices.count()
}

/// An approval that ends between two segments was good when the run decided by it.
#[tokio::test]
async fn an_approval_that_ends_between_two_segments_is_carried_out_all_the_same() {
    let mut handed_over = 0;
    for at in 0.. {
        let mut world = World::new(300, 10);
        world.run().await;
        (0..200).for_each(|n| world.corp().dismiss(n));
        assert_eq!(world.run().await.status, RunStatus::Held);
        world.approve_all();
        world.pass(SignedDuration::from_mins(24 * 60 - 5));
        let request = world.request();
        let faults = Faults {
            jump: Some((at, SignedDuration::from_secs(895))),
            ..Faults::default()
        };
        let (outcome, requests) = world.serve(&request, faults).await;
        let is_handed_over = matches!(outcome, Ok(RunOutcome::HandedOver(_)));
        let left = world.shelf().live_people().len();
        if at >= requests {
            break;
        }
        if !is_handed_over || left == 100 {
            continue;
        }
        handed_over += 1;
        let end = world.serve_segments(|_| Faults::default()).await.unwrap();
        assert_eq!(end.status, RunStatus::Succeeded, "request {at}: {end:?}");
        world.assert_mirrors(&BTreeSet::new());
        assert!(world.waiting_lists().is_empty(), "nothing is held anew");
    }
    assert!(handed_over > 0, "no run was handed over");
}
