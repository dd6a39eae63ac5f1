//! Laws: what holds for every organisation, every mirror and every reading.

use std::collections::BTreeSet;

use org_model::{
    AbsenceAnswer, DirectoryUser, Gap, GapCause, GapPlace, Intent, InternalId, ItemKey, ItemKind,
    MappedUser, OrgSnapshot, SealEvidence, UserStatus, notation::raw_org,
};
use org_plan::notation::{Mirror, Reading, World, mapped};
use org_plan::{Action, Change, HeldItem, Item, Limits, Plan, Standing, Verdict};
use proptest::prelude::*;

use crate::orgs::{Step, Word, organisation, steps};

/// Nothing trips but the last ones, and no organisation here ever comes down to those.
fn lax(world: &mut World) {
    let limits = Limits {
        floor: 1_000,
        max_count: 1_000,
        max_percent: 50,
    };
    world.rules.users = limits;
    world.rules.departments = limits;
}

fn lax_world(text: &str) -> World {
    let mut world = World::default();
    lax(&mut world);
    world.run(&Reading::sealed(text));
    world.pass_hours(1);
    world
}

fn all(plan: &Plan) -> impl Iterator<Item = &Change> {
    plan.changes.iter().chain(&plan.removals)
}

fn is_quiet(plan: &Plan) -> bool {
    all(plan).next().is_none() && plan.unasked.is_empty() && plan.kept.is_empty()
}

/// What the mirror holds, as the reading would say it.
fn assert_equal(mirror: &Mirror, reading: &Reading) {
    let live = mirror.items.values().filter(|item| !is_gone(item));
    let live: BTreeSet<ItemKey> = live.map(Item::key).collect();
    let people = mapped(&reading.snapshot);
    let read: BTreeSet<ItemKey> = reading
        .fingerprints(&people)
        .into_iter()
        .map(|(k, _)| k)
        .collect();
    assert_eq!(live, read);
    for (key, wanted) in people {
        let Item::User(user) = &mirror.items[&ItemKey::User(key)] else {
            panic!("a person is a person")
        };
        assert_eq!(user.userid, wanted.userid);
        assert_eq!(Some(&user.memberships), wanted.memberships.as_ref());
        assert!(wanted.name.is_none_or(|name| name == user.name));
        assert!(
            wanted
                .main_department
                .is_none_or(|main| Some(main) == user.main_department)
        );
        assert!(
            wanted
                .direct_leaders
                .is_none_or(|leaders| leaders == user.direct_leaders)
        );
        assert!(
            wanted
                .status
                .is_none_or(|status| UserStatus::from(status) == user.status)
        );
        for (attribute, intent) in &wanted.attributes {
            match intent {
                org_model::Intent::Set(value) => assert_eq!(&user.attributes[attribute], value),
                org_model::Intent::Clear => assert!(!user.attributes.contains_key(attribute)),
                org_model::Intent::Keep(_) => {}
            }
        }
    }
    assert_equal_departments(mirror, reading);
}

fn assert_equal_departments(mirror: &Mirror, reading: &Reading) {
    for wanted in reading.snapshot.tree().iter() {
        let Item::Department(department) = &mirror.items[&ItemKey::Department(wanted.id)] else {
            panic!("a department is a department")
        };
        assert_eq!(department.parent, wanted.parent);
        assert_eq!(department.name, wanted.name);
        assert_eq!(department.order, wanted.order);
        assert_eq!(Some(&department.leaders), wanted.leaders.as_ref());
    }
}

fn is_gone(item: &Item) -> bool {
    item.state() != org_model::ItemState::Live
}

/// Every prefix of the changes leaves a sound mirror, and writing each twice changes nothing.
fn assert_sound_at_every_prefix<'a>(mirror: &Mirror, changes: impl Iterator<Item = &'a Change>) {
    let mut mirror = mirror.clone();
    assert_eq!(mirror.flaws(), Vec::<String>::new());
    for change in changes {
        mirror.apply(change);
        let once = mirror.clone();
        mirror.apply(change);
        assert_eq!(mirror, once, "twice is once");
        assert_eq!(mirror.flaws(), Vec::<String>::new(), "after {change}");
    }
}

fn permitted_changes(verdict: &Verdict) -> Vec<Change> {
    let permitted = &verdict.permitted;
    let changes = permitted.changes().chain(permitted.removals());
    changes.map(|change| Change::clone(&change)).collect()
}

