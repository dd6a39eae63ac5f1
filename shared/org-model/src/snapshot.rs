//! The judgement: from a [`RawOrg`] to an [`OrgSnapshot`], sealed or not, with every reason.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    DepartmentId, DepartmentTree, ExpandedRange, RangeNarrowing, RawMember, RawOrg, UnsealedReason,
    UserId, UserKey, VisibleRange, listings,
};

/// How many reasons of one kind a seal remembers: 20 names explain a flood as well as 20,000, and
/// the reasons are kept in the run's record.
const REASONS_PER_CODE_MAX: usize = 20;

/// One complete reading of a source: its tree is sound, each person stands in it once.
#[derive(Clone, Debug)]
pub struct OrgSnapshot {
    tree: DepartmentTree,
    members: BTreeMap<UserKey, RawMember>,
    range: ExpandedRange,
    seal: Seal,
    whole_company: bool,
}

/// Is absence from this snapshot evidence?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seal {
    /// Provably complete.
    Sealed,
    /// Something may be missing: whoever is absent may simply not have been read.
    Unsealed(Vec<UnsealedReason>),
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
    /// A person accepted exactly this range, read by exactly this app, in place of the baseline.
    pub range_accepted: bool,
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
        // What is missing for want of an answer says nothing about who or what there is.
        let answered = raw.gaps.is_empty();
        let members = listings::merge(raw.members, &tree, whole_company, &mut reasons);
        if answered && members.is_empty() {
            reasons.push(UnsealedReason::NothingRead);
        }
        Self {
            tree,
            members,
            range,
            seal: Seal::from_reasons(reasons),
            whole_company,
        }
    }

    pub fn tree(&self) -> &DepartmentTree {
        &self.tree
    }

    /// Each person once, by key; their memberships name departments of the tree only, and are
    /// `None` where neither a record nor a list said anything of them.
    pub fn members(&self) -> &BTreeMap<UserKey, RawMember> {
        &self.members
    }

    pub fn range(&self) -> &ExpandedRange {
        &self.range
    }

    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    /// The range includes the root and nothing was left out: an absent person is gone.
    pub fn sees_whole_company(&self) -> bool {
        self.whole_company
    }

    pub fn is_sealed(&self) -> bool {
        self.seal == Seal::Sealed
    }

    /// What the range lacks, if nothing else speaks against this reading: a person may accept it.
    /// Not where the whole company is visible: there a department that is missing and not gone
    /// means that the tree came short.
    pub fn standing_narrowing(&self) -> Option<&RangeNarrowing> {
        if self.whole_company {
            return None;
        }
        let mut narrowing = None;
        for reason in self.seal.reasons() {
            match reason {
                UnsealedReason::RangeNarrower(lacks) => narrowing = Some(lacks),
                UnsealedReason::AgentChanged => {}
                _ => return None,
            }
        }
        narrowing
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
        let unlisted = listings::keep_departments_of(&self.tree, &mut member);
        if self.whole_company {
            for department in unlisted {
                self.unseal(UnsealedReason::DepartmentNotListed(department));
            }
        }
        self.members.insert(member.userid.key(), member);
    }
}

impl Seal {
    fn from_reasons(mut reasons: Vec<UnsealedReason>) -> Self {
        reasons.sort();
        reasons.dedup();
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        reasons.retain(|reason| {
            let count = counts.entry(reason.code()).or_default();
            *count += 1;
            *count <= REASONS_PER_CODE_MAX
        });
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
        let includes_root =
            |range: &Option<VisibleRange>| range.as_ref().is_some_and(VisibleRange::includes_root);
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
    if !raw.scope_missing.is_empty() {
        reasons.push(UnsealedReason::ScopeMissing(raw.scope_missing.clone()));
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
    // An unanswered list is told as such, not as a range that somebody made narrower.
    let comparable = reasons.is_empty() && raw.gaps.is_empty() && evidence.baseline.is_some();
    let narrowing = narrowing(raw, range, evidence);
    if evidence.agent_changed && !(comparable && narrowing.is_empty()) {
        reasons.push(UnsealedReason::AgentChanged);
    }
    if raw.gaps.is_empty() && !narrowing.is_empty() {
        reasons.push(UnsealedReason::RangeNarrower(narrowing));
    }
    reasons
}

/// What the range lacks of the baseline and nobody accounted for.
fn narrowing(raw: &RawOrg, range: &ExpandedRange, evidence: &SealEvidence<'_>) -> RangeNarrowing {
    let whole_company = raw.sees_whole_company();
    let Some(baseline) = evidence.baseline else {
        return RangeNarrowing::default();
    };
    if evidence.range_accepted && !whole_company {
        return RangeNarrowing::default();
    }
    let mut narrowing = range.narrowing_from(baseline);
    narrowing.departments = &narrowing.departments - &evidence.gone_departments;
    narrowing.tag_members = &narrowing.tag_members - &evidence.gone_users;
    narrowing.users = &narrowing.users - &evidence.gone_users;
    if whole_company {
        // Whoever a tag or the list of single members named is seen through the root as well.
        narrowing.users.clear();
        narrowing.tags.clear();
        narrowing.tag_members.clear();
    }
    narrowing
}
