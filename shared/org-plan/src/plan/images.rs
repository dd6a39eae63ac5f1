//! The image of a person after a change: what the reading asks for, and what it may not take away.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{
    AttributeName, DepartmentTree, DirectoryUser, Intent, MappedUser, Membership, Untold, UserId,
    UserKey, UserStatus,
};
use serde_json::Value;

use super::settle::{Settled, is_empty};

/// How much of a reading may be believed about one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Belief {
    /// What the reading does not say is proven empty.
    pub sealed: bool,
    /// The person was nobody's, deleted or detached: there is no membership to protect.
    pub fresh: bool,
}

impl Belief {
    fn may_take_memberships(self) -> bool {
        self.sealed || self.fresh
    }
}

/// A person as they will stand, but for a disable, which is a change of its own.
pub(super) struct Draft {
    pub user: DirectoryUser,
    pub settled: Settled,
    /// The status that waits for the disable.
    pub closes_to: Option<UserStatus>,
    /// Values that stay because the reading says nothing: attribute and code.
    pub kept: Vec<(String, String)>,
    /// Values that give way to a default, because the reading shows them empty.
    pub defaulted: BTreeSet<AttributeName>,
}

/// Draws `mapped` over `before`. The stamp is the caller's to set.
pub(super) fn draw(
    before: &DirectoryUser,
    mapped: &MappedUser,
    belief: Belief,
    tree: &DepartmentTree,
) -> Draft {
    let mut draft = Draft {
        user: before.clone(),
        settled: Settled::Yes,
        closes_to: None,
        kept: Vec::new(),
        defaulted: BTreeSet::new(),
    };
    draft.user.userid = mapped.userid.clone();
    if let Some(name) = &mapped.name {
        draft.user.name.clone_from(name);
    }
    draft.user.detached = false;
    draft.user.absence = None;
    draft.user.deleted_at = None;
    draft.user.status_before = None;
    match &mapped.memberships {
        Some(read) => draft.draw_memberships(read, mapped.untold, belief),
        None => draft.keep_memberships(belief, tree),
    }
    draft.draw_main_department(mapped);
    draft.draw_leaders(mapped, belief);
    draft.draw_status(mapped, belief);
    draft.draw_attributes(mapped, belief);
    draft
}

impl Draft {
    fn draw_memberships(&mut self, read: &[Membership], untold: Untold, belief: Belief) {
        let held = std::mem::take(&mut self.user.memberships);
        let mut drawn = read.to_vec();
        if !belief.fresh {
            keep_untold(&held, &mut drawn, untold);
        }
        self.note_kept("leads", read, &drawn, |m| u32::from(m.leader));
        self.note_kept("order_in_departments", read, &drawn, |m| m.order);
        if !belief.may_take_memberships() {
            drawn = grown_memberships(&held, &drawn);
        }
        self.settled = self.settled.and(drawn == read);
        self.user.memberships = drawn;
    }

    fn note_kept(
        &mut self,
        attribute: &str,
        read: &[Membership],
        drawn: &[Membership],
        value: impl Fn(&Membership) -> u32,
    ) {
        if !read.iter().map(&value).eq(drawn.iter().map(&value)) {
            self.kept.push((attribute.to_owned(), "absent".to_owned()));
        }
    }

    /// The reading says nothing about memberships: the old ones stay, whatever else it proves.
    fn keep_memberships(&mut self, belief: Belief, tree: &DepartmentTree) {
        if belief.fresh {
            // Nobody kept the departments of somebody who was gone: some may be gone as well.
            let held = &mut self.user.memberships;
            held.retain(|membership| tree.contains(membership.department));
        }
        if !self.user.memberships.is_empty() {
            // The next run looks again, so that the departments are known to be in use.
            self.settled = Settled::No;
            self.kept
                .push(("departments".to_owned(), "absent".to_owned()));
        }
    }

    fn draw_main_department(&mut self, mapped: &MappedUser) {
        let stands_in = |main| self.user.memberships.iter().any(|m| m.department == main);
        self.user.main_department = mapped
            .main_department
            // An absent field keeps the old value as long as that still makes sense.
            .or_else(|| self.user.main_department.filter(|main| stands_in(*main)));
    }

