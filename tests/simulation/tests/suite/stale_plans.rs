//! A plan that was shown and is not the plan any more is refused, with the difference.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use org_plan::Item;
use simulation::{Faults, World};
use sync_run::{RowResult, RunMode, RunOutcome, RunRecord, RunRequest, RunStatus, Trigger};

async fn shown(world: &mut World) -> RunRecord {
    let plan = world.run_manually(RunMode::Plan, None).await;
    assert_eq!(plan.status, RunStatus::Planned);
    plan
}

async fn apply(world: &mut World, plan: &RunRecord) -> RunRecord {
    let request = world.queue(Trigger::Manual, RunMode::Apply, |queued| {
        queued.expected_plan = plan.plan;
        queued.expected_plan_run = Some(plan.run.clone());
    });
    match world.serve(&request, Faults::default()).await.0.unwrap() {
        RunOutcome::Finished(record) => *record,
        other => panic!("{other:?}"),
    }
}

/// id → code of the rows of a run.
fn told(world: &World, record: &RunRecord) -> BTreeMap<String, String> {
    let shelf = world.shelf();
    let pages = shelf
        .pages
        .iter()
        .filter(|((of, _, _), _)| *of == record.run);
    let rows = pages.flat_map(|(_, page)| page.rows.clone());
    rows.map(|row| {
        assert_eq!(row.result, RowResult::Skipped);
        (row.id, row.code.unwrap())
    })
    .collect()
}

#[tokio::test]
async fn a_stale_plan_is_refused_with_what_is_new_gone_and_different() {
    let mut world = World::new(60, 5);
    world.run().await;
    {
        let mut corp = world.corp();
        corp.hire(100, [1].into());
        corp.hire(101, [1].into());
        corp.people.get_mut("person.0003").unwrap().title = "Director".to_owned();
    }
    let plan = shown(&mut world).await;
    {
        let mut corp = world.corp();
        corp.dismiss(101);
        corp.dismiss(5);
        corp.people.get_mut("person.0003").unwrap().title = "Chief".to_owned();
    }
    let before = world.shelf().items.clone();
    let record = apply(&mut world, &plan).await;
    assert_eq!(record.status, RunStatus::Failed);
    let error = record.error.clone().unwrap();
    assert_eq!(error.code, "stale_plan");
    let numbers = "1 rows are new, 1 are gone, 1 are different";
    assert!(error.message.contains(numbers), "{}", error.message);
    let expected = [
        ("Person.0005", "new_since_plan"),
        ("Person.0101", "gone_since_plan"),
        ("Person.0003", "changed_since_plan"),
    ];
    let expected = expected.map(|(id, code)| (id.to_owned(), code.to_owned()));
    assert_eq!(told(&world, &record), expected.into());
    world.assert_honest(&record);
    assert_eq!(world.shelf().items, before, "nothing was applied");
    assert!(
        world.shelf().notices.is_empty(),
        "whoever asked sees the answer"
    );
}

#[tokio::test]
async fn the_plan_that_was_shown_is_applied() {
    let mut world = World::new(60, 5);
    world.run().await;
    world.corp().hire(100, [1].into());
    world.corp().dismiss(5);
    let plan = shown(&mut world).await;
    let record = apply(&mut world, &plan).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(record.plan, plan.plan);
    world.assert_mirrors(&Default::default());
}

/// The guard over clearings keeps values in every run, each a held row, until a plan with them is
/// applied; a stale plan does not take them for a difference.
#[tokio::test]
async fn guarded_clearings_make_held_rows_until_their_plan_is_applied() {
    let mut world = World::new(100, 5);
    world.run().await;
    let empty = |world: &World| {
        let mut corp = world.corp();
        let some = corp.people.values_mut().take(60);
        some.for_each(|person| person.title = String::new());
    };
    empty(&world);
    for _ in 0..2 {
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Held, "{record:?}");
        assert_eq!(record.rows_with(RowResult::Held), 60);
        world.assert_honest(&record);
        let shelf = world.shelf();
        let pages = shelf
            .pages
            .iter()
            .filter(|((of, _, _), _)| *of == record.run);
        for row in pages.flat_map(|(_, page)| &page.rows) {
            assert_eq!(row.code.as_deref(), Some("clearing_guarded"));
            let change = &row.changes[0];
            assert!(
                change.before.is_some() && change.after.is_none(),
                "{change:?}"
            );
        }
    }
    let plan = shown(&mut world).await;
    world.corp().hire(200, [1].into());
    let stale = apply(&mut world, &plan).await;
    let told: Vec<String> = told(&world, &stale).into_keys().collect();
    assert_eq!(told, ["Person.0200"]);
    let plan = shown(&mut world).await;
    let record = apply(&mut world, &plan).await;
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    let quiet = world.run().await;
    assert_eq!(quiet.status, RunStatus::Succeeded);
}

/// An invocation of seconds, in which every request takes a while.
async fn until_it_hands_over(world: &World, mut request: RunRequest) {
    request.deadline = world.now() + SignedDuration::from_secs(22);
    let slow = Faults {
        slow: SignedDuration::from_millis(20),
        ..Faults::default()
    };
    let outcome = world.serve(&request, slow).await.0.unwrap();
    assert!(matches!(outcome, RunOutcome::HandedOver(_)), "{outcome:?}");
}

fn with_titles(world: &World) -> usize {
    let corp = world.shelf();
    let titled = corp.items.values().filter(|item| match item {
        Item::User(user) => user.attributes.contains_key("title"),
        Item::Department(_) => false,
    });
    titled.count()
}

#[tokio::test]
async fn what_the_guard_keeps_stays_kept_in_the_next_segment() {
    let mut world = World::new(100, 5);
    world.run().await;
    let had = with_titles(&world);
    {
        let mut corp = world.corp();
        let some = corp.people.values_mut().take(40);
        some.for_each(|person| person.title = String::new());
        (1_000..2_400).for_each(|n| corp.hire(n, [1].into()));
    }
    world.pass(SignedDuration::from_hours(1));
    let request = world.request();
    until_it_hands_over(&world, request).await;
    // 40 of those who are here by now would be few enough.
    let record = world.serve_segments(|_| Faults::default()).await.unwrap();
    assert_eq!(record.status, RunStatus::Held, "{record:?}");
    assert_eq!(record.kept_back.get("title"), Some(&40));
    assert_eq!(with_titles(&world), had + 1_400);
}

#[tokio::test]
async fn an_applied_plan_empties_in_each_segment_what_it_was_shown_to_empty() {
    let mut world = World::new(1_500, 5);
    world.run().await;
    let empty = |person: &mut simulation::Person| person.title = String::new();
    world.corp().people.values_mut().for_each(empty);
    let plan = shown(&mut world).await;
    let request = world.queue(Trigger::Manual, RunMode::Apply, |queued| {
        queued.expected_plan = plan.plan;
        queued.expected_plan_run = Some(plan.run.clone());
    });
    until_it_hands_over(&world, request).await;
    assert!(with_titles(&world) > 500);
    let record = world.serve_segments(|_| Faults::default()).await.unwrap();
    assert_eq!(record.status, RunStatus::Succeeded, "{record:?}");
    assert_eq!(with_titles(&world), 0);
}
