//! Companies in text, and verdicts as numbers.

use org_model::{DepartmentId, ItemKey, UserId};
use org_plan::notation::{Reading, World};
use org_plan::{Action, HeldItem, Limits, Verdict};

/// A company of this many people, `u000` onwards, in department 2, and nobody else.
pub fn company(people: impl IntoIterator<Item = usize>) -> String {
    people_in("1 Acme\n  2 Sales\n", people)
}

pub fn people_in(head: &str, people: impl IntoIterator<Item = usize>) -> String {
    let mut text = head.to_owned();
    for n in people {
        text += &format!("    - u{n:03} Person {n}; active; mobile={n}\n");
    }
    text
}

/// The same company with these people disabled.
pub fn disabled(text: &str, people: impl IntoIterator<Item = usize>) -> String {
    people.into_iter().fold(text.to_owned(), |text, n| {
        let open = format!("Person {n}; active");
        assert!(text.contains(&open), "{open}");
        text.replace(&open, &format!("Person {n}; disabled"))
    })
}

/// What a verdict does, by number; what is not there is not said.
pub fn numbers(verdict: &Verdict) -> String {
    let permitted = &verdict.permitted;
    let counts = [
        ("changes", permitted.changes().len()),
        ("removals", permitted.removals().len()),
        ("held", verdict.held.len()),
        ("still held", verdict.still_held.len()),
        ("released", verdict.released.len()),
        ("consumed", verdict.consumed.len()),
        ("seen again", verdict.kept_released.len()),
    ];
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    let counts = counts.map(|(word, count)| format!("{count} {word}"));
    let rules = verdict.tripped.iter().map(ToString::to_string);
    counts.chain(rules).collect::<Vec<_>>().join(", ")
}

/// One line per run: the readings one after the other, this many hours apart.
pub fn runs(world: &mut World, hours: i64, texts: impl IntoIterator<Item = String>) -> String {
    let lines = texts.into_iter().enumerate().map(|(n, text)| {
        world.pass_hours(if n == 0 { 0 } else { hours });
        format!(
            "{}: {}\n",
            n + 1,
            numbers(&world.run(&Reading::sealed(&text)))
        )
    });
    lines.collect()
}

pub fn with_limits(text: &str, users: Limits) -> World {
    let mut world = World::holding(text);
    world.rules.users = users;
    world
}

pub fn user(userid: &str) -> ItemKey {
    ItemKey::User(UserId::new(userid).key())
}

pub fn department(id: u32) -> ItemKey {
    ItemKey::Department(DepartmentId(id))
}

/// This item as a list would name it.
pub fn held(world: &World, key: &ItemKey, action: Action) -> HeldItem {
    HeldItem::of(&world.mirror.items[key], action)
}
