//! Whole runs over the world in memory, one promise each.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use org_model::MemberStatus;
use simulation::World;
use sync_run::{HeldState, NoticeKind, RowResult, RunMode, RunStatus};

fn nobody() -> BTreeSet<String> {
    BTreeSet::new()
}

#[tokio::test]
async fn a_first_run_makes_the_directory_equal_and_the_second_is_quiet() {
    let mut world = World::new(120, 12);
    let first = world.run().await;
    assert_eq!(first.status, RunStatus::Succeeded, "{first:?}");
    world.assert_mirrors(&nobody());
    world.assert_honest(&first);
    let second = world.run().await;
    assert_eq!(second.status, RunStatus::Succeeded);
    assert!(second.counts.is_empty(), "{:?}", second.counts);
}

#[tokio::test]
async fn a_few_departures_pass_and_many_are_held_with_one_notice() {
    let mut world = World::new(200, 10);
    world.run().await;
    (0..3).for_each(|n| world.corp().dismiss(n));
    let small = world.run().await;
    assert_eq!(small.status, RunStatus::Succeeded);
    world.assert_mirrors(&nobody());
    (3..103).for_each(|n| world.corp().dismiss(n));
    world.corp().hire(900, [1].into());
    let large = world.run().await;
    assert_eq!(large.status, RunStatus::Held);
    assert_eq!(large.rows_with(RowResult::Held), 100);
    assert_eq!(
        large.rows_with(RowResult::Done),
        1,
        "the new colleague arrives all the same"
    );
    let again = world.run().await;
    assert_eq!(again.status, RunStatus::Held);
    let notices = world.shelf().notices.clone();
    assert_eq!(
        notices
            .iter()
            .filter(|n| n.kind == NoticeKind::Held)
            .count(),
        1
    );
}

#[tokio::test]
async fn an_approval_removes_exactly_what_was_shown() {
    let mut world = World::new(200, 10);
    world.run().await;
    (0..100).for_each(|n| world.corp().dismiss(n));
    world.run().await;
    world.approve_all();
    world.corp().hire(7, [2].into());
    let approved = world.run().await;
    assert_eq!(approved.status, RunStatus::Succeeded, "{approved:?}");
    world.assert_mirrors(&nobody());
    let list = world.shelf().lists.values().next().unwrap().clone();
    assert_eq!(list.consumed_by, Some(approved.run));
    assert_eq!(
        list.remaining().count(),
        99,
        "the one who came back is no longer part of it"
    );
}

/// Story 21.
#[tokio::test]
async fn four_hundred_held_and_most_return_the_rest_stays_held() {
    let mut world = World::new(2000, 20);
    world.run().await;
    (0..400).for_each(|n| world.corp().dismiss(n));
    world.run().await;
    (20..400).for_each(|n| world.corp().hire(n, [n % 20 + 1].into()));
    let later = world.run().await;
    assert_eq!(later.status, RunStatus::Held);
    assert_eq!(later.rows_with(RowResult::Held), 20);
    let kept = (0..20).map(|n| format!("person.{n:04}")).collect();
    world.assert_mirrors(&kept);
}

#[tokio::test]
async fn an_unanswered_list_removes_nobody_and_says_so() {
    let mut world = World::new(120, 12);
    world.run().await;
    world.corp().deaf.insert(3);
    world.corp().dismiss(0);
    world.corp().hire(500, [4].into());
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Partial);
    assert_eq!(record.sealed, Some(false));
    assert_eq!(record.unsealed_reasons[0].code, "incomplete");
    world.assert_mirrors(&["person.0000".to_owned()].into());
    assert_eq!(
        world.shelf().notices.last().unwrap().kind,
        NoticeKind::RunUnsealed
    );
    world.corp().deaf.clear();
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_mirrors(&nobody());
}

/// Story 4: a list that comes short while everything looks honest.
#[tokio::test]
async fn people_whom_a_short_list_misses_are_asked_and_stay() {
    let mut world = World::new(120, 12);
    world.run().await;
    world.corp().short.insert(3);
    let record = world.run().await;
    assert_eq!(
        record.sealed,
        Some(false),
        "ten people answered by name: more than the floor"
    );
    world.assert_mirrors(&nobody());
}

#[tokio::test]
async fn when_nobody_can_be_asked_everybody_stays() {
    let mut world = World::new(120, 12);
    world.run().await;
    world.corp().silent = true;
    world.corp().dismiss(0);
    let record = world.run().await;
    assert_eq!(record.rows_with(RowResult::Kept), 1);
    world.assert_mirrors(&["person.0000".to_owned()].into());
}

