//! Departments: creations, returns, updates and moves, top-down.

use org_model::{
    Department, DepartmentId, DirectoryDepartment, Fingerprint, InternalId, ItemKey, ItemKind,
    ItemState, WriteStamp,
};

use super::images::grown_leaders;
use super::settle::{Rows, Settled, update};
use super::{Plan, PlanInput, order};
use crate::{Action, AttributeChange, Change, Item};

pub(super) fn plan_departments(input: &PlanInput<'_>, plan: &mut Plan) {
    for id in order::top_down(input.tree) {
        let key = ItemKey::Department(id);
        let Some(department) = input.tree.get(id) else {
            continue;
        };
        if input.comparison.to_create.contains(&key) {
            plan.changes.push(create(input, department));
        } else if input.comparison.to_review.contains(&key) {
            match input.before.get(&key) {
                Some(Item::Department(before)) => {
                    plan.changes.extend(review(input, department, before));
                }
                // It stays below whatever parent it has, and nobody here knows which.
                Some(Item::User(_)) | None => plan.unaccounted.push(key),
            }
        }
    }
}

fn review(
    input: &PlanInput<'_>,
    department: &Department,
    before: &DirectoryDepartment,
) -> Option<Change> {
    match before.state() {
        ItemState::Live => change_live(input, department, before),
        ItemState::Deleted if input.is_retained(before.deleted_at) => {
            Some(take_back(input, department, before, Action::Restore))
        }
        ItemState::Deleted => {
            let mut change = create(input, department);
            change.before = Some(Item::Department(before.clone()));
            change.displaces = true;
            Some(change)
        }
        ItemState::Detached => Some(take_back(input, department, before, Action::Adopt)),
    }
}

fn create(input: &PlanInput<'_>, department: &Department) -> Change {
    let kind = ItemKind::Department.as_str();
    let id = department.id.to_string();
    let internal_id = InternalId::mint(input.source, input.run, kind, &id);
    let after = as_read(input, department, internal_id);
    Change {
        action: Action::Create,
        before: None,
        changes: rows(None, &after),
        after: Item::Department(after),
        displaces: false,
        reclaims: None,
        note: None,
    }
}

/// A department that was deleted or detached and is read again, whatever its name: the people of
/// that id are its people.
fn take_back(
    input: &PlanInput<'_>,
    department: &Department,
    before: &DirectoryDepartment,
    action: Action,
) -> Change {
    let mut after = as_read(input, department, before.internal_id.clone());
    keep_untold_leaders(department, before, &mut after);
    Change {
        action,
        changes: rows(Some(before), &after),
        before: Some(Item::Department(before.clone())),
        after: Item::Department(after),
        displaces: false,
        reclaims: None,
        note: None,
    }
}

fn change_live(
    input: &PlanInput<'_>,
    department: &Department,
    before: &DirectoryDepartment,
) -> Option<Change> {
    let mut after = as_read(input, department, before.internal_id.clone());
    let mut settled = Settled::Yes;
    keep_untold_leaders(department, before, &mut after);
    if !input.sealed {
        let read = std::mem::replace(&mut after.leaders, before.leaders.clone());
        after.parent = before.parent;
        after.leaders = grown_leaders(&before.leaders, &read);
        settled = settled
            .and(after.parent == department.parent)
            .and(after.leaders == read);
        after.stamp = settled.stamp(department.fingerprint(), input.generation);
    }
    let action = if after.parent == before.parent {
        Action::Update
    } else {
        Action::Move
    };
    let changes = rows(Some(before), &after);
    let (before, after) = (Item::Department(before.clone()), Item::Department(after));
    update(before, after, action, changes, settled, None)
}

/// Where the reading says nothing about leaders, the old ones stay.
fn keep_untold_leaders(
    department: &Department,
    before: &DirectoryDepartment,
    after: &mut DirectoryDepartment,
) {
    if department.leaders.is_none() {
        after.leaders.clone_from(&before.leaders);
    }
}

fn as_read(
    input: &PlanInput<'_>,
    department: &Department,
    internal_id: InternalId,
) -> DirectoryDepartment {
    let fingerprint: Fingerprint = department.fingerprint();
    DirectoryDepartment {
        internal_id,
        id: department.id,
        name: department.name.clone(),
        parent: department.parent,
        order: department.order,
        leaders: department.leaders.clone().unwrap_or_default(),
        detached: false,
        absence: None,
        deleted_at: None,
        stamp: WriteStamp {
            fingerprint,
            generation: input.generation,
        },
    }
}

pub(crate) fn rows(
    before: Option<&DirectoryDepartment>,
    after: &DirectoryDepartment,
) -> Vec<AttributeChange> {
    let mut rows = Rows::default();
    rows.compare("name", before.map(|b| &b.name), Some(&after.name));
    let parent = |d: &DirectoryDepartment| d.parent.map(|DepartmentId(id)| id);
    rows.compare("parent", before.map(parent).as_ref(), Some(&parent(after)));
    rows.compare("order", before.map(|b| &b.order), Some(&after.order));
    rows.compare("leaders", before.map(|b| &b.leaders), Some(&after.leaders));
    let status = |d: &DirectoryDepartment| d.deleted_at.map(|_| "deleted");
    rows.compare("status", before.map(status).as_ref(), Some(&status(after)));
    let detached = |d: &DirectoryDepartment| d.detached;
    let was_detached = before.map(detached).filter(|detached| *detached);
    rows.compare("detached", was_detached.as_ref(), None);
    rows.done()
}
