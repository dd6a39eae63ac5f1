//! The log against the tables (story 13): every row that says "done" is a change of the directory,
//! every change of the directory is a row that says "done", and the counts are the rows.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{DirectoryUser, InternalId, ItemKind, ItemState};
use org_plan::{AttributeChange, Item};
use serde_json::Value;
use sync_run::{Counts, Row, RowResult, RunMode, RunRecord, RunStatus};

use crate::Directory;

/// Before and after of one attribute.
type Step = (Option<Value>, Option<Value>);

/// Holds a run's record and rows against the directory as it was before and after.
pub fn assert_log_agrees(record: &RunRecord, rows: &[Row], before: &Directory, after: &Directory) {
    let run = &record.run;
    let numbers: Vec<u64> = rows.iter().map(|row| row.seq).collect();
    let expected: Vec<u64> = (1..=rows.len() as u64).collect();
    assert_eq!(numbers, expected, "the numbers of the rows of {run}");
    assert_eq!(record.counts, counts(rows), "the counts of {run}");
    assert_status(record);
    if record.mode == RunMode::Plan {
        assert_eq!(before, after, "a plan changes nothing");
        return;
    }
    let mut done: BTreeMap<&InternalId, Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.result == RowResult::Done) {
        done.entry(&row.internal_id).or_default().push(row);
    }
    let joined = joined(rows);
    let given_up: BTreeSet<&InternalId> = joined.values().collect();
    let ids: BTreeSet<&InternalId> = before.0.keys().chain(after.0.keys()).collect();
    for id in ids.difference(&given_up) {
        // Whoever takes another record's internal id over was under their own before.
        let own = joined.get(*id).unwrap_or(id);
        let (old, new) = (before.0.get(own), after.0.get(*id));
        let rows = done.remove(*id).unwrap_or_default();
        assert_item_agrees(run.as_str(), old, new, &rows);
    }
    for id in given_up {
        assert!(!after.0.contains_key(id), "{run}: {id} was given up");
    }
    assert!(done.is_empty(), "{run}: done, and not to be seen: {done:?}");
}

/// Records that were joined: the internal id that stays → the one that was given up for it.
fn joined(rows: &[Row]) -> BTreeMap<InternalId, InternalId> {
    let done = rows.iter().filter(|row| row.result == RowResult::Done);
    let changes = done.flat_map(|row| row.changes.iter().map(move |change| (row, change)));
    let of_ids = changes.filter(|(_, change)| change.attribute == "internal_id");
    let pair = |(row, change): (&Row, &AttributeChange)| {
        let [before, after] = [&change.before, &change.after].map(|id| {
            let text = id.as_ref().and_then(Value::as_str);
            InternalId::new(text.unwrap())
        });
        assert_eq!(row.internal_id, after);
        (after, before)
    };
    of_ids.map(pair).collect()
}

fn counts(rows: &[Row]) -> Counts {
    let mut counts = Counts::new();
    for row in rows {
        let kind = counts.entry(format!("{}s", row.kind.as_str())).or_default();
        *kind
            .entry(row.action)
            .or_default()
            .entry(row.result)
            .or_default() += 1;
    }
    counts
}

/// The worst thing that happened (DESIGN.md §6).
fn assert_status(record: &RunRecord) {
    let asks_wecom = !record.mode.gives_back();
    let error = record.error.as_ref().map(|error| error.code.as_str());
    let worst = if error == Some("cancelled") {
        RunStatus::Cancelled
    } else if error.is_some_and(|code| code != "out_of_time") {
        RunStatus::Failed
    } else if record.mode == RunMode::Plan {
        RunStatus::Planned
    } else if (asks_wecom && record.sealed != Some(true))
        || error.is_some()
        || record.rows_with(RowResult::Failed) > 0
    {
        RunStatus::Partial
    } else if record.rows_with(RowResult::Held) > 0 || !record.kept_back.is_empty() {
        RunStatus::Held
    } else {
        RunStatus::Succeeded
    };
    assert_eq!(record.status, worst, "{record:?}");
}

