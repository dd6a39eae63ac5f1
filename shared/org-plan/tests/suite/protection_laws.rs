//! Laws of protection: what holds whatever was held, approved, kept, suspected and removed before.

use std::collections::BTreeSet;

use org_model::{InternalId, ItemKey, ItemKind, ItemState, UserId};
use org_plan::notation::{Mirror, Reading, World};
use org_plan::{
    Action, Change, HeldItem, Item, Limits, Plan, RemovalKey, RemovalsOfDay, RuleLimit, Standing,
    Verdict,
};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::orgs::organisation;

/// A mirror, a reading of its source, and everything that may stand when it is judged.
#[derive(Clone, Debug)]
struct Scene {
    before: String,
    after: String,
    limits: Limits,
    paused: bool,
    waiting: Vec<(Index, bool)>,
    approved: Vec<(Index, bool)>,
    kept: Vec<(Index, bool)>,
    day: Vec<Index>,
    renames: Vec<Index>,
}

/// Some items of the mirror; `true`: a person would be disabled, not deleted.
fn some() -> impl Strategy<Value = Vec<(Index, bool)>> {
    prop::collection::vec((any::<Index>(), any::<bool>()), 0..4)
}

fn scene() -> impl Strategy<Value = Scene> {
    let texts = (organisation(), organisation());
    let limits = (0u32..4, 1u32..6, 5u32..50);
    let limits = limits.prop_map(|(floor, max_count, max_percent)| Limits {
        floor,
        max_count,
        max_percent,
    });
    let indices = || prop::collection::vec(any::<Index>(), 0..5);
    let paused = prop::bool::weighted(0.2);
    (
        texts,
        limits,
        paused,
        [some(), some(), some()],
        indices(),
        indices(),
    )
        .prop_map(
            |((before, after), limits, paused, [waiting, approved, kept], day, renames)| Scene {
                before,
                after,
                limits,
                paused,
                waiting,
                approved,
                kept,
                day,
                renames,
            },
        )
}

impl Scene {
    /// The world that read `before`, with nothing standing.
    fn blank(&self) -> World {
        let mut world = World::default();
        let lax = Limits {
            floor: 1_000,
            max_count: 1_000,
            max_percent: 50,
        };
        (world.rules.users, world.rules.departments) = (lax, lax);
        world.run(&Reading::sealed(&self.before));
        world.pass_hours(25);
        (world.rules.users, world.rules.departments) = (self.limits, self.limits);
        world.rules.paused = self.paused;
        world
    }

    fn world(&self) -> World {
        let mut world = self.blank();
        let live: Vec<Item> = world.mirror.items.values().cloned().collect();
        let held = |picks: &[(Index, bool)]| -> Vec<HeldItem> {
            let one = |(index, disable): &(Index, bool)| {
                let item = index.get(&live);
                let disable = *disable && item.kind() == ItemKind::User;
                HeldItem::of(
                    item,
                    if disable {
                        Action::Disable
                    } else {
                        Action::Delete
                    },
                )
            };
            let all: BTreeSet<HeldItem> = picks.iter().map(one).collect();
            all.into_iter().collect()
        };
        world.standing = Standing {
            waiting: held(&self.waiting),
            approved: held(&self.approved),
            kept: held(&self.kept),
            day: day(
                &live,
                &self.day,
                world.mirror.live(ItemKind::User).count() as u64,
            ),
            ..Standing::default()
        };
        world
    }

    /// The plan of somebody who knows nothing of what stands: protection alone has to heed it.
    fn plan(&self, reading: &Reading) -> Plan {
        let mut plan = self.blank().plan(reading);
        self.suspect(&mut plan);
        plan
    }

    fn suspect(&self, plan: &mut Plan) {
        let removals = plan.removals.iter();
        let gone = removals.filter(|change| change.action == Action::Delete);
        let gone: Vec<ItemKey> = gone.map(Change::key).collect();
        for index in self.renames.iter().filter(|_| !gone.is_empty()) {
            let key = index.get(&gone).clone();
            if matches!(key, ItemKey::User(_)) {
                plan.renames.insert(key, UserId::new("somebody"));
            }
        }
    }