/// Story 10.
#[tokio::test]
async fn a_range_that_shrinks_deletes_nobody_and_is_named() {
    let mut world = World::new(120, 12);
    world.run().await;
    world.corp().range = Some([2, 3].into());
    let record = world.run().await;
    assert_eq!(record.sealed, Some(false));
    assert!(
        record
            .unsealed_reasons
            .iter()
            .any(|r| r.code == "range_narrower")
    );
    world.assert_mirrors(&nobody());
    world.corp().range = None;
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
}

/// Story 26.
#[tokio::test]
async fn half_the_company_disabled_in_one_step_is_held() {
    let mut world = World::new(100, 5);
    world.run().await;
    for person in world.corp().people.values_mut().take(50) {
        person.status = MemberStatus::Disabled;
        person.title = "Former engineer".to_owned();
    }
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held);
    assert_eq!(record.rows_with(RowResult::Held), 50);
    assert_eq!(
        record.rows_with(RowResult::Done),
        50,
        "their titles are updated"
    );
    world.approve_all();
    assert_eq!(world.run().await.status, RunStatus::Succeeded);
    world.assert_mirrors(&nobody());
}

/// Story 22: expiry makes a new list and a new notice, with the same people.
#[tokio::test]
async fn an_expired_list_is_held_anew() {
    let mut world = World::new(200, 10);
    world.run().await;
    (0..100).for_each(|n| world.corp().dismiss(n));
    world.run().await;
    world.pass(SignedDuration::from_hours(73));
    let record = world.run().await;
    assert_eq!(record.status, RunStatus::Held);
    assert_eq!(record.rows_with(RowResult::Held), 100);
    let held = world
        .shelf()
        .notices
        .iter()
        .filter(|n| n.kind == NoticeKind::Held)
        .count();
    assert_eq!(held, 2);
    let waiting = world
        .shelf()
        .lists
        .values()
        .filter(|l| l.state == HeldState::Waiting)
        .count();
    assert_eq!(waiting, 1);
}

/// Story 7.
#[tokio::test]
async fn who_returns_within_retention_has_the_same_internal_id() {
    let mut world = World::new(50, 5);
    world.run().await;
    let id = |world: &World| {
        let shelf = world.shelf();
        let item = shelf
            .items
            .values()
            .find(|i| i.key().to_string() == "person.0007")
            .cloned();
        item.map(|item| item.internal_id().clone())
    };
    let before = id(&world);
    world.corp().dismiss(7);
    world.run().await;
    world.pass(SignedDuration::from_hours(24));
    world.corp().hire(7, [2].into());
    world.run().await;
    assert_eq!(id(&world), before);
    world.corp().dismiss(7);
    world.run().await;
    world.pass(SignedDuration::from_hours(24 * 40));
    world.tidy().await;
    assert_eq!(id(&world), None, "purged");
    world.corp().hire(7, [2].into());
    world.run().await;
    assert_ne!(id(&world), before);
}

/// Story 19, story 17.
#[tokio::test]
async fn silence_is_noticed_once_a_day() {
    let mut world = World::new(20, 3);
    world.run().await;
    world.corp().down = true;
    for _ in 0..10 {
        world.run().await;
        world.tidy().await;
    }
    let count = |kind| {
        world
            .shelf()
            .notices
            .iter()
            .filter(|n| n.kind == kind)
            .count()
    };
    assert_eq!(count(NoticeKind::Silence), 1);
    assert_eq!(count(NoticeKind::RunFailed), 1, "ten failures, one notice");
    world.assert_mirrors(&nobody());
}

/// Story 25: a clearing for everybody is shown by a plan and done by its fingerprint only.
#[tokio::test]
async fn a_mass_clearing_is_shown_by_the_plan_and_applied_by_its_fingerprint() {
    let mut world = World::new(50, 5);
    world.run().await;
    world
        .corp()
        .people
        .values_mut()
        .for_each(|person| person.title.clear());
    let guarded = world.run().await;
    assert_eq!(guarded.rows_with(RowResult::Done), 0);
    let kinds = |world: &World| world.shelf().notices.last().map(|notice| notice.kind);
    assert_eq!(kinds(&world), Some(NoticeKind::ClearingsSkipped));
    let plan = world.run_manually(RunMode::Plan, None).await;
    assert_eq!(plan.status, RunStatus::Planned);
    assert_eq!(
        plan.rows_with(RowResult::Planned),
        50,
        "the plan shows what it would do"
    );
    let applied = world.run_manually(RunMode::Apply, plan.plan).await;
    assert_eq!(applied.rows_with(RowResult::Done), 50, "{applied:?}");
    let stale = world.run_manually(RunMode::Apply, plan.plan).await;
    assert_eq!(stale.error.unwrap().code, "stale_plan");
}

