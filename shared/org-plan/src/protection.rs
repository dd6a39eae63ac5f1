//! Deletion protection: which removals may happen without a person's word.
//!
//! Properties wanted (DESIGN.md §5):
//!
//! - *Nothing else waits*: creations and updates are permitted whatever the thresholds say. The
//!   one exception is the guard of [`clearing`]: an attribute emptied for too many people.
//! - *All or none*: if any rule trips, every new removal of the run is held, of both kinds.
//! - *Sticky*: what was held once is never judged by the thresholds again. It leaves its list by
//!   an approval, a rejection, or by being seen.
//! - *Exact*: an approval covers a kind, an internal id and an action. It never covers a removal
//!   that nobody was shown, and a removal it covers still needs the evidence of this run.
//! - *Monotone*: a further removal never makes another one permitted.
//! - *A range is accepted by a person*: whom the accepted range does not show and who is kept is
//!   detached, whatever the thresholds say, since nothing of theirs is lost. Whoever is to go is
//!   judged like all others; what is held of them is marked, so that a later approval can use the
//!   acceptance as its evidence.
//! - *Never a place without a home*: a department goes only when everything that stands in it goes
//!   in this run too, before it.
//!
//! The races considered:
//!
//! - *A run holds 400, 380 return, the next run sees 20 below the threshold.* The 20 are in
//!   `Standing::waiting`: they are not new, so no threshold can let them go.
//! - *An item is approved, seen again, and missing again in a later run.* The run that saw it
//!   reports it in `Verdict::released`, so that the approval no longer has it. If nobody ran in
//!   between, it was never seen to be back, and it is the same absence.
//! - *A person is approved, and the userid is given to another before the run.* The reading shows
//!   the userid, so there is no removal at all; a record of their own has another internal id.
//! - *The approval arrives between planning and this judgement.* `Standing` was read before: the
//!   item is still waiting here, and the next run consumes the approval.
//! - *A held person keeps a department that was approved.* The department is `not_empty`, its
//!   approval is not consumed by this run.
//! - *Users are below their thresholds, departments are not.* All are held; the departments whose
//!   people are held with them wait in the same list, so that one approval is enough.

mod clearing;
mod occupancy;
mod sorting;
mod standing;

use std::collections::{BTreeMap, BTreeSet};

use org_model::{Fingerprint, ItemKey, ItemKind};

use crate::{
    Action, AttributeChange, Change, DecidedRemoval, HeldItem, Item, KeptItem, PermittedPlan, Plan,
    ProtectionRules, Standing, TrippedRule,
};
use occupancy::Occupancy;
use sorting::{Decision, Sorted};

/// The judged plan.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub permitted: PermittedPlan,
    /// Newly held by this run.
    pub held: Vec<HeldItem>,
    /// Held by an earlier run, still missing, not approved.
    pub still_held: Vec<HeldItem>,
    /// Items of waiting or approved lists that this snapshot shows again: they leave their lists.
    pub released: Vec<HeldItem>,
    /// Items of such lists that this run detaches: they leave their lists when that is done, since
    /// a run that dies before it must find them held.
    pub detaching: Vec<HeldItem>,
    /// Approved items that this run removes.
    pub consumed: Vec<HeldItem>,
    /// Kept items that this snapshot shows again: their marks go.
    pub kept_released: Vec<HeldItem>,
    /// Values that the guard over clearings keeps, person by person.
    pub guarded: Vec<Guarded>,
    pub tripped: Vec<TrippedRule>,
}

/// What one person keeps although the reading shows it empty: it would go for too many at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// As it stands.
    pub item: Item,
    /// The clearings that do not happen.
    pub changes: Vec<AttributeChange>,
}

impl Verdict {
    /// What this run may remove, to be written down before it does.
    pub fn decided(&self) -> Vec<DecidedRemoval> {
        let approved: BTreeSet<_> = self.consumed.iter().map(HeldItem::removal_id).collect();
        let removals = self.permitted.removals();
        let decided = removals.map(|change| {
            let id = (change.kind(), change.after.internal_id(), change.action);
            DecidedRemoval {
                kind: change.kind(),
                internal_id: change.after.internal_id().clone(),
                action: change.action,
                approved: change.action == Action::Detach || approved.contains(&id),
            }
        });
        decided.collect()
    }
}

