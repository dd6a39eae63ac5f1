//! Who may only have been renamed: somebody goes, somebody of the same name comes (DESIGN.md §5).
//!
//! A userid that changes looks like a departure and an arrival. Whoever would be deleted while a
//! new person has the same name and the same mobile, mail or main department is named here, and
//! protection holds that deletion. A guess in favour of "the same person" costs a question; one
//! against it costs an internal id with everything that hangs on it, so two people who both fit
//! one newcomer are both named. Whoever was not asked about for want of budget is named as well:
//! they may wait with the others, and whoever approves has to know.
//!
//! The newcomer may have come in an earlier run: an unsealed one creates and deletes nobody, and
//! in a narrower range a day passes before anybody is gone. Who is new cannot be told by then, so
//! of people who are there already only an equal mobile or mail counts: WeCom gives either to one
//! person at a time, while a department may well have two of one name.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{DirectoryUser, Intent, ItemKey, ItemState, MappedUser, UserId, UserKey};
use serde_json::Value;

use super::settle::is_empty;
use super::{Plan, PlanInput};
use crate::{Action, Change, Item};

/// To be called when all changes and removals are planned.
pub(super) fn suspect_renames(input: &PlanInput<'_>, plan: &mut Plan) {
    let unasked = plan.unasked.iter().filter_map(person);
    let leaving: Vec<&DirectoryUser> = plan
        .removals
        .iter()
        .filter_map(deleted_person)
        .chain(unasked)
        .collect();
    if leaving.is_empty() {
        return;
    }
    let arriving = by_name(input, plan);
    let mut renames = BTreeMap::new();
    let mut claimed = BTreeSet::new();
    for old in leaving {
        let namesakes = arriving.get(old.name.trim()).into_iter().flatten();
        let fitting = namesakes.filter_map(|new| Some((fit(input, old, new)?, new)));
        // The closest; of several alike one whom nobody else may be; the first by userid.
        let rank = |(fit, new): &(Fit, &Arrival<'_>)| (*fit, claimed.contains(&new.userid.key()));
        if let Some((_, new)) = fitting.min_by_key(rank) {
            claimed.insert(new.userid.key());
            renames.insert(ItemKey::User(old.key()), new.userid.clone());
        }
    }
    plan.renames = renames;
}

/// Somebody whom the reading shows, with what it said of them.
struct Arrival<'a> {
    userid: &'a UserId,
    mapped: &'a MappedUser,
    /// Of whoever is created by this plan; `None`: they were there already.
    created: Option<&'a DirectoryUser>,
}

/// What two namesakes have in common, the stronger first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Contact,
    ContactOfOneWhoIsThere,
    MainDepartment,
}

fn deleted_person(removal: &Change) -> Option<&DirectoryUser> {
    let is_deletion = removal.action == Action::Delete;
    removal
        .before
        .as_ref()
        .filter(|_| is_deletion)
        .and_then(person)
}

fn person(item: &Item) -> Option<&DirectoryUser> {
    match item {
        Item::User(user) => Some(user),
        Item::Department(_) => None,
    }
}

/// Everybody who gets a record of their own in this plan or has one, in the order of their userids.
fn by_name<'a>(input: &'a PlanInput<'_>, plan: &'a Plan) -> BTreeMap<&'a str, Vec<Arrival<'a>>> {
    let created = plan.changes.iter().filter(|c| c.action == Action::Create);
    let created: BTreeMap<UserKey, &DirectoryUser> = created
        .filter_map(|change| match &change.after {
            Item::User(user) => Some((user.key(), user)),
            Item::Department(_) => None,
        })
        .collect();
    let mut arriving: BTreeMap<&str, Vec<Arrival<'_>>> = BTreeMap::new();
    for (key, mapped) in &input.people {
        let created = created.get(key).copied();
        if created.is_none() && !is_there(input, key) {
            continue;
        }
        let name = created.map(|user| user.name.as_str());
        let name = name.or(mapped.name.as_deref()).unwrap_or_default().trim();
        if !name.is_empty() {
            let userid = &mapped.userid;
            arriving.entry(name).or_default().push(Arrival {
                userid,
                mapped,
                created,
            });
        }
    }
    arriving
}

/// Live before this run. Whoever comes back is known, and is no newcomer.
fn is_there(input: &PlanInput<'_>, key: &UserKey) -> bool {
    let key = ItemKey::User(key.clone());
    let before = input.before.get(&key);
    !input.comparison.to_create.contains(&key)
        && before.is_none_or(|before| before.state() == ItemState::Live)
}

fn fit(input: &PlanInput<'_>, old: &DirectoryUser, new: &Arrival<'_>) -> Option<Fit> {
    let mut contacts = input.rules.contact_attributes.iter();
    let same_contact = contacts.any(|attribute| {
        let held = old.attributes.get(attribute);
        // A default that stands in for a value is nobody's own.
        let read = new
            .mapped
            .attributes
            .get(attribute)
            .and_then(Intent::as_set);
        held.zip(read).is_some_and(|(a, b)| is_same_value(a, b))
    });
    match (same_contact, new.created) {
        (true, Some(_)) => return Some(Fit::Contact),
        (true, None) => return Some(Fit::ContactOfOneWhoIsThere),
        (false, _) => {}
    }
    let main = old.main_department?;
    (new.created?.main_department == Some(main)).then_some(Fit::MainDepartment)
}

/// An empty value is nobody's.
fn is_same_value(a: &Value, b: &Value) -> bool {
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => !a.trim().is_empty() && a.trim() == b.trim(),
        _ => !is_empty(a) && a == b,
    }
}
