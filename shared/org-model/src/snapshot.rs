//! The judgement: from a [`RawOrg`] to an [`OrgSnapshot`], sealed or not, with every reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    DepartmentId, DepartmentTree, ExpandedRange, Fingerprint, Gap, Membership, RangeNarrowing,
    RawDepartment, RawMember, RawOrg, TreeFlaw, UserId, UserKey,
};

/// One department of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Department {
    pub id: DepartmentId,
    pub name: String,
    /// `None`: at the top of what the app may see.
    pub parent: Option<DepartmentId>,
    pub order: u64,
    pub leaders: Vec<UserId>,
}

impl Department {
    /// Stands for everything this reading asks of the department.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self)
    }
}

impl From<&RawDepartment> for Department {
    fn from(raw: &RawDepartment) -> Self {
        Self {
            id: raw.id,
            name: raw.name.clone(),
            parent: raw.parent,
            order: raw.order,
            leaders: raw.leaders.clone(),
        }
    }
}

/// One complete reading of a source: its tree is sound, each person stands in it once.
#[derive(Clone, Debug)]
pub struct OrgSnapshot {
    tree: DepartmentTree,
    members: BTreeMap<UserKey, RawMember>,
    range: ExpandedRange,
    seal: Seal,
}

/// Is absence from this snapshot evidence?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seal {
    /// Provably complete.
    Sealed,
    /// Something may be missing: whoever is absent may simply not have been read.
    Unsealed(Vec<UnsealedReason>),
}

/// Why a reading does not prove absence. `code()` is stable; the text is for people.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsealedReason {
    NothingRead,
    /// Not everything that was asked was answered: how many, and the first.
    Incomplete {
        gaps: usize,
        first: Gap,
    },
    TreeUnsound(TreeFlaw),
    RangeUnknown,
    RangeChangedWhileReading,
    RangeNarrower(RangeNarrowing),
    /// The settings name another app than the one whose range is the baseline.
    AgentChanged,
    /// Two userids that differ only by case (WECOM.md §3 forbids it).
    CaseTwins(UserKey),
    /// One person was listed twice with different departments: they moved while we read.
    ChangedWhileReading(UserKey),
    /// A member names departments that the tree does not have, although all is visible.
    DepartmentNotListed(DepartmentId),
    /// People whom the listing missed answered when asked by name.
    ListingsCameShort {
        found: usize,
    },
}

/// What the judge needs besides the reading.
#[derive(Clone, Debug, Default)]
pub struct SealEvidence<'a> {
    /// The range of the last sealed run; `None` before the first.
    pub baseline: Option<&'a ExpandedRange>,
    /// The settings' app differs from the one the baseline was taken with.
    pub agent_changed: bool,
    /// Departments and people of the baseline that WeCom confirmed gone when asked by name.
    pub gone_departments: BTreeSet<DepartmentId>,
    pub gone_users: BTreeSet<UserKey>,
}

impl OrgSnapshot {
    /// Judges a reading. Nothing is guessed: what contradicts itself unseals the snapshot.
    pub fn judge(raw: RawOrg, evidence: &SealEvidence<'_>) -> Self {
        let whole_company = raw.sees_whole_company();
        let (tree, flaws) = DepartmentTree::grow(&raw.departments, whole_company);
        let mut reasons: Vec<UnsealedReason> =
            flaws.into_iter().map(UnsealedReason::TreeUnsound).collect();
        reasons.extend(reading_reasons(&raw));
        let range = raw.expanded_range();
        reasons.extend(range_reasons(&raw, &range, evidence));
        let members = merge_listings(raw.members, &tree, whole_company, &mut reasons);
        if members.is_empty() {
            reasons.push(UnsealedReason::NothingRead);
        }
        Self {
            tree,
            members,
            range,
            seal: Seal::from_reasons(reasons),
        }
    }

    pub fn tree(&self) -> &DepartmentTree {
        &self.tree
    }

    /// Each person once, by key; their memberships name departments of the tree only.
    pub fn members(&self) -> &BTreeMap<UserKey, RawMember> {
        &self.members
    }

    pub fn range(&self) -> &ExpandedRange {
        &self.range
    }

    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    pub fn is_sealed(&self) -> bool {
        self.seal == Seal::Sealed
    }

