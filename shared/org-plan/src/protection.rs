//! Deletion protection: which removals may happen without a person's word.
//!
//! Properties wanted (DESIGN.md §5):
//!
//! - *Nothing else waits*: creations and updates are permitted whatever the thresholds say. The
//!   one exception is the guard of [`clearing`]: an attribute emptied for too many people. What it
//!   keeps is said person by person.
//! - *All or none*: if any rule trips, every new removal of the run is held, of both kinds.
//! - *Over the day as well*: what earlier runs of the last 24 hours decided to remove without a
//!   person's word counts with what is new, each item once, against the largest base of these
//!   hours. So a leak of four at a time trips like twenty at once. A run that removes nothing new
//!   trips nothing, whatever the day was.
//! - *Sticky*: what was held once is never judged by the thresholds again. It leaves its list by
//!   an approval, a rejection, or by being seen. Whoever waits to be disabled and then leaves was
//!   not seen: the deletion waits as well.
//! - *Exact*: an approval covers a kind, an internal id and an action. It never covers a removal
//!   that nobody was shown, and a removal it covers still needs the evidence of this run.
//! - *Kept is kept*: whom an administrator keeps is neither deleted nor disabled, counts nowhere
//!   and makes no row, whatever else was approved or waits. The mark goes when they are seen again,
//!   and only the run after that may judge them.
//! - *One person is not two*: the deletion of somebody who may only have another userid now is
//!   held whatever the thresholds say. It counts for them, so that a suspicion never lets others
//!   go.
//! - *Monotone*: a further removal, in this run or earlier in the day, never makes another one
//!   permitted. (A department in which somebody stays is no candidate, and does not count.)
//! - *A continuation adds nothing*: it removes at most what the run decided before it handed over,
//!   holds nothing and judges nothing anew; clearings that were kept back stay so, and a plan that
//!   was applied by its fingerprint goes on with the clearings it was shown with. Whatever else is
//!   missing is left to the next run.
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
//! - *An approval, or a rejection, arrives between two segments of one run.* The approval is the
//!   next run's: the continuation removes only what was decided before it. Kept wins at once, over
//!   what was decided too.
//! - *A run is killed between its decision and its removals.* What it decided counts for a day,
//!   done or not; the same people in the next run are the same items, and count once.
//! - *An approval expires while the run that uses it hands over.* It was good when it was decided.
//! - *A held person keeps a department that was approved.* The department is `not_empty`, its
//!   approval is not consumed by this run.
//! - *Somebody is detached with an accepted range whom an administrator keeps.* Both happen: they
//!   stay in the directory, which is what was asked for.
//! - *Users are below their thresholds, departments are not.* All are held; the departments whose
//!   people are held with them wait in the same list, so that one approval is enough.

mod clearing;
mod known;
mod occupancy;
mod sorting;
mod standing;

use std::collections::{BTreeMap, BTreeSet};

use org_model::{AttributeName, Fingerprint, ItemKey, ItemKind};

use crate::{
    Action, AttributeChange, Base, Change, DecidedRemoval, HeldItem, Item, KeptItem, PermittedPlan,
    Plan, ProtectionRules, RuleLimit, RuleWindow, Standing, TrippedRule,
};
use known::Known;
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
    /// Items of waiting or approved lists that this snapshot shows again, or that a person keeps:
    /// they leave their lists.
    pub released: Vec<HeldItem>,
    /// Items of such lists that this run detaches, or joins with another record: they leave their
    /// lists when that is done, since a run that dies before it must find them held.
    pub detaching: Vec<HeldItem>,
    /// Approved items that this run removes.
    pub consumed: Vec<HeldItem>,
    /// Kept items that this snapshot shows again: their marks go.
    pub kept_released: Vec<HeldItem>,
    /// Values that the guard over clearings keeps, person by person.
    pub guarded: Vec<Guarded>,
    /// Attributes that the guard would keep, had a person not applied this very plan: what remains
    /// of them after a hand-over may go as well ([`Standing::cleared`]).
    pub cleared: BTreeSet<AttributeName>,
    /// What the thresholds measured by: for the rolling day of later runs.
    pub base: Base,
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
        let decided = removals.map(|change| DecidedRemoval {
            kind: change.kind(),
            internal_id: change.after.internal_id().clone(),
            action: change.action,
            approved: change.action == Action::Detach || approved.contains(&change.removal_id()),
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
    let withheld = clearing::withhold(&mut plan, fingerprint, rules.users, standing);
    let known = Known::of(standing);
    let mut sorted = Sorted::sort(&plan, &known);
    let mut occupancy = Occupancy::of(&plan, standing, seen);
    let mut tripped = withheld.tripped;
    if known.is_continuation() {
        // All was judged before the run handed over.
        occupancy.keep_departments(&plan, &mut sorted);
    } else {
        tripped.extend(decide(&plan, &mut sorted, rules, standing, &mut occupancy));
    }
    tripped.sort();
    let now = standing::review(&plan, &sorted, standing, &known, seen);
    Verdict {
        held: sorted.held(&plan),
        consumed: sorted.consumed(&plan, &known),
        base: sorted.bases(&plan),
        permitted: permit(plan, &sorted, &known, fingerprint),
        still_held: now.still_held,
        released: now.released,
        detaching: now.detaching,
        kept_released: now.kept_released,
        guarded: withheld.guarded,
        cleared: withheld.cleared,
        tripped,
    }
}

/// People first, then departments in the light of who stays, then the last word on both.
fn decide(
    plan: &Plan,
    sorted: &mut Sorted,
    rules: &ProtectionRules,
    standing: &Standing,
    occupancy: &mut Occupancy,
) -> Vec<TrippedRule> {
    let count = |sorted: &Sorted, kind| sorted.count(plan, kind, &standing.day);
    let suspicion = hold_suspected_renames(plan, sorted);
    let mut tripped = rules.judge(count(sorted, ItemKind::User));
    if !tripped.is_empty() {
        sorted.hold_all_new();
    }
    occupancy.keep_departments(plan, sorted);
    let departments = rules.judge(count(sorted, ItemKind::Department));
    if !departments.is_empty() {
        sorted.hold_all_new();
        // Whoever is held only now keeps the departments that were approved.
        occupancy.keep_approved_departments(plan, sorted);
    }
    tripped.extend(departments);
    tripped.extend(suspicion);
    tripped
}

/// Before the thresholds: they hold nobody for it, but count them.
fn hold_suspected_renames(plan: &Plan, sorted: &mut Sorted) -> Option<TrippedRule> {
    let deletions = sorted.hold_suspected_renames(plan);
    (deletions > 0).then(|| TrippedRule {
        kind: ItemKind::User,
        limit: RuleLimit::SuspectedRename,
        window: RuleWindow::Run,
        value: 0,
        deletions,
        base: sorted.bases(plan).users,
        attribute: None,
    })
}

fn permit(
    plan: Plan,
    sorted: &Sorted,
    known: &Known<'_>,
    fingerprint: Fingerprint,
) -> PermittedPlan {
    let mut kept = plan.kept;
    let mut removals = Vec::new();
    for (removal, decision) in plan.removals.into_iter().zip(sorted.decisions()) {
        if decision.goes() {
            removals.push(removal);
        } else if decision == Decision::NotEmpty {
            kept.extend(occupancy::not_empty(&removal));
        }
    }
    kept.retain(|item| !known.keeps(&item.before));
    let mut accepted = plan.accepted;
    accepted.retain(|item| !known.keeps(&item.before));
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
