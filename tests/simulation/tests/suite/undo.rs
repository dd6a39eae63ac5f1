//! What a run took away is given back, and stays (DESIGN.md §6: undo, restore).

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use org_model::{ItemState, MemberStatus, RunId};
use org_plan::{Action, Item};
use simulation::{Faults, World};
use sync_run::{KeptWhy, Row, RowResult, RunRecord, RunStatus};

fn names(people: impl IntoIterator<Item = u32>) -> BTreeSet<String> {
    people
        .into_iter()
        .map(|n| format!("person.{n:04}"))
        .collect()
}

fn rows(world: &World, run: &RunId) -> Vec<Row> {
    let shelf = world.shelf();
    let pages = shelf.pages.iter().filter(|((of, _, _), _)| of == run);
    pages.flat_map(|(_, page)| page.rows.clone()).collect()
}

fn codes(world: &World, run: &RunId) -> BTreeMap<(Action, RowResult, String), usize> {
    let mut codes = BTreeMap::new();
    for row in rows(world, run) {
        let code = row.code.unwrap_or_default();
        *codes.entry((row.action, row.result, code)).or_default() += 1;
    }
    codes
}

fn internal_ids(world: &World) -> BTreeMap<String, String> {
    let shelf = world.shelf();
    let items = shelf.items.values();
    items
        .map(|item| (item.key().to_string(), item.internal_id().to_string()))
        .collect()
}

/// Five people left, of whom one had been disabled before; department 10 went with two of them.
async fn a_run_that_deleted() -> (World, RunRecord) {
    let mut world = World::new(60, 10);
    world.corp().people.get_mut("person.0003").unwrap().status = MemberStatus::Disabled;
    world.run().await;
    {
        let mut corp = world.corp();
        (0..3).for_each(|n| corp.dismiss(n));
        corp.dismiss(3);
        corp.dismiss(9);
        corp.departments.remove(&10);
        for person in corp.people.values_mut() {
            if person.departments.remove(&10) {
                person.departments.insert(1);
            }
        }
    }
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    (world, record)
}

