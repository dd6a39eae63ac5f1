//! Laws of giving back (ADR 0018): for every organisation, every run and every run after it.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{Generation, ItemKey, ItemState};
use org_plan::notation::{Mirror, Reading, World, lost};
use org_plan::{Action, Change, GivenBack, Item, Limits, Lost, Verdict};
use proptest::prelude::*;

use crate::orgs::organisation;

/// A world where only what is meant to trip trips.
fn lax(mut world: World) -> World {
    let limits = Limits {
        floor: 1_000,
        max_count: 1_000,
        max_percent: 50,
    };
    world.rules.users = limits;
    world.rules.departments = limits;
    world
}

/// The changes, what is skipped with its code, and whom it keeps.
fn told(given: &GivenBack) -> String {
    let changes = given
        .permitted
        .changes()
        .map(|change| format!("{}\n", *change));
    let skipped = given.skipped.iter();
    let skipped = skipped.map(|(item, note)| format!("skip {item} [{}]\n", note.code));
    let kept = given.kept.iter().map(|item| format!("keep {item}\n"));
    changes.chain(skipped).chain(kept).collect()
}

/// An item without what every write sets anew.
fn but_for_the_stamp(item: &Item) -> Item {
    let mut item = item.clone();
    match &mut item {
        Item::User(user) => {
            user.stamp.generation = Generation(0);
            user.stamp.fingerprint = org_model::Fingerprint::of("");
            user.absence = None;
        }
        Item::Department(department) => {
            department.stamp.generation = Generation(0);
            department.stamp.fingerprint = org_model::Fingerprint::of("");
            department.absence = None;
        }
    }
    item
}

/// The mirror after each change is sound, and a change that comes twice changes nothing.
fn assert_sound_at_every_prefix(mirror: &Mirror, given: &GivenBack) {
    let mut mirror = mirror.clone();
    assert_eq!(mirror.flaws(), Vec::<String>::new());
    for change in given.permitted.changes() {
        mirror.apply(&change);
        let once = mirror.clone();
        mirror.apply(&change);
        assert_eq!(mirror, once, "twice is once");
        assert_eq!(mirror.flaws(), Vec::<String>::new(), "after {}", *change);
    }
}

fn is_shown(reading: &Reading, change: &Change) -> bool {
    reading.shows(&change.key())
}

fn removed(verdict: &Verdict) -> BTreeMap<ItemKey, Item> {
    let removals = verdict.permitted.removals();
    let removals = removals.filter_map(|change| Some((change.key(), change.before.clone()?)));
    removals.collect()
}

proptest! {
    #[test]
    fn what_a_run_removed_is_as_it_was_and_the_same_reading_removes_it_no_more(
        before in organisation(),
        after in organisation(),
    ) {
        let mut world = lax(World::default());
        world.run(&Reading::sealed(&before));
        world.pass_hours(1);
        let reading = Reading::sealed(&after);
        let verdict = world.run(&reading);
        let was = removed(&verdict);
        let changed = world.mirror.clone();
        let given = world.plan_back(&lost(&verdict));
        prop_assert!(given.skipped.is_empty(), "{}", told(&given));
        prop_assert_eq!(given.kept.len(), was.len());
        assert_sound_at_every_prefix(&world.mirror, &given);
        world.undo(&lost(&verdict));
        for (key, item) in &world.mirror.items {
            let expected = was.get(key).unwrap_or(&changed.items[key]);
            prop_assert_eq!(but_for_the_stamp(item), but_for_the_stamp(expected));
        }
        let fingerprint = given.permitted.changes().all(|change| {
            let before = change.before.as_ref().map(|before| before.stamp().fingerprint);
            before != Some(change.after.stamp().fingerprint)
        });
        prop_assert!(fingerprint, "the next run looks again");
        // Whoever WeCom does not show stays; whoever it shows disabled stays open.
        let again = world.run(&reading);
        prop_assert!(again.permitted.removals().next().is_none(), "{}", again);
        prop_assert!(again.held.is_empty(), "{}", again);
        for key in was.keys() {
            prop_assert_eq!(world.mirror.items[key].state(), ItemState::Live);
        }
        prop_assert_eq!(world.mirror.flaws(), Vec::<String>::new());
    }

    #[test]
    fn undoing_an_older_run_touches_only_what_it_removed_and_is_sound(
        before in organisation(),
        after in organisation(),
        later in organisation(),
        hours in prop::sample::select(vec![1i64, 800]),
    ) {
        let mut world = lax(World::default());
        world.run(&Reading::sealed(&before));
        world.pass_hours(1);
        let reading = Reading::sealed(&after);
        let verdict = world.run(&reading);
        world.pass_hours(hours);
        world.run(&Reading::sealed(&later));
        let lost = lost(&verdict);
        let stood = world.mirror.clone();
        let given = world.plan_back(&lost);
        assert_sound_at_every_prefix(&world.mirror, &given);
        world.undo(&lost);
        for change in given.permitted.changes() {
            let (before, after) = (change.before.as_ref().unwrap(), &change.after);
            prop_assert_eq!(before.internal_id(), after.internal_id());
            prop_assert!(lost.iter().any(|one| one.removed.internal_id == *after.internal_id()));
            prop_assert_eq!(after.state(), ItemState::Live);
            prop_assert!(is_shown(&reading, &change) || change.action == Action::Restore);
        }
        let touched: BTreeSet<ItemKey> = given.permitted.changes().map(|c| c.key()).collect();
        for (key, item) in &stood.items {
            prop_assert!(touched.contains(key) || world.mirror.items[key] == *item);
        }
        prop_assert_eq!(&world.mirror.aside, &stood.aside);
        // Everybody is accounted for, once, and undoing twice is undoing once.
        prop_assert_eq!(touched.len() + given.skipped.len(), lost.len());
        let again = world.plan_back(&lost);
        prop_assert_eq!(again.permitted.changes().len(), 0, "{}", told(&again));
        prop_assert_eq!(again.kept.len(), given.kept.len());
    }

    #[test]
    fn any_part_of_what_was_lost_in_any_order_comes_back_soundly(
        before in organisation(),
        after in organisation(),
        part in any::<[bool; 16]>(),
        turn in any::<prop::sample::Index>(),
    ) {
        let mut world = lax(World::default());
        world.run(&Reading::sealed(&before));
        world.pass_hours(1);
        let verdict = world.run(&Reading::sealed(&after));
        let all = lost(&verdict);
        let mut some: Vec<Lost> = all
            .iter()
            .zip(part.iter().cycle())
            .filter(|(_, chosen)| **chosen)
            .map(|(one, _)| one.clone())
            .collect();
        let in_order = told(&world.plan_back(&some));
        if !some.is_empty() {
            let turn = turn.index(some.len());
            some.rotate_left(turn);
        }
        let given = world.plan_back(&some);
        prop_assert_eq!(&told(&given), &in_order, "the order of the log does not matter");
        assert_sound_at_every_prefix(&world.mirror, &given);
        world.undo(&some);
        let shown = world.run(&Reading::sealed(&after));
        prop_assert!(shown.permitted.removals().next().is_none(), "{}", shown);
        prop_assert_eq!(world.mirror.flaws(), Vec::<String>::new());
        // The rest can follow.
        world.undo(&all);
        let left = world.plan_back(&all);
        prop_assert_eq!(left.permitted.changes().len(), 0, "{}", told(&left));
        let back = left.skipped.iter().all(|(_, note)| note.code == "already_back");
        prop_assert!(back, "{}", told(&left));
    }
}