/// What the mapping asks for is part of what an item is compared by.
#[tokio::test]
async fn a_mapping_change_reaches_everybody_at_the_next_run_with_rows() {
    let mut world = World::new(30, 3);
    world.run().await;
    let rule = |value: &str| field_map::MappingRule::from(value);
    world.shelf().settings.mapping = [
        ("title".to_owned(), rule("position + '!'")),
        ("alias".to_owned(), rule("name")),
    ]
    .into();
    let changed = world.run().await;
    assert_eq!(changed.status, RunStatus::Succeeded, "{changed:?}");
    assert_eq!(changed.rows_with(RowResult::Done), 30);
    world.assert_honest(&changed);
    let rows = |world: &World, run: &org_model::RunId| -> Vec<sync_run::Row> {
        let shelf = world.shelf();
        let pages = shelf.pages.iter().filter(|((of, _, _), _)| of == run);
        pages.flat_map(|(_, page)| page.rows.clone()).collect()
    };
    for row in rows(&world, &changed.run) {
        let told: Vec<_> = row.changes.iter().collect();
        assert_eq!(told.len(), 2, "{row:?}");
        assert_eq!(told[0].attribute, "alias");
        assert_eq!(told[1].before, Some("Engineer".into()));
        assert_eq!(told[1].after, Some("Engineer!".into()));
    }
    // An attribute that the mapping no longer names goes from everybody once a person says so.
    world.shelf().settings.mapping = [("alias".to_owned(), rule("name"))].into();
    let guarded = world.run().await;
    assert_eq!(guarded.status, RunStatus::Held, "{guarded:?}");
    assert_eq!(guarded.kept_back, [("title".to_owned(), 30)].into());
    let rows_told = rows(&world, &guarded.run);
    assert_eq!(
        (guarded.rows_with(RowResult::Held), rows_told.len()),
        (30, 30)
    );
    for row in rows_told {
        assert_eq!(row.code.as_deref(), Some("clearing_guarded"), "{row:?}");
    }
    let plan = world.run_manually(RunMode::Plan, None).await;
    let unmapped = world.run_manually(RunMode::Apply, plan.plan).await;
    assert_eq!(unmapped.rows_with(RowResult::Done), 30, "{unmapped:?}");
    for row in rows(&world, &unmapped.run) {
        assert_eq!(row.changes[0].before, Some("Engineer!".into()), "{row:?}");
        assert_eq!(row.changes[0].after, None);
    }
    let quiet = world.run().await;
    assert!(quiet.counts.is_empty(), "{:?}", quiet.counts);
}

#[tokio::test]
async fn the_size_of_the_mirror_is_remembered_with_each_sealed_run() {
    let mut world = World::new(60, 6);
    world.run().await;
    let size = |world: &World| {
        let size = world.shelf().state.mirror_size.unwrap();
        (size.users, size.departments)
    };
    assert_eq!(size(&world), (60, 6));
    (0..3).for_each(|n| world.corp().dismiss(n));
    world.corp().hire(700, [2].into());
    world.run().await;
    assert_eq!(size(&world), (58, 6));
    world.corp().hire(701, [2].into());
    world.corp().deaf.insert(3);
    world.run().await;
    assert_eq!(size(&world), (58, 6), "an unsealed run says nothing of it");
    world.corp().deaf.clear();
    world.corp().hire(1, [2].into());
    world.run().await;
    assert_eq!(
        size(&world),
        (60, 6),
        "one who was there, one who came back"
    );
}

/// WeCom is asked about people in its own spelling, whatever it makes of another one.
#[tokio::test]
async fn whom_a_short_list_leaves_out_is_found_by_name_in_the_exact_spelling() {
    let mut world = World::new(60, 12);
    world.run().await;
    world.corp().exact = true;
    world.corp().short = [12].into();
    let record = world.run().await;
    assert!(
        world.corp().calls["user/get"] > 1,
        "nobody was asked about: {record:?}"
    );
    world.assert_mirrors(&BTreeSet::new());
}
