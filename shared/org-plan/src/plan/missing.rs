//! What a sealed snapshot does not show: removals with positive evidence, everything else kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use org_model::{
    AbsenceAnswer, DepartmentId, Generation, ItemKey, ItemState, UserStatus, WriteStamp,
};
use serde_json::Value;

use super::resolutions::Words;
use super::{Plan, PlanInput, order};
use crate::absence::{accepted_mark, is_accepted, new_mark};
use crate::{AbsenceFinding, Action, AttributeChange, Change, Item, KeptItem, Note, notes};

pub(super) fn plan_missing(input: &PlanInput<'_>, words: &Words, plan: &mut Plan) {
    let mut departments: BTreeMap<DepartmentId, Change> = BTreeMap::new();
    let missing = input.comparison.missing.iter();
    for key in missing.filter(|key| !words.joins(key)) {
        let Some(before) = input.before.get(key) else {
            plan.unaccounted.push(key.clone());
            continue;
        };
        if input.accepted.detach.contains(key) {
            push(plan, &mut departments, detachment(before, input.generation));
            continue;
        }
        if input.accepted.delete.contains(key) {
            plan.accepted.extend(mark_accepted(before, input.now));
        }
        let finding = input
            .absences
            .get(key)
            .filter(|_| !input.waiting.contains(key));
        match finding {
            Some(AbsenceFinding::Gone) if before.state() != ItemState::Live => {}
            Some(AbsenceFinding::Gone) => {
                push(plan, &mut departments, deletion(input, key, before));
            }
            Some(AbsenceFinding::Unasked) => {
                plan.occupy(before);
                plan.unasked.push(before.clone());
            }
            finding => {
                plan.occupy(before);
                let kept = finding.and_then(|finding| keep(before, *finding, input.now));
                plan.kept.extend(kept);
            }
        }
    }
    push_departments(plan, departments);
}

/// A person's removal goes into the plan at once, a department's when all of them are known.
fn push(plan: &mut Plan, departments: &mut BTreeMap<DepartmentId, Change>, removal: Change) {
    match removal.key() {
        ItemKey::User(_) => plan.removals.push(removal),
        ItemKey::Department(id) => drop(departments.insert(id, removal)),
    }
}

fn push_departments(plan: &mut Plan, mut departments: BTreeMap<DepartmentId, Change>) {
    let parents = departments
        .iter()
        .map(|(id, removal)| match &removal.after {
            Item::Department(department) => (*id, department.parent),
            Item::User(_) => (*id, None),
        });
    for id in order::leaf_first(&parents.collect()) {
        plan.removals.extend(departments.remove(&id));
    }
}

/// It stays as it was, and is no part of the mirror any more.
fn detachment(before: &Item, generation: Generation) -> Change {
    let mut after = before.clone();
    match &mut after {
        Item::User(user) => user.detached = true,
        Item::Department(department) => department.detached = true,
    }
    after.set_absence(None);
    after.set_stamp(WriteStamp {
        fingerprint: before.stamp().fingerprint.unsettled(),
        generation,
    });
    Change {
        action: Action::Detach,
        before: Some(before.clone()),
        after,
        displaces: false,
        reclaims: None,
        changes: vec![AttributeChange {
            attribute: "detached".to_owned(),
            before: None,
            after: Some(Value::from(true)),
        }],
        note: Some(notes::range_accepted()),
    }
}

fn mark_accepted(before: &Item, now: Timestamp) -> Option<KeptItem> {
    Some(KeptItem {
        before: before.clone(),
        absence: Some(accepted_mark(before, now)?),
        note: notes::range_accepted(),
    })
}

/// Deleting is soft: everything stays as it was, for display and for undo, but for the status.
fn deletion(input: &PlanInput<'_>, key: &ItemKey, before: &Item) -> Change {
    let mut after = before.clone();
    let status = match &mut after {
        Item::User(user) => {
            let status = user.status.as_str();
            user.status_before = Some(user.status);
            user.status = UserStatus::Deleted;
            user.deleted_at = Some(input.now);
            status
        }
        Item::Department(department) => {
            department.deleted_at = Some(input.now);
            "active"
        }
    };
    after.set_absence(None);
    after.set_stamp(WriteStamp {
        fingerprint: before.stamp().fingerprint.unsettled(),
        generation: input.generation,
    });
    let accepted = input.accepted.delete.contains(key) || is_accepted(before);
    Change {
        action: Action::Delete,
        before: Some(before.clone()),
        after,
        displaces: false,
        reclaims: None,
        changes: vec![AttributeChange {
            attribute: "status".to_owned(),
            before: Some(Value::from(status)),
            after: Some(Value::from(UserStatus::Deleted.as_str())),
        }],
        note: accepted.then(notes::range_accepted),
    }
}

fn keep(before: &Item, finding: AbsenceFinding, now: Timestamp) -> Option<KeptItem> {
    let (note, answer): (Note, AbsenceAnswer) = match finding {
        AbsenceFinding::AbsentOnce => (notes::absent_once(), AbsenceAnswer::Absent),
        AbsenceFinding::OutOfRange | AbsenceFinding::AskedToday(AbsenceAnswer::OutOfRange) => {
            (notes::out_of_range(), AbsenceAnswer::OutOfRange)
        }
        AbsenceFinding::Unknown | AbsenceFinding::AskedToday(_) => {
            (notes::unknown(), AbsenceAnswer::Unknown)
        }
        AbsenceFinding::Gone | AbsenceFinding::Unasked => return None,
    };
    let asked_now = !matches!(finding, AbsenceFinding::AskedToday(_));
    Some(KeptItem {
        before: before.clone(),
        absence: asked_now.then(|| new_mark(before, answer, now)).flatten(),
        note,
    })
}