fn removed_ids(verdict: &Verdict) -> BTreeSet<(InternalId, Action)> {
    let removals = verdict.permitted.removals();
    removals
        .map(|c| (c.after.internal_id().clone(), c.action))
        .collect()
}

proptest! {
    #[test]
    fn a_plan_applied_makes_the_mirror_equal_the_snapshot_and_the_next_plan_empty(
        before in organisation(),
        after in organisation(),
    ) {
        let mut world = lax_world(&before);
        let reading = Reading::sealed(&after);
        assert_sound_at_every_prefix(&world.mirror, all(&world.plan(&reading)));
        let verdict = world.run(&reading);
        prop_assert!(verdict.tripped.is_empty() && verdict.held.is_empty());
        assert_equal(&world.mirror, &reading);
        prop_assert!(is_quiet(&world.plan(&reading)), "{}", world.plan(&reading));
    }

    #[test]
    fn a_sealed_reading_applies_what_an_unsealed_one_withheld(
        before in organisation(),
        after in organisation(),
    ) {
        let mut world = lax_world(&before);
        let reading = Reading::sealed(&after);
        let mut unsealed = reading.clone();
        unsealed.sealed = false;
        world.run(&unsealed);
        let again = world.plan(&unsealed);
        prop_assert!(is_quiet(&again), "{}", again);
        world.run(&reading);
        assert_equal(&world.mirror, &reading);
    }

    #[test]
    fn an_organisation_over_itself_is_no_plan(text in organisation()) {
        let plan = lax_world(&text).plan(&Reading::sealed(&text));
        prop_assert!(is_quiet(&plan), "{plan}");
        prop_assert_eq!(plan.base.users + plan.base.departments, plan.unchanged);
    }

    #[test]
    fn the_order_of_the_listing_does_not_matter(
        before in organisation(),
        (listed, shuffled) in organisation().prop_flat_map(|text| {
            let raw = raw_org(&text);
            let departments = Just(raw.departments.clone()).prop_shuffle();
            let members = Just(raw.members.clone()).prop_shuffle();
            (Just(raw), departments, members)
        }).prop_map(|(raw, departments, members)| {
            let shuffled = org_model::RawOrg { departments, members, ..raw.clone() };
            (raw, shuffled)
        }),
    ) {
        let world = lax_world(&before);
        let plan = |raw| {
            let snapshot = OrgSnapshot::judge(raw, &SealEvidence::default());
            world.plan(&Reading::of(snapshot))
        };
        prop_assert_eq!(plan(listed), plan(shuffled));
    }

    #[test]
    fn a_plan_has_one_fingerprint_whichever_run_makes_it(
        before in organisation(),
        after in organisation(),
    ) {
        let mut world = lax_world(&before);
        let reading = Reading::sealed(&after);
        let first = world.plan(&reading);
        world.generation.0 += 1;
        world.pass_hours(2);
        prop_assert_eq!(first.fingerprint(), world.plan(&reading).fingerprint());
    }

    #[test]
    fn protection_is_monotone(
        before in organisation(),
        after in organisation(),
        also_gone in prop::collection::btree_set("u[0-7]", 0..6),
        floor in 0u32..4,
    ) {
        let mut world = lax_world(&before);
        let limits = Limits { floor, max_count: 3, max_percent: 20 };
        world.rules.users = limits;
        world.rules.departments = limits;
        let fewer = crate::orgs::without(&after, &also_gone);
        let few_removals = world.judge_reading(&Reading::sealed(&after));
        let more_removals = world.judge_reading(&Reading::sealed(&fewer));
        let was_candidate: BTreeSet<_> = few_removals
            .held
            .iter()
            .map(|item| (item.internal_id.clone(), item.action))
            .collect();
        let now_permitted = removed_ids(&more_removals);
        prop_assert!(now_permitted.is_disjoint(&was_candidate));
    }

    #[test]
    fn what_is_held_holds_up_no_creation_and_no_update(
        before in organisation(),
        after in organisation(),
    ) {
        let mut world = lax_world(&before);
        let reading = Reading::sealed(&after);
        let permitted = world.judge_reading(&reading);
        world.rules.paused = true;
        let held = world.judge_reading(&reading);
        prop_assert_eq!(held.permitted.removals().count(), 0);
        let changes = |verdict: &Verdict| -> Vec<Change> {
            verdict.permitted.changes().map(|change| Change::clone(&change)).collect()
        };
        prop_assert_eq!(changes(&permitted), changes(&held));
    }

    #[test]
    fn an_approval_of_one_plan_never_permits_another(
        before in organisation(),
        shown in organisation(),
        later in organisation(),
    ) {
        let mut world = lax_world(&before);
        world.rules.paused = true;
        world.run(&Reading::sealed(&shown));
        world.approve();
        let approved = world.standing.approved.iter();
        let approved: BTreeSet<_> = approved.map(|i| (i.internal_id.clone(), i.action)).collect();
        let verdict = world.run(&Reading::sealed(&later));
        prop_assert!(removed_ids(&verdict).is_subset(&approved));
        prop_assert_eq!(verdict.consumed.len(), verdict.permitted.removals().count());
    }

    #[test]
    fn failed_reads_never_add_a_deletion(
        before in organisation(),
        after in organisation(),
        failed in prop::collection::btree_set(1u32..12, 0..6),
        tree_failed in any::<bool>(),
    ) {
        let world = lax_world(&before);
        let mut raw = raw_org(&after);
        let full = world.plan(&Reading::sealed(&after));
        raw.members.retain(|m| m.listed_in.is_none_or(|id| !failed.contains(&id.0)));
        let gaps = failed.iter().map(|id| Gap {
            what: GapPlace::DepartmentMembers(org_model::DepartmentId(*id)),
            cause: GapCause::NoAnswer,
        });
        raw.gaps.extend(gaps);
        if tree_failed {
            raw.departments.truncate(raw.departments.len() / 2);
            raw.gaps.push(Gap { what: GapPlace::DepartmentTree, cause: GapCause::NoAnswer });
        }
        let partial = Reading::of(OrgSnapshot::judge(raw, &SealEvidence::default()));
        let plan = world.plan(&partial);
        let ids = |plan: &Plan| -> BTreeSet<ItemKey> {
            plan.removals.iter().map(Change::key).collect()
        };
        prop_assert!(ids(&plan).is_subset(&ids(&full)));
        prop_assert!(partial.sealed || plan.removals.is_empty() && plan.kept.is_empty());
        assert_sound_at_every_prefix(&world.mirror, all(&plan));
    }

    #[test]
    fn what_a_sealed_reading_does_not_tell_of_a_person_stays(
        before in organisation(),
        after in organisation(),
        silent in crate::orgs::some_people(),
        half_silent in crate::orgs::some_people(),
    ) {
        let mut world = lax_world(&before);
        let held = world.mirror.clone();
        let untold = crate::orgs::silent_on_departments(&after, &silent);
        let reading = Reading::sealed(&crate::orgs::silent_on_posts(&untold, &half_silent));
        let verdict = world.run(&reading);
        assert_sound_at_every_prefix(&held, permitted_changes(&verdict).iter());
        for (key, told) in mapped(&reading.snapshot) {
            let key = ItemKey::User(key);
            let (old, new) = (held.items.get(&key), &world.mirror.items[&key]);
            if let (Some(Item::User(old)), Item::User(new)) = (old, new) {
                assert_what_is_not_told_stays(&told, old, new);
            }
        }
        let again = world.plan(&reading);
        prop_assert!(again.changes.is_empty(), "{}", again);
        // Told again, nothing is left to say.
        let reading = Reading::sealed(&after);
        world.run(&reading);
        assert_equal(&world.mirror, &reading);
        prop_assert!(is_quiet(&world.plan(&reading)), "{}", world.plan(&reading));
    }

    #[test]
    fn whatever_happens_the_mirror_is_sound_and_removals_have_evidence(days in steps()) {
        let mut world = World::default();
        for day in days {
            live_a_day(&mut world, &day);
        }
    }
}