/// Judges a plan. `seen`: is this item in the snapshot? (for items of waiting lists)
pub fn protect(
    mut plan: Plan,
    rules: &ProtectionRules,
    standing: &Standing,
    seen: &dyn Fn(&ItemKey) -> bool,
) -> Verdict {
    let fingerprint = plan.fingerprint();
    let mut tripped = Vec::new();
    if standing.applied_plan != Some(fingerprint) {
        tripped.extend(clearing::withhold(&mut plan, rules.users));
    }
    let standing_now = standing::review(&plan, standing, seen);
    let mut sorted = Sorted::sort(&plan, standing);
    let removal_rules = decide(&plan, &mut sorted, rules, standing, seen);
    tripped.extend(removal_rules);
    tripped.sort();
    let held = sorted.held(&plan);
    let consumed = sorted.consumed(&plan);
    Verdict {
        permitted: permit(plan, &sorted, standing, fingerprint),
        held,
        still_held: standing_now.still_held,
        released: standing_now.released,
        detaching: standing_now.detaching,
        consumed,
        kept_released: Vec::new(),
        guarded: Vec::new(),
        tripped,
    }
}

/// People first, then departments in the light of who stays, then the last word on both.
fn decide(
    plan: &Plan,
    sorted: &mut Sorted,
    rules: &ProtectionRules,
    standing: &Standing,
    seen: &dyn Fn(&ItemKey) -> bool,
) -> Vec<TrippedRule> {
    let mut tripped = rules.judge(sorted.count(plan, ItemKind::User));
    if !tripped.is_empty() {
        sorted.hold_all_new();
    }
    let mut occupancy = Occupancy::of(plan, standing, seen);
    occupancy.keep_departments(plan, sorted);
    let departments = rules.judge(sorted.count(plan, ItemKind::Department));
    if !departments.is_empty() {
        sorted.hold_all_new();
        // Whoever is held only now keeps the departments that were approved.
        occupancy.keep_approved_departments(plan, sorted);
    }
    tripped.extend(departments);
    tripped
}

fn permit(
    plan: Plan,
    sorted: &Sorted,
    standing: &Standing,
    fingerprint: Fingerprint,
) -> PermittedPlan {
    let mut kept = plan.kept;
    let mut removals = Vec::new();
    for (removal, decision) in plan.removals.into_iter().zip(sorted.decisions()) {
        match decision {
            Decision::New | Decision::Approved | Decision::Accepted => removals.push(removal),
            Decision::NotEmpty => kept.extend(occupancy::not_empty(&removal)),
            Decision::Held | Decision::Waiting | Decision::KeptByAPerson => {}
        }
    }
    kept.retain(|item| !standing.keeps(&item.before));
    let mut accepted = plan.accepted;
    accepted.retain(|item| !standing.keeps(&item.before));
    PermittedPlan {
        accepted: marks_beside(accepted, &removals, &mut kept),
        fingerprint,
        changes: plan.changes,
        removals,
        kept,
        refused: plan.refused,
    }
}

/// The marks of an accepted range, but for what goes in this run; what is kept anyway carries its
/// mark itself.
fn marks_beside(
    mut accepted: Vec<KeptItem>,
    removals: &[Change],
    kept: &mut [KeptItem],
) -> Vec<KeptItem> {
    if accepted.is_empty() {
        return accepted;
    }
    let going: BTreeSet<ItemKey> = removals.iter().map(Change::key).collect();
    let mut kept: BTreeMap<ItemKey, &mut KeptItem> = kept
        .iter_mut()
        .map(|item| (item.before.key(), item))
        .collect();
    accepted.retain_mut(|item| {
        let key = item.before.key();
        match kept.get_mut(&key) {
            None => !going.contains(&key),
            Some(kept) => {
                match &mut kept.absence {
                    Some(mark) => mark.accepted = true,
                    none => *none = item.absence.take(),
                }
                false
            }
        }
    });
    accepted
}

impl Standing {
    /// An administrator decided that this item stays.
    fn keeps(&self, item: &Item) -> bool {
        let is_it =
            |kept: &HeldItem| kept.kind == item.kind() && kept.internal_id == *item.internal_id();
        self.kept.iter().any(is_it)
    }
}
