//! Removals, and what is known of them when a request fails.

use crate::common::{deletion, hq, permitted, renamed, stamp, user, world};
use org_model::ItemState;
use sync_run::ports::{Mirror, StoreError, WriteOutcome};
use testkit::Faults;
use testkit::crash::CrashMoment;

fn unavailable(answer: &Result<WriteOutcome, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable { .. }))
}

/// Loses the answer to one request; everything after it works again.
async fn mended_at_once(faults: &Faults) {
    while !faults.crashed() {
        tokio::task::yield_now().await;
    }
    faults.clear();
}

#[tokio::test]
async fn an_answer_that_was_lost_after_the_effect_is_found_again() {
    for (moment, happened) in [
        (CrashMoment::AfterApplied, true),
        (CrashMoment::BeforeSent, false),
    ] {
        let world = world().await;
        let lease = world.lease("a").await;
        let people = ["a", "b", "c"].map(|name| user(name, stamp(&lease, "1")));
        world.create(&lease, &people).await;
        let gone = people
            .iter()
            .map(|one| deletion(one, world.clock.now(), stamp(&lease, "gone")));
        let plan = permitted(vec![], gone.collect());
        let removals: Vec<_> = plan.removals().collect();
        let faults = Faults::crash_at(1, moment);
        let store = world.store_with(&faults);
        let (answers, ()) =
            futures::join!(store.remove(&lease, &removals), mended_at_once(&faults));
        assert_eq!(answers.len(), 3);
        for answer in &answers {
            assert_eq!(*answer == Ok(WriteOutcome::Done), happened, "{answer:?}");
            assert_eq!(unavailable(answer), !happened, "{answer:?}");
        }
        let again = world.store.remove(&lease, &removals).await;
        assert!(again.iter().all(|one| *one == Ok(WriteOutcome::Done)));
    }
}

/// Persons that fill a transaction by themselves: each batch is one of them.
fn large(name: &str, lease: &sync_run::RunLease) -> org_plan::Item {
    let mut item = user(name, stamp(lease, "1"));
    if let org_plan::Item::User(user) = &mut item {
        let text = "x".repeat(390_000);
        user.attributes.insert("title".to_owned(), text.into());
    }
    item
}

#[tokio::test]
async fn what_an_earlier_batch_did_is_told_although_a_later_one_failed() {
    let world = world().await;
    let lease = world.lease("a").await;
    // 8 of them are one transaction of 3.1 MB, the ninth is in the next.
    let people: Vec<_> = ["a", "b", "c", "d", "e", "f", "g", "h", "i"]
        .iter()
        .map(|name| large(name, &lease))
        .collect();
    world.create(&lease, &people).await;
    let now = world.clock.now();
    let mut gone: Vec<_> = people
        .iter()
        .map(|one| deletion(one, now, stamp(&lease, "gone")))
        .collect();
    gone[2].before = Some(renamed(&people[2], "Other", stamp(&lease, "other")));
    let plan = permitted(vec![], gone);
    let removals: Vec<_> = plan.removals().collect();
    // Two rounds of the first batch, since the third person is in its way; then the second batch.
    let faults = Faults::crash_at(3, CrashMoment::BeforeSent);
    let store = world.store_with(&faults);
    let answers = store.remove(&lease, &removals).await;
    for (index, answer) in answers.iter().enumerate() {
        match index {
            2 => assert_eq!(*answer, Ok(WriteOutcome::ChangedMeanwhile)),
            8 => assert!(unavailable(answer), "{answer:?}"),
            _ => assert_eq!(*answer, Ok(WriteOutcome::Done), "removal {index}"),
        }
    }
    let marks = world.store.marks(&hq()).await.unwrap();
    let live = marks.values().filter(|mark| mark.state == ItemState::Live);
    assert_eq!(
        live.count(),
        2,
        "the one in the way and the one that failed"
    );
}

#[tokio::test]
async fn a_lost_lease_fails_every_batch_and_removes_nobody() {
    let world = world().await;
    let zombie = world.lease("a").await;
    let people: Vec<_> = ["a", "b", "c", "d", "e", "f", "g", "h", "i"]
        .iter()
        .map(|name| large(name, &zombie))
        .collect();
    world.create(&zombie, &people).await;
    let now = world.clock.now();
    let gone = people
        .iter()
        .map(|one| deletion(one, now, stamp(&zombie, "gone")));
    let plan = permitted(vec![], gone.collect());
    let removals: Vec<_> = plan.removals().collect();
    world.takeover("b").await;
    let faults = Faults::default();
    let answers = world.store_with(&faults).remove(&zombie, &removals).await;
    let lost = |answer| matches!(answer, &Err(StoreError::LeaseLost { .. }));
    assert!(answers.len() == 9 && answers.iter().all(lost));
    assert_eq!(faults.requests(), 1, "after a lost lease nothing is sent");
}
