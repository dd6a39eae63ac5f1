//! People: creations, returns, updates and moves; disables as changes of their own.

use std::collections::BTreeMap;

use org_model::{
    DirectoryUser, Fingerprint, InternalId, ItemKey, ItemKind, ItemState, MappedUser, UserKey,
    UserStatus, WriteStamp,
};

use super::images::{Belief, Draft, draw};
use super::person_rows::rows;
use super::settle::{Settled, update};
use super::{Plan, PlanInput};
use crate::{Action, Change, Item, KeptItem, Note, notes};

pub(super) fn plan_people(input: &PlanInput<'_>, plan: &mut Plan) {
    for (key, mapped) in &input.people {
        let key = ItemKey::User(key.clone());
        if input.comparison.to_create.contains(&key) {
            plan.changes.push(create(input, mapped));
        } else if input.comparison.to_review.contains(&key)
            && let Some(Item::User(before)) = input.before.get(&key)
        {
            review(input, plan, mapped, before);
        }
    }
    occupy_for_the_unmapped(input, plan);
}

/// Somebody the snapshot shows and the caller could not map stays exactly as they are, and so do
/// the departments they stand in.
fn occupy_for_the_unmapped(input: &PlanInput<'_>, plan: &mut Plan) {
    for key in &input.comparison.to_review {
        let ItemKey::User(user) = key else { continue };
        if input.people.contains_key(user) && input.before.contains_key(key) {
            continue;
        }
        match input.before.get(key) {
            Some(item) => plan.occupy(item),
            None => plan.unaccounted.push(key.clone()),
        }
    }
}

fn review(input: &PlanInput<'_>, plan: &mut Plan, mapped: &MappedUser, before: &DirectoryUser) {
    match before.state() {
        ItemState::Live => change(input, plan, mapped, before, Action::Update),
        ItemState::Deleted if !input.is_retained(before.deleted_at) => {
            plan.changes.push(displace(input, mapped, before, None));
        }
        ItemState::Deleted if !same_name(mapped, before) => {
            let note = Some(notes::userid_reused());
            plan.changes.push(displace(input, mapped, before, note));
        }
        ItemState::Deleted => change(input, plan, mapped, before, Action::Restore),
        ItemState::Detached if same_name(mapped, before) => {
            change(input, plan, mapped, before, Action::Adopt);
        }
        ItemState::Detached => plan.refused.push(KeptItem {
            before: Item::User(before.clone()),
            absence: None,
            note: notes::name_conflict(),
        }),
    }
}

/// Whoever has no name is named by their userid, so that is what a return is compared by.
fn same_name(mapped: &MappedUser, before: &DirectoryUser) -> bool {
    let name = mapped.name.as_deref().unwrap_or(mapped.userid.as_str());
    name == before.name
}

fn create(input: &PlanInput<'_>, mapped: &MappedUser) -> Change {
    let key: UserKey = mapped.userid.key();
    let kind = ItemKind::User.as_str();
    let internal_id = InternalId::mint(input.source, input.run, kind, key.as_str());
    let intent = mapped.fingerprint();
    let blank = blank(mapped, internal_id, intent);
    // Nothing can be withheld from somebody who has nothing yet.
    let belief = Belief {
        sealed: true,
        fresh: true,
    };
    let mut user = draw(&blank, mapped, belief, input.tree).user;
    user.stamp = Settled::Yes.stamp(intent, input.generation);
    Change {
        action: Action::Create,
        before: None,
        changes: rows(None, &user),
        after: Item::User(user),
        displaces: false,
        reclaims: None,
        note: None,
    }
}

fn displace(
    input: &PlanInput<'_>,
    mapped: &MappedUser,
    before: &DirectoryUser,
    note: Option<Note>,
) -> Change {
    Change {
        before: Some(Item::User(before.clone())),
        displaces: true,
        note,
        ..create(input, mapped)
    }
}

/// Somebody who has nothing yet. "Deleted" is the status that any other may follow.
fn blank(mapped: &MappedUser, internal_id: InternalId, fingerprint: Fingerprint) -> DirectoryUser {
    DirectoryUser {
        internal_id,
        userid: mapped.userid.clone(),
        name: mapped.userid.to_string(),
        memberships: Vec::new(),
        main_department: None,
        direct_leaders: Vec::new(),
        status: UserStatus::Deleted,
        attributes: BTreeMap::new(),
        detached: false,
        absence: None,
        deleted_at: None,
        stamp: WriteStamp {
            fingerprint,
            generation: Default::default(),
        },
    }
}

/// A person who was there: `action` is how they come back, or `Update` for one who never left.
fn change(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    mapped: &MappedUser,
    before: &DirectoryUser,
    action: Action,
) {
    let belief = Belief {
        sealed: input.sealed,
        fresh: action != Action::Update,
    };
    let intent = mapped.fingerprint();
    let mut draft = draw(before, mapped, belief, input.tree);
    if !draft.defaulted.is_empty() {
        let defaulted = std::mem::take(&mut draft.defaulted);
        let key = ItemKey::User(before.key());
        plan.defaulted.insert(key, defaulted);
    }
    if mapped.memberships.is_none() {
        // Departments that the reading does not show as theirs, and that they stay in.
        plan.occupy(&Item::User(draft.user.clone()));
    }
    // A disable that follows may be held: until it is done, the item is not settled.
    let settled = draft.settled.and(draft.closes_to.is_none());
    draft.user.stamp = settled.stamp(intent, input.generation);
    let action = match action {
        Action::Update if moves(before, &draft.user) => Action::Move,
        _ => action,
    };
    let companion = companion(before, &draft, action, settled);
    let before_disable = match &companion {
        Some(change) => change.after.clone(),
        None => Item::User(before.clone()),
    };
    plan.changes.extend(companion);
    let disable = disable(input, draft, intent, before_disable);
    plan.removals.extend(disable);
}

/// Everything but the disable; `None` if that is nothing.
fn companion(
    before: &DirectoryUser,
    draft: &Draft,
    action: Action,
    settled: Settled,
) -> Option<Change> {
    let changes = rows(Some(before), &draft.user);
    let note = (!draft.kept.is_empty()).then(|| notes::values_kept(&draft.kept));
    let (before, after) = (before.clone(), draft.user.clone());
    let (before, after) = (Item::User(before), Item::User(after));
    update(before, after, action, changes, settled, note)
}

fn moves(before: &DirectoryUser, after: &DirectoryUser) -> bool {
    let departments = |user: &DirectoryUser| -> Vec<_> {
        user.memberships.iter().map(|m| m.department).collect()
    };
    departments(before) != departments(after)
}

fn disable(
    input: &PlanInput<'_>,
    draft: Draft,
    intent: Fingerprint,
    before: Item,
) -> Option<Change> {
    let mut after = draft.user;
    after.status = draft.closes_to?;
    after.stamp = draft.settled.stamp(intent, input.generation);
    let changes = match &before {
        Item::User(before) => rows(Some(before), &after),
        Item::Department(_) => Vec::new(),
    };
    Some(Change {
        action: Action::Disable,
        before: Some(before),
        after: Item::User(after),
        displaces: false,
        reclaims: None,
        changes,
        note: None,
    })
}