fn assert_what_is_not_told_stays(told: &MappedUser, old: &DirectoryUser, new: &DirectoryUser) {
    if told.memberships.is_none() {
        assert_eq!(old.memberships, new.memberships);
    }
    for read in told.memberships.iter().flatten() {
        let post = |user: &DirectoryUser| {
            let mut posts = user.memberships.iter().copied();
            posts.find(|m| m.department == read.department)
        };
        if let (Some(old), Some(new)) = (post(old), post(new)) {
            assert!(!told.untold.leads || new.leader >= old.leader);
            assert!(!told.untold.orders || new.order == old.order);
        }
    }
    let stands_in = |main| new.memberships.iter().any(|m| m.department == main);
    if told.main_department.is_none() && old.main_department.is_some_and(stands_in) {
        assert_eq!(old.main_department, new.main_department);
    }
    if told.direct_leaders.is_none() {
        assert_eq!(old.direct_leaders, new.direct_leaders);
    }
    if told.status.is_none() {
        assert_eq!(old.status, new.status);
    }
    if told.name.is_none() {
        assert_eq!(old.name, new.name);
    }
    for (attribute, held) in &old.attributes {
        match told.attributes.get(attribute) {
            None => assert_eq!(None, new.attributes.get(attribute), "no longer mapped"),
            Some(Intent::Keep(_)) => assert_eq!(Some(held), new.attributes.get(attribute)),
            Some(Intent::Set(_) | Intent::Clear) => {}
        }
    }
}

