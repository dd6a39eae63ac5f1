//! Tree surgery: no orphan and no cycle, whatever is moved, removed, kept, or not written.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{DepartmentId, DepartmentTree, ItemKey, ItemKind, ItemState};
use org_plan::notation::{Mirror, Reading, World};
use org_plan::{Action, Change, Footing, Item, Limits, Verdict};
use proptest::prelude::*;

use crate::orgs::organisation;

fn holding(text: &str) -> World {
    let mut world = World::default();
    let limits = Limits {
        floor: 1_000,
        max_count: 1_000,
        max_percent: 50,
    };
    world.rules.users = limits;
    world.rules.departments = limits;
    world.run(&Reading::sealed(text));
    world.pass_hours(1);
    world
}

/// Applies what is permitted; the mirror is sound after each change.
fn assert_sound_at_every_prefix(mirror: &Mirror, verdict: &Verdict) -> Mirror {
    let mut mirror = mirror.clone();
    let permitted = &verdict.permitted;
    for change in permitted.changes().chain(permitted.removals()) {
        mirror.apply(&change);
        assert_eq!(mirror.flaws(), Vec::<String>::new(), "after {}", *change);
    }
    mirror
}

/// The departments that a run deletes, in its order.
fn deleted(verdict: &Verdict) -> Vec<DepartmentId> {
    let removals = verdict.permitted.removals();
    let keys = removals.map(|change| change.key());
    keys.filter_map(|key| match key {
        ItemKey::Department(id) => Some(id),
        ItemKey::User(_) => None,
    })
    .collect()
}

const CHAIN: &str = "
1 Acme
  2 Law
    3 Tax
      4 Vat
        - an An
  9 Hr
    - k0 Keep
    - k1 Keep
    - k2 Keep
";