    /// Later doubt: adds a reason. There is no way back to sealed.
    pub fn unseal(&mut self, reason: UnsealedReason) {
        let mut reasons = match std::mem::replace(&mut self.seal, Seal::Sealed) {
            Seal::Sealed => Vec::new(),
            Seal::Unsealed(reasons) => reasons,
        };
        reasons.push(reason);
        self.seal = Seal::from_reasons(reasons);
    }

    /// Adds a person whom no listing showed but who answered by name.
    pub fn add_found(&mut self, mut member: RawMember) {
        let in_tree: Vec<Membership> = member.memberships.take().unwrap_or_default();
        member.memberships = Some(
            in_tree
                .into_iter()
                .filter(|m| self.tree.contains(m.department))
                .collect(),
        );
        self.members.insert(member.userid.key(), member);
    }
}

impl Seal {
    fn from_reasons(mut reasons: Vec<UnsealedReason>) -> Self {
        reasons.sort();
        reasons.dedup();
        if reasons.is_empty() {
            Self::Sealed
        } else {
            Self::Unsealed(reasons)
        }
    }

    pub fn reasons(&self) -> &[UnsealedReason] {
        match self {
            Self::Sealed => &[],
            Self::Unsealed(reasons) => reasons,
        }
    }
}

impl RawOrg {
    /// Both readings of the range include the root, and the settings leave nothing out.
    pub fn sees_whole_company(&self) -> bool {
        let includes_root = |range: &Option<crate::VisibleRange>| {
            range
                .as_ref()
                .is_some_and(crate::VisibleRange::includes_root)
        };
        !self.scoped && includes_root(&self.range_before) && includes_root(&self.range_after)
    }

    /// The declared range with everything that was read below it.
    pub fn expanded_range(&self) -> ExpandedRange {
        let keys = |users: &[UserId]| users.iter().map(UserId::key).collect();
        ExpandedRange {
            declared: self.range_after.clone().unwrap_or_default(),
            departments: self
                .departments
                .iter()
                .map(|department| department.id)
                .collect(),
            tag_members: self
                .tag_members
                .iter()
                .map(|(tag, users)| (*tag, keys(users)))
                .collect(),
        }
    }
}

fn reading_reasons(raw: &RawOrg) -> Vec<UnsealedReason> {
    let mut reasons = Vec::new();
    if let Some(first) = raw.gaps.iter().min() {
        let gaps = raw.gaps.len();
        reasons.push(UnsealedReason::Incomplete {
            gaps,
            first: first.clone(),
        });
    }
    reasons
}

fn range_reasons(
    raw: &RawOrg,
    range: &ExpandedRange,
    evidence: &SealEvidence<'_>,
) -> Vec<UnsealedReason> {
    let mut reasons = Vec::new();
    match (&raw.range_before, &raw.range_after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(_), Some(_)) => reasons.push(UnsealedReason::RangeChangedWhileReading),
        _ => reasons.push(UnsealedReason::RangeUnknown),
    }
    if evidence.agent_changed {
        reasons.push(UnsealedReason::AgentChanged);
    }
    if let Some(baseline) = evidence.baseline {
        let mut narrowing = range.narrowing_from(baseline);
        narrowing.departments = &narrowing.departments - &evidence.gone_departments;
        narrowing.tag_members = &narrowing.tag_members - &evidence.gone_users;
        narrowing.users = &narrowing.users - &evidence.gone_users;
        if !narrowing.is_empty() {
            reasons.push(UnsealedReason::RangeNarrower(narrowing));
        }
    }
    reasons
}

/// One record per person from however many listings; what the listings disagree about is a reason.
fn merge_listings(
    listings: Vec<RawMember>,
    tree: &DepartmentTree,
    whole_company: bool,
    reasons: &mut Vec<UnsealedReason>,
) -> BTreeMap<UserKey, RawMember> {
    let mut members: BTreeMap<UserKey, RawMember> = BTreeMap::new();
    for mut listing in listings {
        add_own_listing(&mut listing);
        let key = listing.userid.key();
        match members.get_mut(&key) {
            None => {
                members.insert(key, listing);
            }
            Some(known) => merge_two(known, listing, reasons),
        }
    }
    let mut unlisted = BTreeSet::new();
    for member in members.values_mut() {
        unlisted.extend(keep_departments_of(tree, member));
    }
    if whole_company {
        reasons.extend(
            unlisted
                .into_iter()
                .map(UnsealedReason::DepartmentNotListed),
        );
    }
    members
}

