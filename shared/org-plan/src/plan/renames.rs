//! Who may only have been renamed: somebody goes, somebody of the same name comes (DESIGN.md §5).
//!
//! A userid that changes looks like a departure and an arrival. Whoever would be deleted while a
//! new person has the same name and the same mobile, mail or main department is named here, and
//! protection holds that deletion. A guess in favour of "the same person" costs a question; one
//! against it costs an internal id with everything that hangs on it, so two people who both fit
//! one newcomer are both named.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{DirectoryUser, Intent, ItemKey, MappedUser};
use serde_json::Value;

use super::settle::is_empty;
use super::{Plan, PlanInput};
use crate::{Action, Change, Item};

/// To be called when all changes and removals are planned.
pub(super) fn suspect_renames(input: &PlanInput<'_>, plan: &mut Plan) {
    let leaving: Vec<&DirectoryUser> = plan.removals.iter().filter_map(deleted_person).collect();
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
        let rank = |(fit, new): &(Fit, &Arrival<'_>)| (*fit, claimed.contains(&new.user.key()));
        if let Some((_, new)) = fitting.min_by_key(rank) {
            claimed.insert(new.user.key());
            renames.insert(ItemKey::User(old.key()), new.user.userid.clone());
        }
    }
    plan.renames = renames;
}

/// Somebody new, with what the reading said of them.
struct Arrival<'a> {
    user: &'a DirectoryUser,
    mapped: &'a MappedUser,
}

/// What two namesakes have in common, the stronger first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Contact,
    MainDepartment,
}

fn deleted_person(removal: &Change) -> Option<&DirectoryUser> {
    match (removal.action, &removal.before) {
        (Action::Delete, Some(Item::User(user))) => Some(user),
        _ => None,
    }
}

/// Everybody who gets a record of their own in this plan, in the order of their userids.
fn by_name<'a>(input: &'a PlanInput<'_>, plan: &'a Plan) -> BTreeMap<&'a str, Vec<Arrival<'a>>> {
    let mut arriving: BTreeMap<&str, Vec<Arrival<'_>>> = BTreeMap::new();
    let created = plan.changes.iter().filter(|c| c.action == Action::Create);
    for change in created {
        if let Item::User(user) = &change.after
            && let Some(mapped) = input.people.get(&user.key())
            && !user.name.trim().is_empty()
        {
            let namesakes = arriving.entry(user.name.trim()).or_default();
            namesakes.push(Arrival { user, mapped });
        }
    }
    arriving
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
    if same_contact {
        return Some(Fit::Contact);
    }
    let main = old.main_department?;
    (new.user.main_department == Some(main)).then_some(Fit::MainDepartment)
}

/// An empty value is nobody's.
fn is_same_value(a: &Value, b: &Value) -> bool {
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => !a.trim().is_empty() && a.trim() == b.trim(),
        _ => !is_empty(a) && a == b,
    }
}