/// One run of whatever kind, and what must be true of it.
fn live_a_day(world: &mut World, day: &Step) {
    world.pass_hours(day.hours);
    world.rules.paused = day.paused;
    match day.word {
        Word::None => {}
        Word::Approve => world.approve(),
        Word::ApproveBut(one) => world.approve_except(&[one]),
        Word::Reject => world.reject(),
    }
    if day.detached {
        detach_all(world);
    }
    let mut reading = Reading::sealed(&day.text).answering(day.answer);
    reading.sealed = day.sealed;
    reading.whole_company = day.whole_company;
    let before = world.mirror.clone();
    let standing = world.standing.clone();
    let verdict = world.run_part(&reading, day.writes);
    assert_sound_at_every_prefix(&before, permitted_changes(&verdict).iter());
    assert_eq!(world.mirror.flaws(), Vec::<String>::new());
    for removal in verdict.permitted.removals() {
        assert!(day.sealed, "an unsealed reading removes nothing");
        let shown = reading.shows(&removal.key());
        assert_eq!(shown, removal.action == Action::Disable);
        assert!(shown || day.answer == AbsenceAnswer::Absent);
        let is_it = |item: &HeldItem| item.internal_id == *removal.after.internal_id();
        let waits = |item: &HeldItem| is_it(item) && (!shown || item.action == removal.action);
        let decided = standing.decided.is_some();
        assert!(
            decided || !standing.waiting.iter().any(waits),
            "what waits is never removed without a word"
        );
        assert!(!standing.kept.iter().any(is_it), "whoever is kept stays");
    }
    if let Some(decided) = &standing.decided {
        assert!(verdict.held.is_empty() && verdict.decided().len() <= decided.len());
    }
    if !day.sealed {
        assert_nothing_shrank(&before, &world.mirror);
    }
}

/// What replacing a source does: nothing is a candidate any more, nothing is lost.
fn detach_all(world: &mut World) {
    world.standing = Standing::default();
    for item in world.mirror.items.values_mut() {
        match item {
            Item::User(user) => user.detached = true,
            Item::Department(department) => department.detached = true,
        }
    }
}

fn assert_nothing_shrank(before: &Mirror, after: &Mirror) {
    for old in before
        .live(ItemKind::User)
        .chain(before.live(ItemKind::Department))
    {
        let new = &after.items[&old.key()];
        assert!(!is_gone(new));
        match (old, new) {
            (Item::User(old), Item::User(new)) => {
                assert!(!old.status.is_open() || new.status.is_open());
                assert!(old.memberships.iter().all(|held| {
                    let mut kept = new.memberships.iter();
                    kept.any(|m| m.department == held.department && m.leader >= held.leader)
                }));
                assert!(
                    old.attributes
                        .keys()
                        .all(|name| new.attributes.contains_key(name))
                );
                assert!(
                    old.direct_leaders
                        .iter()
                        .all(|one| new.direct_leaders.contains(one))
                );
            }
            (Item::Department(old), Item::Department(new)) => {
                assert_eq!(old.parent, new.parent);
                assert!(old.leaders.iter().all(|one| new.leaders.contains(one)));
            }
            _ => panic!("an item changed its kind"),
        }
    }
}