/// A record without departments of its own is in the department whose list it stands in.
fn add_own_listing(listing: &mut RawMember) {
    if listing.memberships.is_none()
        && let Some(department) = listing.listed_in
    {
        listing.memberships = Some(vec![Membership {
            department,
            order: 0,
            leader: false,
        }]);
        // Several listings of such a record add up; they do not contradict each other.
        listing.listed_in = None;
    }
}

fn merge_two(known: &mut RawMember, listing: RawMember, reasons: &mut Vec<UnsealedReason>) {
    if known.userid != listing.userid {
        reasons.push(UnsealedReason::CaseTwins(known.userid.key()));
        return;
    }
    if known.memberships == listing.memberships {
        return;
    }
    if known.listed_in.is_some() || listing.listed_in.is_some() {
        reasons.push(UnsealedReason::ChangedWhileReading(known.userid.key()));
    }
    let mine = known.memberships.get_or_insert_default();
    for membership in listing.memberships.unwrap_or_default() {
        if !mine.iter().any(|m| m.department == membership.department) {
            mine.push(membership);
        }
    }
}

/// Orders the memberships, drops those outside the tree and returns what was dropped.
fn keep_departments_of(tree: &DepartmentTree, member: &mut RawMember) -> Vec<DepartmentId> {
    let memberships = member.memberships.get_or_insert_default();
    memberships.sort_unstable();
    memberships.dedup_by_key(|m| m.department);
    let (inside, outside): (Vec<_>, Vec<_>) = memberships
        .drain(..)
        .partition(|m| tree.contains(m.department));
    *memberships = inside;
    if member
        .main_department
        .is_some_and(|main| !tree.contains(main))
    {
        member.main_department = None;
    }
    outside.into_iter().map(|m| m.department).collect()
}

impl UnsealedReason {
    /// A stable word for logs and filters.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NothingRead => "nothing_read",
            Self::Incomplete { .. } => "incomplete",
            Self::TreeUnsound(_) => "tree_unsound",
            Self::RangeUnknown => "range_unknown",
            Self::RangeChangedWhileReading => "range_changed_while_reading",
            Self::RangeNarrower(_) => "range_narrower",
            Self::AgentChanged => "agent_changed",
            Self::CaseTwins(_) => "case_twins",
            Self::ChangedWhileReading(_) => "changed_while_reading",
            Self::DepartmentNotListed(_) => "department_not_listed",
            Self::ListingsCameShort { .. } => "listings_came_short",
        }
    }
}

impl fmt::Display for UnsealedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingRead => f.write_str("WeCom showed nobody at all"),
            Self::Incomplete { gaps, first } => {
                write!(f, "{gaps} answers are missing, first: {}", first.what)
            }
            Self::TreeUnsound(flaw) => write!(f, "the department tree is not sound: {flaw}"),
            Self::RangeUnknown => f.write_str("the visible range could not be read"),
            Self::RangeChangedWhileReading => {
                f.write_str("the visible range changed while it was read")
            }
            Self::RangeNarrower(narrowing) => write_narrowing(f, narrowing),
            Self::AgentChanged => {
                f.write_str("the app differs from the one whose visible range is known")
            }
            Self::CaseTwins(key) => write!(f, "two userids differ only by case: {key}"),
            Self::ChangedWhileReading(key) => {
                write!(f, "{key} moved between departments while they were read")
            }
            Self::DepartmentNotListed(id) => {
                write!(
                    f,
                    "people stand in department {id}, which the tree does not have"
                )
            }
            Self::ListingsCameShort { found } => {
                write!(f, "{found} people whom no list showed answered by name")
            }
        }
    }
}

fn write_narrowing(f: &mut fmt::Formatter<'_>, narrowing: &RangeNarrowing) -> fmt::Result {
    f.write_str("the visible range is narrower than before:")?;
    if narrowing.root_lost {
        f.write_str(" the whole company is no longer visible;")?;
    }
    write!(
        f,
        " {} departments, {} members, {} tags and {} tag members are missing",
        narrowing.departments.len(),
        narrowing.users.len(),
        narrowing.tags.len(),
        narrowing.tag_members.len(),
    )
}
