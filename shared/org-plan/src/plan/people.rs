//! People: creations, returns, updates and moves; disables as changes of their own.

use std::collections::BTreeMap;

use org_model::{
    DirectoryUser, Fingerprint, Intent, InternalId, ItemKey, ItemKind, ItemState, MappedUser,
    UserKey, UserStatus, WriteStamp,
};

use super::images::{Belief, Draft, draw};
use super::person_rows::rows;
use super::resolutions::{Order, Words};
use super::settle::{Settled, update};
use super::{Plan, PlanInput};
use crate::{Action, Change, Item, KeptItem, Note, Reclaimed, notes};

pub(super) fn plan_people(input: &PlanInput<'_>, words: &Words, plan: &mut Plan) {
    for (key, mapped) in &input.people {
        let key = ItemKey::User(key.clone());
        if input.comparison.to_create.contains(&key) {
            plan.changes.push(create(input, mapped));
        } else if input.comparison.to_review.contains(&key)
            && let Some(Item::User(before)) = input.before.get(&key)
        {
            match words.order(&before.key()) {
                Some(order) => obey(input, plan, mapped, before, order),
                None => review(input, plan, mapped, before),
            }
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
        ItemState::Live => change(input, plan, mapped, before, How::by(Action::Update)),
        ItemState::Deleted if !input.is_retained(before.deleted_at) => {
            plan.changes.push(displace(input, mapped, before, None));
        }
        ItemState::Deleted if !same_name(mapped, before) => {
            let note = Some(notes::userid_reused());
            plan.changes.push(displace(input, mapped, before, note));
        }
        ItemState::Deleted => change(input, plan, mapped, before, How::by(Action::Restore)),
        ItemState::Detached if same_name(mapped, before) => {
            change(input, plan, mapped, before, How::by(Action::Adopt));
        }
        ItemState::Detached => plan.refused.push(KeptItem {
            before: Item::User(before.clone()),
            absence: None,
            note: notes::name_conflict(),
        }),
    }
}

/// What an administrator said of this person goes before what names and dates suggest.
fn obey(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    mapped: &MappedUser,
    before: &DirectoryUser,
    order: &Order,
) {
    let (action, reclaims) = match order {
        Order::TakeOver(other) => (Action::Update, Some(&**other)),
        Order::Adopt => (Action::Adopt, None),
        Order::OwnRecord => {
            let note = Some(notes::resolved_new());
            plan.changes.push(displace(input, mapped, before, note));
            return;
        }
    };
    let how = How {
        action,
        reclaims,
        note: Some(notes::resolved_same()),
    };
    change(input, plan, mapped, before, how);
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
        status_before: None,
        stamp: WriteStamp {
            fingerprint,
            generation: Default::default(),
        },
    }
}

/// How somebody who was there is changed.
struct How<'a> {
    /// How they come back, or `Update` for one who never left.
    action: Action,
    /// The other record of theirs, whose internal id they get.
    reclaims: Option<&'a Reclaimed>,
    /// Said instead of anything else.
    note: Option<Note>,
}

impl How<'_> {
    fn by(action: Action) -> Self {
        Self {
            action,
            reclaims: None,
            note: None,
        }
    }
}

/// A person who was there.
fn change(
    input: &PlanInput<'_>,
    plan: &mut Plan,
    mapped: &MappedUser,
    before: &DirectoryUser,
    how: How<'_>,
) {
    let belief = Belief {
        sealed: input.sealed,
        fresh: how.action != Action::Update,
    };
    let intent = mapped.fingerprint();
    let mut draft = match how.reclaims.map(|other| &other.item) {
        Some(Item::User(other)) => {
            let joined = joined(before, other, mapped);
            draw(&joined, mapped, belief, input.tree)
        }
        _ => draw(before, mapped, belief, input.tree),
    };
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
    let companion = companion(before, &draft, how, settled);
    let before_disable = match &companion {
        Some(change) => change.after.clone(),
        None => Item::User(before.clone()),
    };
    plan.changes.extend(companion);
    let disable = disable(input, draft, intent, before_disable);
    plan.removals.extend(disable);
}

/// One record of two: the earlier internal id, and the earlier values of which this reading says
/// nothing and the later record has none.
fn joined(before: &DirectoryUser, other: &DirectoryUser, mapped: &MappedUser) -> DirectoryUser {
    let mut joined = before.clone();
    joined.internal_id.clone_from(&other.internal_id);
    for (attribute, value) in &other.attributes {
        if let Some(Intent::Keep(_)) = mapped.attributes.get(attribute) {
            let held = joined.attributes.entry(attribute.clone());
            held.or_insert_with(|| value.clone());
        }
    }
    joined
}

/// Everything but the disable; `None` if that is nothing.
fn companion(
    before: &DirectoryUser,
    draft: &Draft,
    how: How<'_>,
    settled: Settled,
) -> Option<Change> {
    let action = match how.action {
        Action::Update if how.reclaims.is_none() && moves(before, &draft.user) => Action::Move,
        action => action,
    };
    let changes = rows(Some(before), &draft.user);
    let kept = (!draft.kept.is_empty()).then(|| notes::values_kept(&draft.kept));
    let (before, after) = (before.clone(), draft.user.clone());
    let (before, after) = (Item::User(before), Item::User(after));
    let change = update(before, after, action, changes, settled, how.note.or(kept))?;
    Some(Change {
        reclaims: how.reclaims.cloned().map(Box::new),
        ..change
    })
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