fn assert_item_agrees(run: &str, old: Option<&Item>, new: Option<&Item>, rows: &[&Row]) {
    let name = new.or(old).map(Item::id).unwrap_or_default();
    assert!(new.is_some(), "{run}: no run removes a record, {name} left");
    let changed = old.map(visible) != new.map(visible);
    // A row without changes only says that a value was kept, and why.
    let told = rows.iter().any(|row| !row.changes.is_empty());
    assert!(
        rows.iter()
            .all(|row| !row.changes.is_empty() || row.code.is_some())
    );
    // A later segment may have found that somebody is again what they were.
    let there_and_back = !changed && rows.len() > 1;
    assert!(
        changed == told || there_and_back,
        "{run}: {name} {old:?} -> {new:?} with rows {rows:?}"
    );
    assert_eq!(steps_of(rows), steps_between(old, new), "{run}: {name}");
    for row in rows {
        let item = new.unwrap();
        assert_eq!((&row.id, row.kind), (&item.id(), item.kind()), "{run}");
        assert_eq!(row.name, item.name(), "{run}: the name in the row");
        let born = row.action == org_plan::Action::Create;
        assert_eq!(born, old.is_none(), "{run}: {name} {:?}", row.action);
        let deleted = row.action == org_plan::Action::Delete;
        assert_eq!(
            deleted,
            item.state() == ItemState::Deleted,
            "{run}: {name} {:?}",
            row.action
        );
    }
}

/// An item without what no person sees: its stamp and its absence mark.
fn visible(item: &Item) -> Value {
    let mut value = serde_json::to_value(item).unwrap();
    for kind in ["user", "department"] {
        if let Some(fields) = value.get_mut(kind).and_then(Value::as_object_mut) {
            fields.remove("stamp");
            fields.remove("absence");
        }
    }
    value
}

/// What the rows tell of one item, first to last.
fn steps_of(rows: &[&Row]) -> BTreeMap<String, Step> {
    let mut steps: BTreeMap<String, Step> = BTreeMap::new();
    let changes = rows
        .iter()
        .flat_map(|row| row.changes.iter().map(|it| (row.kind, it)));
    for (kind, change) in changes {
        // Told only of departments that stay: the seats themselves are compared as `departments`.
        if change.attribute == "order_in_departments" {
            continue;
        }
        let step = (known(kind, &change.before), known(kind, &change.after));
        steps
            .entry(change.attribute.clone())
            .and_modify(|whole| whole.1.clone_from(&step.1))
            .or_insert(step);
    }
    steps.retain(|_, (before, after)| before != after);
    steps
}

/// A department that is not deleted is active, whether or not a row says so.
fn known(kind: ItemKind, value: &Option<Value>) -> Option<Value> {
    let plain = kind == ItemKind::Department && *value == Some(Value::from("active"));
    value.clone().filter(|value| !plain && !is_nothing(value))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn steps_between(old: Option<&Item>, new: Option<&Item>) -> BTreeMap<String, Step> {
    let id_of = |item: &Item| Value::from(item.internal_id().as_str());
    let ids = (old.map(id_of), new.map(id_of));
    let (old, new) = (
        old.map(facts).unwrap_or_default(),
        new.map(facts).unwrap_or_default(),
    );
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let steps = names.into_iter().map(|name| {
        let step = (old.get(name).cloned(), new.get(name).cloned());
        (name.clone(), step)
    });
    // Told only of somebody who takes another record over.
    let joined = ids.0.is_some().then(|| ("internal_id".to_owned(), ids));
    steps
        .chain(joined)
        .filter(|(_, (before, after))| before != after)
        .collect()
}

/// What a row may tell of an item, by the names that rows use; what is empty is left out.
fn facts(item: &Item) -> BTreeMap<String, Value> {
    let mut facts: BTreeMap<String, Value> = BTreeMap::new();
    let mut tell = |name: &str, value: Value| facts.insert(name.to_owned(), value);
    match item {
        Item::User(user) => {
            tell("userid", Value::from(user.userid.as_str()));
            tell("name", Value::from(user.name.as_str()));
            tell("departments", seats(user, |_| true));
            tell("leads", seats(user, |m| m.leader));
            tell("main_department", user.main_department.map(|d| d.0).into());
            let leaders = user.direct_leaders.iter().map(|id| id.as_str());
            tell("direct_leaders", leaders.collect());
            tell("status", Value::from(user.status.as_str()));
            tell("detached", user.detached.then_some(true).into());
            facts.extend(user.attributes.clone());
        }
        Item::Department(department) => {
            tell("name", Value::from(department.name.as_str()));
            tell("parent", department.parent.map(|d| d.0).into());
            tell("order", Value::from(department.order));
            let leaders = department.leaders.iter().map(|id| id.as_str());
            tell("leaders", leaders.collect());
            let deleted = department.deleted_at.map(|_| "deleted");
            tell("status", deleted.into());
            tell("detached", department.detached.then_some(true).into());
        }
    }
    facts.retain(|_, value| !is_nothing(value));
    facts
}

fn seats(user: &DirectoryUser, takes: impl Fn(&org_model::Membership) -> bool) -> Value {
    let seats = user.memberships.iter().filter(|m| takes(m));
    seats.map(|m| m.department.0).collect()
}
