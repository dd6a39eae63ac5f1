//! From listings to people: each person once, whatever the order in which they were listed.
//!
//! A person in three departments is listed three times, each time with the whole record. Where
//! the records differ, somebody changed something while we read. Which record came last is not
//! known, so the choice is by content, the same for every order of the listing.

use std::collections::{BTreeMap, BTreeSet};

use crate::{DepartmentId, DepartmentTree, Membership, RawMember, UnsealedReason, UserKey};

/// One record per person from however many listings; what the listings disagree about is a
/// reason. `whole_company`: a department that the tree does not have is a reason too.
pub(crate) fn merge(
    listings: Vec<RawMember>,
    tree: &DepartmentTree,
    whole_company: bool,
    reasons: &mut Vec<UnsealedReason>,
) -> BTreeMap<UserKey, RawMember> {
    let mut merged: BTreeMap<UserKey, Merged> = BTreeMap::new();
    for listing in listings {
        let listing = Merged::from(listing);
        match merged.get_mut(&listing.member.userid.key()) {
            Some(known) => known.take(listing),
            None => {
                merged.insert(listing.member.userid.key(), listing);
            }
        }
    }
    let mut unlisted = BTreeSet::new();
    let mut members = BTreeMap::new();
    for (key, one) in merged {
        if one.is_twins {
            reasons.push(UnsealedReason::CaseTwins(key));
            continue;
        }
        if one.contradicts_itself() {
            reasons.push(UnsealedReason::ChangedWhileReading(key.clone()));
        }
        let mut member = one.into_member();
        unlisted.extend(keep_departments_of(tree, &mut member));
        members.insert(key, member);
    }
    if whole_company {
        let unlisted = unlisted.into_iter();
        reasons.extend(unlisted.map(UnsealedReason::DepartmentNotListed));
    }
    members
}

/// What the listings said of one person so far.
struct Merged {
    /// The record that speaks for all fields but the memberships.
    member: RawMember,
    /// As the records say; `None` while no record had the field.
    recorded: Option<Vec<Membership>>,
    /// The departments in whose lists stood a record without departments of its own: several
    /// such listings add up, they do not contradict each other.
    listed: Vec<Membership>,
    /// Two records named different memberships.
    records_differ: bool,
    /// Two spellings of one userid: one person or two, nobody here can tell. Left out.
    is_twins: bool,
}

impl From<RawMember> for Merged {
    fn from(mut member: RawMember) -> Self {
        let recorded = member.memberships.take().map(sorted);
        let own_list = member.listed_in.filter(|_| recorded.is_none());
        let listed = own_list.map(|department| Membership {
            department,
            order: 0,
            leader: false,
        });
        Self {
            member,
            recorded,
            listed: listed.into_iter().collect(),
            records_differ: false,
            is_twins: false,
        }
    }
}

impl Merged {
    fn take(&mut self, other: Self) {
        self.is_twins |= self.member.userid != other.member.userid;
        self.listed.extend(other.listed);
        match (&mut self.recorded, other.recorded) {
            (Some(mine), Some(theirs)) if *mine != theirs => {
                self.records_differ = true;
                mine.extend(theirs);
                *mine = sorted(std::mem::take(mine));
            }
            (mine @ None, theirs) => *mine = theirs,
            _ => {}
        }
        if speaks_before(&other.member, &self.member) {
            self.member = other.member;
        }
    }

    fn contradicts_itself(&self) -> bool {
        let recorded = self.recorded.as_deref();
        let is_recorded = |listed: &Membership| {
            recorded.is_none_or(|all| all.iter().any(|m| m.department == listed.department))
        };
        self.records_differ || !self.listed.iter().all(is_recorded)
    }

    fn into_member(self) -> RawMember {
        // No record and no list said anything: that is not the same as no department.
        let is_told = self.recorded.is_some() || !self.listed.is_empty();
        let mut memberships = self.recorded.unwrap_or_default();
        memberships.extend(self.listed);
        RawMember {
            memberships: is_told.then(|| sorted(memberships)),
            ..self.member
        }
    }
}

/// Any total order over what a record says makes the choice independent of the listing.
fn speaks_before(one: &RawMember, other: &RawMember) -> bool {
    let rank = |member: &RawMember| {
        (
            member.listed_in,
            member.main_department,
            member.status,
            member.userid.clone(),
        )
    };
    let texts = |member: &RawMember| {
        (
            member.fields.clone(),
            member.name.clone(),
            member.direct_leaders.clone(),
        )
    };
    match rank(one).cmp(&rank(other)) {
        // Rare: the same list had the same person twice.
        std::cmp::Ordering::Equal => texts(one) < texts(other),
        order => order.is_lt(),
    }
}

/// Ordered by department, each once; of two, whatever is more.
fn sorted(mut memberships: Vec<Membership>) -> Vec<Membership> {
    memberships.sort_unstable();
    memberships.dedup_by(|next, kept| {
        let same = next.department == kept.department;
        if same {
            kept.order = kept.order.max(next.order);
            kept.leader |= next.leader;
        }
        same
    });
    memberships
}

/// Orders the memberships, drops what is outside of the tree and returns what was dropped. Where
/// nothing is said of memberships, nothing is said afterwards.
pub(crate) fn keep_departments_of(
    tree: &DepartmentTree,
    member: &mut RawMember,
) -> Vec<DepartmentId> {
    member.main_department = member.main_department.filter(|main| tree.contains(*main));
    let Some(memberships) = member.memberships.take() else {
        return Vec::new();
    };
    let (inside, outside): (Vec<_>, Vec<_>) = sorted(memberships)
        .into_iter()
        .partition(|m| tree.contains(m.department));
    member.memberships = Some(inside);
    outside.into_iter().map(|m| m.department).collect()
}
