//! The same protection for attributes: one that would be emptied for too many people stays.
//!
//! A new app that may not see mobiles, or an expression that breaks, looks like a company that
//! gave up its telephones (STORIES.md 25). Departments, leaders and direct leaders are no such
//! attributes: they name others, and empty when those leave. A value that gives way to a default
//! is lost as well, and so is that of an attribute that the mapping no longer names: settings that
//! were put without their mapping look like a decision, and would empty everybody.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{AttributeName, DirectoryUser, Fingerprint, ItemKey, ItemKind};

use super::Guarded;
use crate::plan::is_empty;
use crate::{Action, Change, Item, Limits, Plan, RuleLimit, RuleWindow, Standing, TrippedRule};

/// What the guard keeps, and why.
#[derive(Default)]
pub(super) struct Withheld {
    pub guarded: Vec<Guarded>,
    pub tripped: Vec<TrippedRule>,
    /// What it would have kept, were this not the plan that a person applies.
    pub cleared: BTreeSet<AttributeName>,
}

/// Takes the clearings of such attributes out of the plan and says which rules they broke; out of
/// the plan that a person applies, none.
pub(super) fn withhold(
    plan: &mut Plan,
    fingerprint: Fingerprint,
    limits: Limits,
    standing: &Standing,
) -> Withheld {
    let counts = too_many(plan, limits, standing);
    if counts.is_empty() {
        return Withheld::default();
    }
    let attributes: BTreeSet<AttributeName> = counts.keys().cloned().collect();
    if standing.applied_plan == Some(fingerprint) {
        return Withheld {
            cleared: attributes,
            ..Withheld::default()
        };
    }
    let base = plan.base.users;
    let tripped = counts
        .into_iter()
        .map(|(attribute, deletions)| TrippedRule {
            kind: ItemKind::User,
            limit: RuleLimit::Clearing,
            window: RuleWindow::Run,
            value: limits.max_percent,
            deletions,
            base,
            attribute: Some(attribute),
        });
    Withheld {
        tripped: tripped.collect(),
        guarded: withhold_all(plan, &attributes),
        cleared: BTreeSet::new(),
    }
}

/// The attributes that lose their values for too many, and for how many. Those that were kept back
/// before the run handed over were judged then: its creations made the base larger, and would let
/// a part pass where the whole did not. Those that the applied plan cleared were seen by a person.
fn too_many(plan: &Plan, limits: Limits, standing: &Standing) -> BTreeMap<AttributeName, u64> {
    let mut counts = count_clearings(plan);
    for (attribute, lost) in count_lost_to_defaults(plan) {
        *counts.entry(attribute).or_default() += lost;
    }
    let base = plan.base.users;
    counts.retain(|attribute, count| {
        let exceeds = limits.exceeds_percent(*count, base);
        let stays = exceeds || standing.kept_back.contains(attribute);
        stays && !standing.cleared.contains(attribute)
    });
    counts
}

fn count_clearings(plan: &Plan) -> BTreeMap<String, u64> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for attribute in plan.changes.iter().flat_map(clearings) {
        *counts.entry(attribute).or_default() += 1;
    }
    counts
}

/// How many values give way to the default. Nobody here can tell somebody's own value from an older
/// default, so a default that is changed waits for a person as well.
fn count_lost_to_defaults(plan: &Plan) -> BTreeMap<String, u64> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for change in &plan.changes {
        for attribute in lost_to_defaults(plan, change) {
            *counts.entry(attribute.to_owned()).or_default() += 1;
        }
    }
    counts
}

fn lost_to_defaults<'a>(plan: &'a Plan, change: &'a Change) -> impl Iterator<Item = &'a str> {
    let before = match &change.before {
        Some(Item::User(before)) => Some(before),
        _ => None,
    };
    let defaulted = plan.defaulted.get(&change.key()).into_iter().flatten();
    let had = move |name: &&String| before.is_some_and(|b| b.attributes.contains_key(*name));
    defaulted.filter(had).map(String::as_str)
}

/// The attributes that this change empties for a person who stays the same person.
fn clearings(change: &Change) -> Vec<String> {
    let (Some(Item::User(before)), Item::User(after), false) =
        (&change.before, &change.after, change.displaces)
    else {
        return Vec::new();
    };
    let held = before
        .attributes
        .iter()
        .filter(|(_, value)| !is_empty(value));
    let emptied = held.filter(|(name, _)| after.attributes.get(*name).is_none_or(is_empty));
    emptied.map(|(name, _)| name.clone()).collect()
}

/// What each of these people keeps, in the order of the plan.
fn withhold_all(plan: &mut Plan, attributes: &BTreeSet<String>) -> Vec<Guarded> {
    let mut all_guarded = Vec::new();
    let mut rewritten: BTreeMap<ItemKey, Change> = BTreeMap::new();
    for change in std::mem::take(&mut plan.changes) {
        let lost = lost_to_defaults(plan, &change).map(str::to_owned);
        let mut cleared: Vec<String> = clearings(&change).into_iter().chain(lost).collect();
        cleared.retain(|attribute| attributes.contains(attribute));
        if cleared.is_empty() {
            plan.changes.push(change);
            continue;
        }
        all_guarded.extend(guarded(&change, &cleared));
        let change = without_clearings(change, &cleared);
        if is_worth_writing(&change) {
            plan.changes.push(change.clone());
        }
        rewritten.insert(change.key(), change);
    }
    for disable in &mut plan.removals {
        if disable.action == Action::Disable
            && let Some(companion) = rewritten.get(&disable.key())
        {
            follow(disable, companion);
        }
    }
    all_guarded
}

/// The rows of what does not happen; `None` where a default says what stood there anyway.
fn guarded(change: &Change, cleared: &[String]) -> Option<Guarded> {
    let rows = change.changes.iter();
    let rows = rows.filter(|row| cleared.contains(&row.attribute));
    let changes: Vec<_> = rows.cloned().collect();
    let item = change.before.clone().filter(|_| !changes.is_empty())?;
    Some(Guarded { item, changes })
}

fn without_clearings(mut change: Change, cleared: &[String]) -> Change {
    if let (Some(Item::User(before)), Item::User(after)) = (&change.before, &mut change.after) {
        for attribute in cleared {
            put_back(before, after, attribute);
        }
        after.stamp.fingerprint = after.stamp.fingerprint.unsettled();
    }
    change
        .changes
        .retain(|row| !cleared.contains(&row.attribute));
    change
}

fn put_back(before: &DirectoryUser, after: &mut DirectoryUser, attribute: &str) {
    if let Some(value) = before.attributes.get(attribute) {
        after.attributes.insert(attribute.to_owned(), value.clone());
    }
}

/// Without its clearings a change may be nothing; only a mark that must go is still written.
fn is_worth_writing(change: &Change) -> bool {
    let clears_mark = change
        .before
        .as_ref()
        .is_some_and(|b| b.absence().is_some());
    !change.changes.is_empty() || clears_mark
}

/// A disable follows its companion update: it starts from what that one now leaves.
fn follow(disable: &mut Change, companion: &Change) {
    let image = if is_worth_writing(companion) {
        Some(companion.after.clone())
    } else {
        companion.before.clone()
    };
    if let (Some(Item::User(image)), Item::User(after)) = (&image, &mut disable.after) {
        after.attributes.clone_from(&image.attributes);
        after.stamp.fingerprint = after.stamp.fingerprint.unsettled();
    }
    disable.before = image;
}
