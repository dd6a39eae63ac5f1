//! Laws of words: whatever administrators say of whichever records, right or wrong.

use std::collections::BTreeSet;

use org_model::{InternalId, ItemKey, ItemKind, ItemState, UserKey};
use org_plan::notation::{Mirror, Other, Reading, World};
use org_plan::{Change, Heard, Item, Plan, Resolution};
use proptest::prelude::*;
use proptest::sample::Index;

/// Of whom, what, whether of a record that is likely to be meant, and of which.
type Word = (Index, Resolution, bool, Index);

/// A day, and what somebody says before it.
#[derive(Clone, Debug)]
struct Day {
    text: String,
    sealed: bool,
    hours: i64,
    approves: bool,
    detaches: bool,
    words: Vec<Word>,
}

fn days() -> impl Strategy<Value = Vec<Day>> {
    let resolution =
        prop::sample::select(vec![Resolution::Same, Resolution::Same, Resolution::New]);
    let word = (any::<Index>(), resolution, any::<bool>(), any::<Index>());
    let day = (
        crate::orgs::organisation(),
        prop::bool::weighted(0.8),
        prop::sample::select(vec![1i64, 25, 800]),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.15),
        prop::collection::vec(word, 0..4),
    );
    let day = day.prop_map(|(text, sealed, hours, approves, detaches, words)| Day {
        text: namesakes(text),
        sealed,
        hours,
        approves,
        detaches,
        words,
    });
    prop::collection::vec(day, 3..8)
}

/// Two names for everybody, so that renames are suspected.
fn namesakes(mut text: String) -> String {
    for n in 0..8 {
        for name in [" An", " Bo"] {
            text = text.replace(&format!("{name} {n}"), name);
        }
    }
    text
}

fn ids(mirror: &Mirror) -> Vec<InternalId> {
    let items = mirror.items.values().chain(&mirror.aside);
    items.map(|item| item.internal_id().clone()).collect()
}

/// Something to say about this userid: any record that could be meant, and some that cannot.
fn say(world: &mut World, (userid, choice, likely, other): &Word) {
    let people: Vec<UserKey> = world
        .mirror
        .items
        .values()
        .filter_map(|item| match item.key() {
            ItemKey::User(key) => Some(key),
            ItemKey::Department(_) => None,
        })
        .collect();
    if people.is_empty() {
        return;
    }
    let key = userid.get(&people).clone();
    let item = ItemKey::User(key.clone());
    let is_aside = world.mirror.aside.iter().any(|aside| aside.key() == item);
    let mut others = vec![if is_aside {
        Other::Aside
    } else {
        Other::Detached
    }];
    let renamed = people.iter().filter(|one| **one != key).cloned();
    others.extend(renamed.map(Other::Renamed));
    if *likely {
        others.truncate(1);
    }
    let other = other.get(&others).clone();
    world.say(key.as_str(), *choice, other);
}

fn detach_people(world: &mut World) {
    for item in world.mirror.items.values_mut() {
        if let Item::User(user) = item
            && item_is_live(user)
        {
            user.detached = true;
        }
    }
    world.standing = Default::default();
}

fn item_is_live(user: &org_model::DirectoryUser) -> bool {
    user.state() == ItemState::Live && !user.userid.as_str().starts_with('k')
}

fn all(plan: &Plan) -> impl Iterator<Item = &Change> {
    plan.changes.iter().chain(&plan.removals)
}

/// A word that comes to nothing changes nothing.
fn assert_only_words_that_hold_count(world: &World, reading: &Reading, plan: &Plan) {
    assert_eq!(plan.heard.len(), world.said.len(), "every word is heard");
    let mut silent = world.clone();
    silent
        .said
        .retain(|key, _| plan.heard[key] == Heard::Planned);
    let without = silent.plan(reading);
    assert!(all(plan).eq(all(&without)), "{plan}\n{without}");
}

fn live_a_day(world: &mut World, day: &Day) {
    world.pass_hours(day.hours);
    if day.detaches {
        detach_people(world);
    }
    if day.approves {
        world.approve();
    }
    for word in &day.words {
        say(world, word);
    }
    let mut reading = Reading::sealed(&day.text);
    reading.sealed = day.sealed;
    let plan = world.plan(&reading);
    assert_only_words_that_hold_count(world, &reading, &plan);
    let before = world.mirror.clone();
    let verdict = world.run(&reading);
    let mut mirror = before.clone();
    let mut gone: BTreeSet<InternalId> = BTreeSet::new();
    let permitted = &verdict.permitted;
    for change in permitted.changes().chain(permitted.removals()) {
        mirror.apply(&change);
        let once = mirror.clone();
        mirror.apply(&change);
        assert_eq!(mirror, once, "twice is once");
        assert_eq!(mirror.flaws(), Vec::<String>::new(), "after {}", *change);
        if let Some(other) = &change.reclaims {
            assert!(!change.action.is_removal() && change.after.kind() == ItemKind::User);
            assert_eq!(other.item.internal_id(), change.after.internal_id());
            assert!(
                day.sealed || other.aside,
                "an unsealed reading ends no live record"
            );
            gone.extend(
                change
                    .before
                    .as_ref()
                    .map(|item| item.internal_id().clone()),
            );
        }
    }
    let (had, has) = (ids(&before), ids(&world.mirror));
    let unique: BTreeSet<&InternalId> = has.iter().collect();
    assert_eq!(unique.len(), has.len(), "an internal id is one record's");
    let lost: BTreeSet<InternalId> = had.into_iter().filter(|id| !unique.contains(id)).collect();
    assert_eq!(
        lost, gone,
        "only the later record of a pair loses its internal id"
    );
}

proptest! {
    #[test]
    fn no_word_loses_or_doubles_an_internal_id_or_breaks_the_tree(days in days()) {
        let mut world = World::default();
        world.rules.users.floor = 50;
        for day in days {
            live_a_day(&mut world, &day);
        }
    }
}
