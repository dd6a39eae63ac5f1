//! What a sealed snapshot does not show: removals with positive evidence, everything else kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use org_model::{
    AbsenceAnswer, DepartmentId, Generation, ItemKey, ItemState, UserStatus, WriteStamp,
};
use serde_json::Value;

use super::{Plan, PlanInput, order};
use crate::absence::new_mark;
use crate::{AbsenceFinding, Action, AttributeChange, Change, Item, KeptItem, Note, notes};

pub(super) fn plan_missing(input: &PlanInput<'_>, plan: &mut Plan) {
    let mut departments: BTreeMap<DepartmentId, &Item> = BTreeMap::new();
    for key in &input.comparison.missing {
        let Some(before) = input.before.get(key) else {
            plan.unaccounted.push(key.clone());
            continue;
        };
        let finding = input
            .absences
            .get(key)
            .filter(|_| !input.waiting.contains(key));
        match (finding, key) {
            (Some(AbsenceFinding::Gone), _) if before.state() != ItemState::Live => {}
            (Some(AbsenceFinding::Gone), ItemKey::User(_)) => {
                plan.removals
                    .push(deletion(before, input.generation, input.now));
            }
            (Some(AbsenceFinding::Gone), ItemKey::Department(id)) => {
                departments.insert(*id, before);
            }
            (Some(AbsenceFinding::Unasked), _) => {
                plan.occupy(before);
                plan.unasked.push(before.clone());
            }
            (finding, _) => {
                plan.occupy(before);
                let kept = finding.and_then(|finding| keep(before, *finding, input.now));
                plan.kept.extend(kept);
            }
        }
    }
    push_department_deletions(input, plan, &departments);
}

fn push_department_deletions(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    departments: &BTreeMap<DepartmentId, &Item>,
) {
    let parents = departments.iter().map(|(id, item)| match item {
        Item::Department(department) => (*id, department.parent),
        Item::User(_) => (*id, None),
    });
    for id in order::leaf_first(&parents.collect()) {
        if let Some(before) = departments.get(&id) {
            plan.removals
                .push(deletion(before, input.generation, input.now));
        }
    }
}

/// Deleting is soft: everything stays as it was, for display and for undo, but for the status.
fn deletion(before: &Item, generation: Generation, now: Timestamp) -> Change {
    let mut after = before.clone();
    let status = match &mut after {
        Item::User(user) => {
            let status = user.status.as_str();
            user.status = UserStatus::Deleted;
            user.deleted_at = Some(now);
            status
        }
        Item::Department(department) => {
            department.deleted_at = Some(now);
            "active"
        }
    };
    after.set_absence(None);
    after.set_stamp(WriteStamp {
        fingerprint: before.stamp().fingerprint.unsettled(),
        generation,
    });
    Change {
        action: Action::Delete,
        before: Some(before.clone()),
        after,
        displaces: false,
        changes: vec![AttributeChange {
            attribute: "status".to_owned(),
            before: Some(Value::from(status)),
            after: Some(Value::from(UserStatus::Deleted.as_str())),
        }],
        note: None,
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