#[test]
fn a_whole_subtree_moves_under_a_new_department_with_one_move() {
    let world = holding(CHAIN);
    let after = "
    1 Acme
      9 Hr
        - k0 Keep
        - k1 Keep
        - k2 Keep
      10 Services
        2 Law
          3 Tax
            4 Vat
              - an An
    ";
    insta::assert_snapshot!(world.plan(&Reading::sealed(after)), @r#"
    sealed, 8 unchanged
    create department 10 "Services", parent 1, order 0
    move department 2 "Law", parent 1 -> 10
    "#);
}

#[test]
fn a_chain_is_turned_upside_down_from_the_top() {
    let mut world = holding(CHAIN);
    let after = "
    1 Acme
      4 Vat
        - an An
        3 Tax
          2 Law
      9 Hr
        - k0 Keep
        - k1 Keep
        - k2 Keep
    ";
    let verdict = world.judge_reading(&Reading::sealed(after));
    insta::assert_snapshot!(verdict, @r#"
    move department 4 "Vat", parent 3 -> 1
    move department 3 "Tax", parent 2 -> 4
    move department 2 "Law", parent 1 -> 3
    "#);
    assert_sound_at_every_prefix(&world.mirror, &verdict);
    world.run(&Reading::sealed(after));
    assert!(world.plan(&Reading::sealed(after)).changes.is_empty());
}

#[test]
fn a_parent_that_goes_gives_its_children_away_first() {
    let world = holding(CHAIN);
    let after = "
    1 Acme
      4 Vat
        - an An
      9 Hr
        - k0 Keep
        - k1 Keep
        - k2 Keep
    ";
    let verdict = world.judge_reading(&Reading::sealed(after));
    insta::assert_snapshot!(verdict, @r#"
    move department 4 "Vat", parent 3 -> 1
    delete department 3 "Tax"
    delete department 2 "Law"
    "#);
    assert_sound_at_every_prefix(&world.mirror, &verdict);
}

/// Law, Tax and Vat are gone, and so is An, who stays for one reason or another.
#[test]
fn a_subtree_stays_as_long_as_somebody_in_it_stays() {
    let gone = "
    1 Acme
      9 Hr
        - k0 Keep
        - k1 Keep
        - k2 Keep
    ";
    let reading = Reading::sealed(gone);
    let mut held = holding(CHAIN);
    held.rules.paused = true;
    held.run(&reading);
    held.rules.paused = false;
    let mut kept = held.clone();
    kept.reject();
    let mut out_of_range = holding(CHAIN);
    let answer = (
        ItemKey::User(org_model::UserId::new("an").key()),
        org_model::AbsenceAnswer::OutOfRange,
    );
    let mut not_gone = reading.clone();
    not_gone.answers.extend([answer]);
    out_of_range.run(&not_gone);
    for (mut world, reading) in [
        (held, &reading),
        (kept, &reading),
        (out_of_range, &not_gone),
    ] {
        world.pass_hours(25);
        let verdict = world.run(reading);
        assert_eq!(deleted(&verdict), [], "{verdict}");
        assert_eq!(world.count(ItemKind::Department), 5);
        assert_eq!(world.mirror.flaws(), Vec::<String>::new());
    }
}

#[test]
fn only_the_empty_part_of_a_subtree_goes_leaf_first() {
    let before = "
    1 Acme
      2 Law
        3 Tax
          4 Vat
        5 Patents
          - an An
      8 It
      9 Hr
        - k0 Keep
        - k1 Keep
        - k2 Keep
    ";
    let mut world = holding(before);
    let gone = "1 Acme\n  8 It\n  9 Hr\n    - k0 Keep\n    - k1 Keep\n    - k2 Keep";
    let mut reading = Reading::sealed(gone);
    let an = ItemKey::User(org_model::UserId::new("an").key());
    reading
        .answers
        .insert(an, org_model::AbsenceAnswer::Unknown);
    let verdict = world.run(&reading);
    assert_eq!(deleted(&verdict), [4, 3].map(DepartmentId), "{verdict}");
    let codes: BTreeMap<String, String> = verdict
        .permitted
        .kept()
        .map(|kept| (kept.before.id(), kept.note.code.clone()))
        .collect();
    let told = [("2", "not_empty"), ("5", "not_empty"), ("an", "unknown")];
    assert_eq!(
        codes,
        told.map(|(id, code)| (id.to_owned(), code.to_owned()))
            .into()
    );
    assert_eq!(world.mirror.flaws(), Vec::<String>::new());
}

/// The same organisation with the ids of its departments dealt anew: parents become children,
/// subtrees change places, people move along or stay behind.
fn dealt(text: &str, deal: &[u32]) -> String {
    let ids: Vec<u32> = text.lines().filter_map(department_of).collect();
    let mut dealt = ids.clone();
    dealt.sort_by_key(|id| deal[*id as usize % deal.len()]);
    let renamed: BTreeMap<u32, u32> = ids.into_iter().zip(dealt).collect();
    let line = |line: &str| match department_of(line) {
        None => format!("{line}\n"),
        Some(id) => {
            let (_, rest) = line.split_once(' ').unwrap();
            let (name, rest) = rest.split_once("parent=").unwrap();
            let (parent, rest) = rest.split_once(';').unwrap();
            let parent: u32 = parent.parse().unwrap();
            let parent = renamed.get(&parent).unwrap_or(&parent);
            format!("{} {name}parent={parent};{rest}\n", renamed[&id])
        }
    };
    text.lines().map(line).collect()
}

/// The id of a department that [`organisation`] placed freely.
fn department_of(line: &str) -> Option<u32> {
    let (id, rest) = line.split_once(' ')?;
    rest.starts_with("Team").then(|| id.parse().ok())?
}

/// The same organisation with every department directly below the top moved under a new one.
fn moved_down(text: &str) -> String {
    let line = |line: &str| match department_of(line) {
        Some(_) => line.replace("parent=1;", "parent=20;") + "\n",
        None => format!("{line}\n"),
    };
    let mut moved: String = text.lines().map(line).collect();
    moved.insert_str("1 Acme\n".len(), "20 New; parent=1\n");
    moved
}

/// What an executor does when some writes fail: it goes on with all that still stands.
fn write_but(mirror: &Mirror, verdict: &Verdict, tree: &DepartmentTree, fails: &[bool]) -> Mirror {
    let mut mirror = mirror.clone();
    let mut footing = Footing::default();
    let mut occupied: BTreeSet<DepartmentId> = BTreeSet::new();
    let mut luck = fails.iter().cycle();
    for change in verdict.permitted.changes() {
        let fails = luck.next() == Some(&true);
        if fails || !footing.carries(&change, Some(tree)) {
            footing.lose(&change);
            occupied.extend(change.before.iter().flat_map(Item::departments));
            continue;
        }
        mirror.apply(&change);
        assert_eq!(mirror.flaws(), Vec::<String>::new(), "after {}", *change);
    }
    for removal in verdict.permitted.removals() {
        let stays = match removal.key() {
            ItemKey::Department(id) => occupied.contains(&id),
            ItemKey::User(_) => false,
        };
        if stays || luck.next() == Some(&true) || !stands_as_read(&mirror, &removal) {
            occupied.extend(removal.after.departments());
            continue;
        }
        mirror.apply(&removal);
        assert_eq!(mirror.flaws(), Vec::<String>::new(), "after {}", *removal);
    }
    mirror
}

/// A write is conditional: of a disable whose companion failed there is nothing to disable.
fn stands_as_read(mirror: &Mirror, change: &Change) -> bool {
    let stands = mirror.items.get(&change.key()).map(Item::stamp);
    stands == change.before.as_ref().map(Item::stamp)
}

proptest! {
    #[test]
    fn ids_that_change_places_are_moved_soundly_and_once(
        text in organisation(),
        deal in any::<[u32; 9]>(),
    ) {
        let mut world = holding(&text);
        let reading = Reading::sealed(&dealt(&text, &deal));
        let verdict = world.judge_reading(&reading);
        let applied = assert_sound_at_every_prefix(&world.mirror, &verdict);
        world.run(&reading);
        prop_assert_eq!(&applied, &world.mirror);
        let again = world.plan(&reading);
        prop_assert!(again.changes.is_empty() && again.removals.is_empty(), "{}", again);
    }

    #[test]
    fn subtrees_that_move_under_a_new_department_are_one_move_each(text in organisation()) {
        let world = holding(&text);
        let verdict = world.judge_reading(&Reading::sealed(&moved_down(&text)));
        assert_sound_at_every_prefix(&world.mirror, &verdict);
        let at_the_top = text.lines().filter(|line| {
            department_of(line).is_some() && line.contains("parent=1;")
        });
        let actions = verdict.permitted.changes().map(|change| change.action);
        let moves = actions.filter(|action| *action == Action::Move);
        prop_assert_eq!(moves.count(), at_the_top.count());
        prop_assert_eq!(verdict.permitted.changes().len(), moves_and_one(&verdict));
    }

    /// Any part of those who are gone was held before, and any part of the held is kept.
    #[test]
    fn a_department_goes_only_when_everybody_in_it_is_gone(
        before in organisation(),
        first in crate::orgs::some_people(),
        after in organisation(),
        kept in any::<bool>(),
    ) {
        let mut world = holding(&before);
        world.rules.paused = true;
        world.run(&Reading::sealed(&crate::orgs::without(&before, &first)));
        if kept {
            world.reject();
        }
        world.rules.paused = false;
        let after = crate::orgs::without(&after, &first);
        for _ in 0..2 {
            world.pass_hours(25);
            let verdict = world.judge_reading(&Reading::sealed(&after));
            let stood = world.mirror.clone();
            assert_sound_at_every_prefix(&stood, &verdict);
            world.run(&Reading::sealed(&after));
            prop_assert_eq!(world.mirror.flaws(), Vec::<String>::new());
            for userid in &first {
                let key = ItemKey::User(org_model::UserId::new(userid.as_str()).key());
                let Some(item) = world.mirror.items.get(&key) else { continue };
                prop_assert_eq!(item.state(), ItemState::Live, "{} stays", userid);
                prop_assert_eq!(item.departments(), stood.items[&key].departments());
            }
        }
    }

    #[test]
    fn whichever_writes_fail_the_mirror_is_sound_and_the_next_run_mends_it(
        before in organisation(),
        after in organisation(),
        fails in prop::collection::vec(prop::bool::weighted(0.3), 40),
    ) {
        let mut world = holding(&before);
        let reading = Reading::sealed(&after);
        let verdict = world.judge_reading(&reading);
        let tree = reading.snapshot.tree();
        let whole = write_but(&world.mirror, &verdict, tree, &[false]);
        world.mirror = write_but(&world.mirror, &verdict, tree, &fails);
        world.generation.0 += 1;
        world.run(&reading);
        let plan = world.plan(&reading);
        prop_assert!(plan.changes.is_empty() && plan.removals.is_empty(), "{}", plan);
        let live = |mirror: &Mirror| -> BTreeMap<ItemKey, Vec<DepartmentId>> {
            let items = mirror.items.values();
            let live = items.filter(|item| item.state() == ItemState::Live);
            live.map(|item| (item.key(), item.departments())).collect()
        };
        prop_assert_eq!(live(&world.mirror), live(&whole));
    }

    #[test]
    fn ids_that_change_places_and_fail_in_part_never_close_a_circle(
        text in organisation(),
        deal in any::<[u32; 9]>(),
        fails in prop::collection::vec(prop::bool::weighted(0.3), 40),
    ) {
        let world = holding(&text);
        let reading = Reading::sealed(&dealt(&text, &deal));
        let verdict = world.judge_reading(&reading);
        write_but(&world.mirror, &verdict, reading.snapshot.tree(), &fails);
    }
}

/// The new department and what moves below it; nothing else changes.
fn moves_and_one(verdict: &Verdict) -> usize {
    let changes = verdict.permitted.changes();
    let moves = changes.filter(|change| change.action == Action::Move);
    moves.count() + 1
}
