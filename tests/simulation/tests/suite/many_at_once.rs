//! What comes in great numbers at once: it is told once, and held once.

use jiff::SignedDuration;
use serde_json::json;
use simulation::World;
use sync_run::{HeldState, NoticeKind, RowResult, RunStatus};

fn told(world: &World, kind: NoticeKind) -> usize {
    let shelf = world.shelf();
    shelf.notices.iter().filter(|one| one.kind == kind).count()
}

/// Everybody has so many attributes of their own, which say the title; then these lose it.
fn map(world: &World, full: std::ops::Range<usize>, count: usize) {
    let rule = |number: usize| match full.contains(&number) {
        true => field_map::MappingRule::from("position"),
        false => field_map::MappingRule::from("''"),
    };
    let rules = (0..count).map(|number| (format!("field_{number:02}"), rule(number)));
    world.shelf().settings.mapping = rules.collect();
}

/// Found in review: 49 guarded attributes were more actions than a transaction takes.
#[tokio::test]
async fn many_attributes_kept_at_once_are_one_notice_and_others_another() {
    let mut world = World::new(50, 5);
    map(&world, 0..60, 60);
    let first = world.run().await;
    assert_eq!(first.status, RunStatus::Succeeded, "{first:?}");
    for (kept, notices) in [(59, 1), (59, 1), (60, 2), (60, 2)] {
        map(&world, kept..60, 60);
        let record = world.run().await;
        assert_eq!(record.status, RunStatus::Held, "{record:?}");
        assert_eq!(record.kept_back.len(), kept);
        assert_eq!(told(&world, NoticeKind::ClearingsSkipped), notices);
        let last = world.shelf().notices.last().cloned().unwrap();
        let attributes = last.detail["attributes"].as_array().map(Vec::len);
        assert_eq!(attributes, Some(kept));
        assert_eq!(last.detail["attributes"][0]["attribute"], json!("field_00"));
    }
    // Once a day while it lasts.
    world.pass(SignedDuration::from_hours(25));
    world.run().await;
    assert_eq!(told(&world, NoticeKind::ClearingsSkipped), 3);
}

/// Where the expired lists are too many for one transaction a run may die between their successor
/// and them.
#[tokio::test]
async fn whoever_was_held_anew_by_a_run_that_died_is_not_held_twice() {
    let mut world = World::new(200, 10);
    world.run().await;
    for (gone, lists) in [(0..60, 1), (60..120, 2)] {
        gone.for_each(|n| world.corp().dismiss(n));
        world.run().await;
        assert_eq!(world.waiting_lists().len(), lists);
    }
    let first = world.waiting_lists().remove(0);
    world.pass(SignedDuration::from_hours(73));
    world.run().await;
    let successor = world.waiting_lists();
    assert_eq!(successor.len(), 1);
    assert_eq!(successor[0].remaining().count(), 120);
    let notices = told(&world, NoticeKind::Held);
    // It died before it said of this one that it expired.
    let name = first.list.fingerprint.to_string();
    world.shelf().lists.insert(name.clone(), first);
    let record = world.run().await;
    assert_eq!(record.rows_with(RowResult::Held), 120, "each once");
    assert!(world.waiting_lists() == successor, "held in another list");
    assert_eq!(world.shelf().lists[&name].state, HeldState::Expired);
    assert_eq!(told(&world, NoticeKind::Held), notices);
}