#[tokio::test]
async fn an_undo_gives_everybody_back_as_they_were_and_keeps_them() {
    let (mut world, record) = a_run_that_deleted().await;
    let before = internal_ids(&world);
    let state = world.shelf().state.clone();
    let calls = world.corp().calls.clone();
    let undo = world.undo(&record.run).await;
    assert_eq!(undo.status, RunStatus::Succeeded, "{undo:?}");
    assert_eq!((undo.sealed, undo.agent.clone()), (None, None));
    world.assert_honest(&undo);
    world.assert_mirrors(&names([0, 1, 2, 3, 9]));
    assert_eq!(internal_ids(&world), before, "the same internal ids");
    assert_eq!(world.corp().calls, calls, "WeCom was not asked");
    let done = codes(&world, &undo.run);
    let undone = (Action::Restore, RowResult::Done, "undone".to_owned());
    assert_eq!(done, [(undone, 6)].into());
    {
        let shelf = world.shelf();
        assert_eq!(shelf.state.baseline, state.baseline);
        assert_eq!(shelf.state.last_success_at, state.last_success_at);
        assert_eq!(shelf.state.removing_runs, state.removing_runs);
        let set = shelf.kept.values().next().unwrap();
        assert_eq!(set.why, KeptWhy::Undone { run: record.run });
        assert_eq!((set.by.as_str(), set.items.len()), ("someone", 6));
        let status = |key: &str| {
            let mut items = shelf.items.values();
            let found = items.find(|item| item.key().to_string() == key);
            match found {
                Some(Item::User(user)) => user.status.as_str(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(status("person.0003"), "disabled", "as before");
        assert_eq!(status("person.0000"), "active");
    }
    for _ in 0..2 {
        let later = world.run().await;
        assert_eq!(later.status, RunStatus::Succeeded, "{later:?}");
        world.pass(SignedDuration::from_hours(30));
    }
    world.assert_mirrors(&names([0, 1, 2, 3, 9]));
}

#[tokio::test]
async fn an_undo_done_twice_finds_everybody_back() {
    let (mut world, record) = a_run_that_deleted().await;
    world.undo(&record.run).await;
    let again = world.undo(&record.run).await;
    assert_eq!(again.status, RunStatus::Succeeded);
    let back = (
        Action::Restore,
        RowResult::Skipped,
        "already_back".to_owned(),
    );
    assert_eq!(codes(&world, &again.run), [(back, 6)].into());
    let sets = world.shelf().kept_sets();
    let marks = sets
        .iter()
        .map(|set| set.remaining().count())
        .sum::<usize>();
    assert_eq!(marks, 6, "nobody is kept twice for the same");
    world.run().await;
    world.assert_mirrors(&names([0, 1, 2, 3, 9]));
}

#[tokio::test]
async fn an_undo_opens_whom_a_run_disabled_and_the_next_run_leaves_them_open() {
    let mut world = World::new(60, 5);
    world.run().await;
    let set = |world: &World, status| {
        let mut corp = world.corp();
        corp.people
            .values_mut()
            .take(4)
            .for_each(|p| p.status = status);
    };
    set(&world, MemberStatus::Disabled);
    let record = world.run().await;
    assert_eq!(record.rows_with(RowResult::Done), 4);
    let undo = world.undo(&record.run).await;
    let undone = (Action::Update, RowResult::Done, "undone".to_owned());
    assert_eq!(codes(&world, &undo.run), [(undone, 4)].into());
    let open = |world: &World| {
        let shelf = world.shelf();
        let users = shelf.items.values().filter_map(|item| match item {
            Item::User(user) => Some(user.status.is_open()),
            Item::Department(_) => None,
        });
        users.filter(|is_open| *is_open).count()
    };
    assert_eq!(open(&world), 60);
    let later = world.run().await;
    assert_eq!(later.status, RunStatus::Succeeded, "{later:?}");
    assert_eq!(open(&world), 60);
    set(&world, MemberStatus::Active);
    world.run().await;
    assert!(world.kept_keys().is_empty(), "seen open again");
}

#[tokio::test]
async fn who_was_purged_or_whose_userid_is_anothers_is_told_and_left_alone() {
    let (mut world, record) = a_run_that_deleted().await;
    {
        let mut corp = world.corp();
        corp.hire(0, [1].into());
        corp.people.get_mut("person.0000").unwrap().name = "Somebody else".to_owned();
    }
    world.run().await;
    world.pass(SignedDuration::from_hours(24 * 40));
    world.tidy().await;
    let undo = world.undo(&record.run).await;
    assert_eq!(undo.status, RunStatus::Succeeded);
    let codes = codes(&world, &undo.run);
    let skipped = |code: &str| (Action::Restore, RowResult::Skipped, code.to_owned());
    assert_eq!(codes.get(&skipped("userid_reused")), Some(&1), "{codes:?}");
    assert_eq!(codes.get(&skipped("purged")), Some(&5), "{codes:?}");
    world.assert_mirrors(&BTreeSet::new());
}

#[tokio::test]
async fn a_run_that_took_nothing_away_cannot_be_undone() {
    let mut world = World::new(20, 5);
    let first = world.run().await;
    let undo = world.undo(&first.run).await;
    assert_eq!(undo.status, RunStatus::Failed);
    assert_eq!(undo.error.unwrap().code, "nothing_to_undo");
}

#[tokio::test]
async fn one_person_is_restored_and_stays_until_they_are_seen_again() {
    let (mut world, _) = a_run_that_deleted().await;
    let restore = world.restore("Person.0001").await;
    assert_eq!(restore.status, RunStatus::Succeeded, "{restore:?}");
    let restored = (Action::Restore, RowResult::Done, "restored".to_owned());
    assert_eq!(codes(&world, &restore.run), [(restored, 1)].into());
    world.run().await;
    world.assert_mirrors(&names([1]));
    world.corp().hire(1, [2].into());
    world.run().await;
    assert!(world.kept_keys().is_empty());
    world.corp().dismiss(1);
    world.run().await;
    world.assert_mirrors(&BTreeSet::new());
    let nobody = world.restore("nobody").await;
    assert_eq!(nobody.error.unwrap().code, "not_found");
}

/// Killed at any request, another undo ends what it began, and whoever is back is kept.
#[tokio::test]
async fn an_undo_killed_at_any_request_loses_nobody_and_is_ended_by_another() {
    for after in [false, true] {
        for n in 0.. {
            let (mut world, record) = a_run_that_deleted().await;
            let request = world.queue_undo(&record.run);
            let faults = Faults {
                die_before: (!after).then_some(n),
                die_after: after.then_some(n),
                ..Faults::default()
            };
            let (_, requests) = world.serve(&request, faults).await;
            world.run().await;
            let alive = world.shelf().live_people();
            let kept = world.kept_keys();
            for key in names([0, 1, 2, 3, 9]).intersection(&alive) {
                let is_kept = kept.iter().any(|kept| kept.to_string() == *key);
                assert!(is_kept, "killed at {n}: {key} is back and not kept");
            }
            world.pass(SignedDuration::from_hours(1));
            let again = world.undo(&record.run).await;
            assert_eq!(again.status, RunStatus::Succeeded, "killed at {n}");
            world.run().await;
            world.assert_mirrors(&names([0, 1, 2, 3, 9]));
            if n >= requests {
                break;
            }
        }
    }
}

/// The rows of a killed run say `in flight` of what may have happened: the directory tells.
#[tokio::test]
async fn a_killed_run_can_be_undone_as_far_as_it_came() {
    for n in 0.. {
        let mut world = World::new(60, 5);
        world.run().await;
        (0..4).for_each(|n| world.corp().dismiss(n));
        let faults = Faults {
            die_after: Some(n),
            ..Faults::default()
        };
        let (_, requests) = world.try_run(faults).await;
        let dead = world.shelf().records.keys().last().cloned().unwrap();
        world.pass(SignedDuration::from_mins(20));
        world.tidy().await;
        let lost = 60 - world.shelf().live_people().len();
        let undo = world.undo(&dead).await;
        if lost > 0 {
            assert_eq!(undo.status, RunStatus::Succeeded, "killed at {n}");
        }
        assert_eq!(world.shelf().live_people().len(), 60, "killed at {n}");
        let shelf = world.shelf();
        let deleted = shelf
            .items
            .values()
            .filter(|i| i.state() == ItemState::Deleted);
        assert_eq!(deleted.count(), 0);
        if n >= requests {
            return;
        }
    }
}

#[tokio::test]
async fn an_undo_that_runs_out_of_time_says_what_to_do_and_is_completed_by_another() {
    let mut stopped = 0;
    for at in 0..30 {
        let (mut world, removing) = a_run_that_deleted().await;
        let request = world.queue_undo(&removing.run);
        // The process sleeps until a few seconds before its deadline.
        let late = request.deadline.duration_since(world.now()) - SignedDuration::from_secs(8);
        let slept = Faults {
            jump: Some((at, late)),
            ..Faults::default()
        };
        let (outcome, _) = world.serve(&request, slept).await;
        assert!(outcome.is_ok(), "request {at}: {outcome:?}");
        let record = world.shelf().records[&request.run].clone();
        let Some(error) = record.error else { continue };
        assert_eq!(error.code, "back_in_part", "request {at}");
        assert_eq!(record.status, RunStatus::Partial, "request {at}");
        stopped += 1;
        let again = world.undo(&removing.run).await;
        assert_eq!(
            again.status,
            RunStatus::Succeeded,
            "request {at}: {again:?}"
        );
        let deleted = |item: &&Item| item.state() == ItemState::Deleted;
        assert_eq!(world.shelf().items.values().filter(deleted).count(), 0);
    }
    assert!(stopped > 3, "{stopped}");
}