    fn draw_leaders(&mut self, mapped: &MappedUser, belief: Belief) {
        let Some(read) = &mapped.direct_leaders else {
            return;
        };
        if belief.may_take_memberships() {
            self.user.direct_leaders.clone_from(read);
        } else {
            let grown = grown_leaders(&self.user.direct_leaders, read);
            self.settled = self.settled.and(grown == *read);
            self.user.direct_leaders = grown;
        }
    }

    fn draw_status(&mut self, mapped: &MappedUser, belief: Belief) {
        if self.user.status == UserStatus::Deleted {
            self.user.status = mapped.status.map_or(UserStatus::Active, UserStatus::from);
            return;
        }
        let Some(wanted) = mapped.status.map(UserStatus::from) else {
            return;
        };
        if !self.user.status.is_open() || wanted.is_open() {
            self.user.status = wanted;
        } else if belief.sealed {
            self.closes_to = Some(wanted);
        } else {
            self.settled = Settled::No;
        }
    }

    fn draw_attributes(&mut self, mapped: &MappedUser, belief: Belief) {
        // What the mapping no longer names goes: that is the settings' word and no finding of a
        // reading, so an unsealed one takes it as well. For many people at once the guard over
        // clearings keeps it (`protection/clearing.rs`).
        self.user
            .attributes
            .retain(|attribute, _| mapped.attributes.contains_key(attribute));
        for (attribute, intent) in &mapped.attributes {
            self.draw_attribute(attribute, intent, mapped.defaults.get(attribute), belief);
        }
    }

    fn draw_attribute(
        &mut self,
        attribute: &AttributeName,
        intent: &Intent<Value>,
        default: Option<&Value>,
        belief: Belief,
    ) {
        let held = self.user.attributes.get(attribute);
        let holds_value = held.is_some_and(|value| !is_empty(value));
        match intent {
            Intent::Set(value) if !is_empty(value) => self.put(attribute, Some(value)),
            // An empty value is no value, however it was said.
            Intent::Set(_) | Intent::Clear if holds_value && held != default => {
                if belief.sealed {
                    self.put(attribute, default);
                    let named = default.map(|_| attribute.clone());
                    self.defaulted.extend(named);
                } else {
                    self.settled = Settled::No;
                }
            }
            Intent::Keep(code) if holds_value => {
                self.kept.push((attribute.clone(), code.clone()));
            }
            // Nothing is held, or the default itself.
            Intent::Set(_) | Intent::Clear | Intent::Keep(_) => {
                if default.is_some() {
                    self.put(attribute, default);
                }
            }
        }
    }

    fn put(&mut self, attribute: &AttributeName, value: Option<&Value>) {
        let attributes = &mut self.user.attributes;
        match value {
            Some(value) if attributes.get(attribute) == Some(value) => {}
            Some(value) => {
                attributes.insert(attribute.clone(), value.clone());
            }
            None => {
                attributes.remove(attribute);
            }
        }
    }
}

/// Fills in what the record leaves open of departments that the person stood in before.
fn keep_untold(held: &[Membership], read: &mut [Membership], untold: Untold) {
    for membership in read {
        let mut held = held.iter();
        let Some(held) = held.find(|held| held.department == membership.department) else {
            continue;
        };
        if untold.leads {
            membership.leader |= held.leader;
        }
        if untold.orders {
            membership.order = held.order;
        }
    }
}

/// What both say, and neither less: departments, and leadership of them, only grow.
fn grown_memberships(held: &[Membership], read: &[Membership]) -> Vec<Membership> {
    let mut grown: BTreeMap<_, _> = held.iter().map(|m| (m.department, *m)).collect();
    for membership in read {
        let led = grown
            .get(&membership.department)
            .is_some_and(|held| held.leader);
        let mut membership = *membership;
        membership.leader |= led;
        grown.insert(membership.department, membership);
    }
    grown.into_values().collect()
}

/// The reading's own list where it has everybody that is held, else the held ones and the new.
pub(super) fn grown_leaders(held: &[UserId], read: &[UserId]) -> Vec<UserId> {
    let keys = |leaders: &[UserId]| leaders.iter().map(UserId::key).collect::<Vec<UserKey>>();
    let (held_keys, read_keys) = (keys(held), keys(read));
    if held_keys.iter().all(|key| read_keys.contains(key)) {
        return read.to_vec();
    }
    let new = read
        .iter()
        .filter(|leader| !held_keys.contains(&leader.key()));
    held.iter().chain(new).cloned().collect()
}