    fn verdict(&self, world: &World) -> Verdict {
        let reading = Reading::sealed(&self.after);
        world.judge(self.plan(&reading), &reading)
    }
}

fn day(live: &[Item], picks: &[Index], base: u64) -> RemovalsOfDay {
    let mut day = RemovalsOfDay::default();
    for (n, index) in picks.iter().enumerate() {
        let item = index.get(live);
        day.removed
            .insert((item.kind(), item.internal_id().clone()));
        // And somebody who is there no more.
        let gone = InternalId::new(format!("gone-{n}"));
        day.removed.insert((item.kind(), gone));
    }
    day.base.users = base + picks.len() as u64;
    day.base.departments = base;
    day
}

fn key(change: &Change) -> RemovalKey {
    (
        change.kind(),
        change.after.internal_id().clone(),
        change.action,
    )
}

fn permitted(verdict: &Verdict) -> BTreeSet<RemovalKey> {
    let removals = verdict.permitted.removals();
    removals.map(|change| key(&change)).collect()
}

fn keys(items: &[HeldItem]) -> BTreeSet<RemovalKey> {
    items.iter().map(HeldItem::removal_key).collect()
}

fn ids(keys: impl IntoIterator<Item = RemovalKey>) -> BTreeSet<(ItemKind, InternalId)> {
    keys.into_iter().map(|(kind, id, _)| (kind, id)).collect()
}

fn changes(verdict: &Verdict) -> Vec<Change> {
    let changes = verdict.permitted.changes();
    changes.map(|change| Change::clone(&change)).collect()
}

/// A rule that holds everything, not one deletion or one attribute.
fn is_tripped(verdict: &Verdict) -> bool {
    let mut rules = verdict.tripped.iter().map(|rule| rule.limit);
    rules.any(|limit| !matches!(limit, RuleLimit::Clearing | RuleLimit::SuspectedRename))
}

/// What a person sees of a mirror, with what stands beside it.
fn essence(mirror: &Mirror) -> (String, Vec<(ItemKey, ItemState)>) {
    let items = mirror.items.iter();
    let states = items.map(|(key, item)| (key.clone(), item.state()));
    (mirror.to_string(), states.collect())
}

