//! What administrators said about two records that may be one person (ADR 0021).
//!
//! A word is carried out only while everything that it was said about is still so: a reading that
//! shows the userid, the other record under the internal id from then, and, where that record is
//! live under another userid, a sealed reading that does not show that one. Otherwise nothing
//! changes: it is told as stale, or heard again by the next run when this reading cannot tell.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{AbsenceAnswer, DirectoryUser, InternalId, ItemKey, ItemState, UserKey};

use super::{Heard, Plan, PlanInput, Resolution, Resolved};
use crate::{AbsenceFinding, Item, Reclaimed, notes};

/// The words that this plan carries out.
#[derive(Debug, Default)]
pub(super) struct Words {
    orders: BTreeMap<UserKey, Order>,
    joined: BTreeSet<ItemKey>,
}

/// What is to become of one person's record.
#[derive(Clone, Debug)]
pub(super) enum Order {
    /// It takes the other record's internal id over.
    TakeOver(Box<Reclaimed>),
    /// The detached record is theirs, whatever the names.
    Adopt,
    /// The detached record is somebody else's and moves aside.
    OwnRecord,
}

impl Words {
    /// Hears every word once; what becomes of each stands in `plan.heard`.
    pub(super) fn hear(input: &PlanInput<'_>, plan: &mut Plan) -> Self {
        let mut words = Self::default();
        let mut taken: BTreeSet<InternalId> = BTreeSet::new();
        for (key, resolved) in &input.resolutions {
            let heard = match judge(input, key, resolved) {
                // Two userids cannot both be one person.
                Ok(Order::TakeOver(_)) if !taken.insert(resolved.internal_id.clone()) => {
                    Heard::Stale(notes::resolution_stale(
                        "the other record was joined already",
                    ))
                }
                Ok(order) => {
                    words.carry_out(plan, key, order);
                    Heard::Planned
                }
                Err(heard) => heard,
            };
            plan.heard.insert(key.clone(), heard);
        }
        words
    }

    fn carry_out(&mut self, plan: &mut Plan, key: &UserKey, order: Order) {
        if let Order::TakeOver(other) = &order
            && !other.aside
        {
            self.joined.insert(other.item.key());
            // Should the write fail, the record stands there still: its departments stay until
            // a later run finds it gone.
            plan.occupy(&other.item);
        }
        self.orders.insert(key.clone(), order);
    }

    pub(super) fn order(&self, key: &UserKey) -> Option<&Order> {
        self.orders.get(key)
    }

    /// Goes with the record that takes it over, and in no other way.
    pub(super) fn joins(&self, key: &ItemKey) -> bool {
        self.joined.contains(key)
    }
}

/// The order that carries a word out, or what else becomes of the word.
fn judge(input: &PlanInput<'_>, key: &UserKey, resolved: &Resolved) -> Result<Order, Heard> {
    let stands = match input.before.get(&ItemKey::User(key.clone())) {
        Some(Item::User(user)) => Some(user),
        Some(Item::Department(_)) | None => None,
    };
    let is_joined = stands.is_some_and(|user| {
        user.state() == ItemState::Live && user.internal_id == resolved.internal_id
    });
    match resolved.choice {
        Resolution::Same if is_joined => Err(Heard::Done),
        Resolution::New if is_joined => Err(stale("the detached record was adopted")),
        Resolution::Same => same(input, key, resolved, stands),
        // Of two people with two records nothing has to change.
        Resolution::New => match resolved.detached(key) {
            Some(_) => shown(input, key).map(|()| Order::OwnRecord),
            None => Err(Heard::Done),
        },
    }
}

fn same(
    input: &PlanInput<'_>,
    key: &UserKey,
    resolved: &Resolved,
    stands: Option<&DirectoryUser>,
) -> Result<Order, Heard> {
    let Some(Item::User(other)) = &resolved.other else {
        return Err(stale("the other record is gone"));
    };
    if other.internal_id != resolved.internal_id {
        return Err(stale("another record stands in the other's place"));
    }
    shown(input, key)?;
    if resolved.detached(key).is_some() {
        return Ok(Order::Adopt);
    }
    if !resolved.aside {
        vanished(input, key, other)?;
    }
    match stands.map(DirectoryUser::state) {
        Some(ItemState::Live) => Ok(Order::TakeOver(Box::new(Reclaimed {
            item: Item::User(other.clone()),
            aside: resolved.aside,
        }))),
        // This run creates it.
        None if !resolved.aside => Err(Heard::Later),
        _ => Err(stale("the record under the userid is gone")),
    }
}

/// Does the reading show whoever has the userid?
fn shown(input: &PlanInput<'_>, key: &UserKey) -> Result<(), Heard> {
    if input.people.contains_key(key) {
        return Ok(());
    }
    let item = ItemKey::User(key.clone());
    let comparison = input.comparison;
    // Shown, and the caller could not map it.
    let is_shown = comparison.to_create.contains(&item) || comparison.to_review.contains(&item);
    if is_shown || !input.sealed {
        Err(Heard::Later)
    } else {
        Err(stale("WeCom does not show the userid any more"))
    }
}

/// Is the other userid, which the person had before, really out of use? Its record goes, so that
/// takes a sealed reading, like every removal.
fn vanished(input: &PlanInput<'_>, key: &UserKey, other: &DirectoryUser) -> Result<(), Heard> {
    let other_key = ItemKey::User(other.key());
    let comparison = input.comparison;
    let is_shown = other.key() == *key
        || comparison.to_create.contains(&other_key)
        || comparison.to_review.contains(&other_key);
    match other.state() {
        _ if is_shown => return Err(stale("WeCom shows the other userid again")),
        ItemState::Detached => return Err(stale("the other record is detached")),
        ItemState::Live | ItemState::Deleted if !input.sealed => return Err(Heard::Later),
        ItemState::Live if !comparison.missing.contains(&other_key) => {
            return Err(stale("WeCom shows the other userid again"));
        }
        ItemState::Live | ItemState::Deleted => {}
    }
    match input.absences.get(&other_key) {
        Some(
            AbsenceFinding::OutOfRange | AbsenceFinding::AskedToday(AbsenceAnswer::OutOfRange),
        ) => Err(stale("the other userid is out of range and may be in use")),
        Some(AbsenceFinding::Unknown | AbsenceFinding::AskedToday(_)) => Err(Heard::Later),
        _ => Ok(()),
    }
}

fn stale(why: &str) -> Heard {
    Heard::Stale(notes::resolution_stale(why))
}

impl Resolved {
    /// The other record, if it is detached under the userid itself.
    fn detached(&self, key: &UserKey) -> Option<&DirectoryUser> {
        match &self.other {
            Some(Item::User(other)) if !self.aside && other.key() == *key => {
                let is_it = other.internal_id == self.internal_id;
                (is_it && other.state() == ItemState::Detached).then_some(other)
            }
            _ => None,
        }
    }
}