proptest! {
    #[test]
    fn a_further_removal_never_makes_another_one_permitted(
        scene in scene(),
        mut also_gone in prop::collection::btree_set("u[0-7]", 0..6),
    ) {
        let world = scene.world();
        // Whoever is held or kept already is no new removal: they stay, and so does what they
        // stand in, which then is no candidate and does not count. Nor is whose deletion was
        // approved: going, they are no more to be disabled, which did count.
        let standing = &world.standing;
        let judged = standing.waiting.iter().chain(&standing.kept);
        for item in judged.chain(&standing.approved) {
            also_gone.remove(&item.id);
        }
        let shown = scene.plan(&Reading::sealed(&scene.after));
        let few = scene.verdict(&world);
        let reading = Reading::sealed(&crate::orgs::without(&scene.after, &also_gone));
        let mut plan = scene.blank().plan(&reading);
        plan.renames = shown.renames;
        let more = world.judge(plan, &reading);
        prop_assert!(permitted(&more).is_disjoint(&keys(&few.held)), "{few}\n{more}");
        prop_assert!(!is_tripped(&few) || is_tripped(&more), "{few}\n{more}");
    }

    #[test]
    fn a_larger_day_never_permits_more(
        scene in scene(),
        more in prop::collection::vec(any::<Index>(), 0..6),
    ) {
        let mut world = scene.world();
        let small = scene.verdict(&world);
        let live: Vec<Item> = world.mirror.items.values().cloned().collect();
        world.standing.day.removed.extend(day(&live, &more, 0).removed);
        let large = scene.verdict(&world);
        prop_assert!(permitted(&large).is_subset(&permitted(&small)), "{small}\n{large}");
        prop_assert!(!is_tripped(&small) || is_tripped(&large));
        // A day that is all of this run adds nothing: the same items count once.
        world.standing.day = RemovalsOfDay::default();
        let none = scene.verdict(&world);
        world.standing.day.count_in(none.base, none.decided());
        world.standing.day.removed.extend(ids(keys(&none.held)));
        let same = scene.verdict(&world);
        prop_assert_eq!(permitted(&same), permitted(&none));
        prop_assert_eq!(same.tripped, none.tripped);
    }

    #[test]
    fn if_a_rule_trips_only_what_was_approved_goes(scene in scene()) {
        let world = scene.world();
        let verdict = scene.verdict(&world);
        let approved = keys(&world.standing.approved);
        let consumed = keys(&verdict.consumed);
        prop_assert!(consumed.is_subset(&approved));
        if is_tripped(&verdict) {
            prop_assert_eq!(permitted(&verdict), consumed);
        } else {
            prop_assert!(verdict.held.iter().all(|item| item.suspected_rename.is_some()));
        }
    }

    #[test]
    fn an_approval_of_a_list_permits_nothing_outside_of_it(scene in scene()) {
        let paused = Scene { paused: true, ..scene };
        let world = paused.world();
        let verdict = paused.verdict(&world);
        let approved = keys(&world.standing.approved);
        prop_assert!(permitted(&verdict).is_subset(&approved));
        prop_assert!(ids(permitted(&verdict)).is_disjoint(&ids(keys(&world.standing.kept))));
    }

    #[test]
    fn whoever_is_kept_is_no_candidate(scene in scene()) {
        let world = scene.world();
        let verdict = scene.verdict(&world);
        let kept = ids(keys(&world.standing.kept));
        let lists = [&verdict.held, &verdict.still_held, &verdict.consumed];
        for list in lists {
            prop_assert!(ids(keys(list)).is_disjoint(&kept), "{verdict}");
        }
        prop_assert!(ids(permitted(&verdict)).is_disjoint(&kept), "{verdict}");
        for mark in verdict.permitted.kept() {
            let id = (mark.before.kind(), mark.before.internal_id().clone());
            prop_assert!(mark.note.code == "not_empty" || !kept.contains(&id), "{}", verdict);
        }
        for item in &verdict.kept_released {
            prop_assert!(Reading::sealed(&scene.after).shows(&item.key().unwrap()));
        }
    }

    #[test]
    fn what_waits_goes_by_an_approval_or_by_being_seen(scene in scene()) {
        let world = scene.world();
        let verdict = scene.verdict(&world);
        let reading = Reading::sealed(&scene.after);
        let approved = keys(&world.standing.approved);
        let gone = ids(permitted(&verdict).difference(&approved).cloned());
        for item in &world.standing.waiting {
            let id = (item.kind, item.internal_id.clone());
            let seen = reading.shows(&item.key().unwrap());
            prop_assert!(seen || !gone.contains(&id), "{item}\n{verdict}");
            let stands = verdict.still_held.contains(item);
            let decided = world.standing.kept.iter().chain(&world.standing.approved);
            let decided = ids(decided.map(HeldItem::removal_key)).contains(&id);
            prop_assert!(seen || decided || stands, "{item}\n{verdict}");
        }
    }

    #[test]
    fn a_suspicion_never_lets_a_person_go(scene in scene()) {
        let world = scene.world();
        let reading = Reading::sealed(&scene.after);
        let plan = scene.plan(&reading);
        let suspected: BTreeSet<ItemKey> = plan.renames.keys().cloned().collect();
        let mut unsuspected = plan.clone();
        unsuspected.renames.clear();
        let with = world.judge(plan, &reading);
        let without = world.judge(unsuspected, &reading);
        let people = |verdict: &Verdict| -> BTreeSet<RemovalKey> {
            let permitted = permitted(verdict).into_iter();
            permitted.filter(|(kind, ..)| *kind == ItemKind::User).collect()
        };
        let approved = keys(&world.standing.approved);
        for removal in with.permitted.removals() {
            let may = approved.contains(&key(&removal)) || !suspected.contains(&removal.key());
            prop_assert!(may, "{}", with);
        }
        if !is_tripped(&without) {
            prop_assert!(people(&with).is_subset(&people(&without)), "{with}\n{without}");
        }
        prop_assert_eq!(changes(&with), changes(&without));
    }

    #[test]
    fn whatever_stands_creations_and_updates_are_those_of_the_free_plan(scene in scene()) {
        let standing = scene.verdict(&scene.world());
        let free = scene.verdict(&scene.blank());
        prop_assert_eq!(changes(&standing), changes(&free));
    }

    #[test]
    fn whatever_stands_every_prefix_of_what_is_permitted_is_sound(scene in scene()) {
        let world = scene.world();
        let verdict = scene.verdict(&world);
        let mut mirror = world.mirror.clone();
        let permitted = &verdict.permitted;
        for change in permitted.changes().chain(permitted.removals()) {
            mirror.apply(&change);
            prop_assert_eq!(mirror.flaws(), Vec::<String>::new(), "after {}\n{}", *change, verdict);
        }
    }

    #[test]
    fn every_removal_of_a_plan_is_accounted_for_once(scene in scene()) {
        let world = scene.world();
        let reading = Reading::sealed(&scene.after);
        let plan = scene.plan(&reading);
        let verdict = world.judge(plan.clone(), &reading);
        let (goes, held) = (permitted(&verdict), keys(&verdict.held));
        prop_assert!(goes.is_disjoint(&held));
        let kept = ids(keys(&world.standing.kept));
        let waiting = ids(keys(&world.standing.waiting));
        let stays = verdict.permitted.kept();
        let stays: BTreeSet<ItemKey> = stays
            .filter(|mark| mark.note.code == "not_empty")
            .map(|mark| mark.before.key())
            .collect();
        for removal in &plan.removals {
            let removal_key = key(removal);
            let id = (removal_key.0, removal_key.1.clone());
            let said = goes.contains(&removal_key) || held.contains(&removal_key);
            let stands = kept.contains(&id) || waiting.contains(&id);
            prop_assert!(said || stands || stays.contains(&removal.key()), "{removal}\n{verdict}");
        }
    }

    #[test]
    fn a_continuation_removes_a_part_of_what_was_decided_and_holds_nothing(
        scene in scene(),
        later in organisation(),
        writes in 0usize..30,
        kept in some(),
        sealed in prop::bool::weighted(0.8),
    ) {
        let mut world = scene.world();
        let first = world.run_part(&Reading::sealed(&scene.after), writes);
        let Some(decided) = world.standing.decided.clone() else {
            return Ok(());
        };
        prop_assert_eq!(&decided, &permitted(&first));
        // Whatever happens between two segments.
        let live: Vec<Item> = world.mirror.items.values().cloned().collect();
        let kept = kept.iter().map(|(index, _)| HeldItem::of(index.get(&live), Action::Delete));
        world.standing.kept.extend(kept);
        world.standing.waiting.append(&mut world.standing.approved);
        world.rules.paused = !world.rules.paused;
        let mut reading = Reading::sealed(&later);
        reading.sealed = sealed;
        let mut plan = world.plan(&reading);
        scene.suspect(&mut plan);
        let verdict = world.judge(plan, &reading);
        prop_assert!(permitted(&verdict).is_subset(&decided), "{first}\n{verdict}");
        prop_assert!(verdict.held.is_empty() && !is_tripped(&verdict), "{verdict}");
        prop_assert!(sealed || permitted(&verdict).is_empty());
        let kept = ids(keys(&world.standing.kept));
        prop_assert!(ids(permitted(&verdict)).is_disjoint(&kept));
        let mut mirror = world.mirror.clone();
        let permitted = &verdict.permitted;
        for change in permitted.changes().chain(permitted.removals()) {
            mirror.apply(&change);
            prop_assert_eq!(mirror.flaws(), Vec::<String>::new(), "after {}\n{}", *change, verdict);
        }
    }

    #[test]
    fn a_run_in_segments_ends_as_if_it_had_not_handed_over(
        scene in scene(),
        writes in prop::collection::vec(0usize..8, 1..12),
    ) {
        let mut whole = scene.world();
        let mut parts = whole.clone();
        let reading = Reading::sealed(&scene.after);
        let verdict = whole.run(&reading);
        // What follows the last of these is a segment with time enough.
        for writes in writes.into_iter().chain([usize::MAX]) {
            parts.run_part(&reading, writes);
            if parts.standing.decided.is_none() {
                break;
            }
        }
        prop_assert_eq!(essence(&parts.mirror), essence(&whole.mirror), "{}", verdict);
    }
}
