//! What becomes of the items that earlier runs held.

use std::collections::BTreeSet;

use org_model::ItemKey;

use crate::held::RemovalId;
use crate::{Action, HeldItem, Plan, Standing};

pub(super) struct StandingNow {
    pub still_held: Vec<HeldItem>,
    pub released: Vec<HeldItem>,
    pub detaching: Vec<HeldItem>,
}

/// An item leaves its list when this snapshot shows that its reason is gone; being seen is
/// evidence in an unsealed snapshot too.
pub(super) fn review(
    plan: &Plan,
    standing: &Standing,
    seen: &dyn Fn(&ItemKey) -> bool,
) -> StandingNow {
    let planned: BTreeSet<RemovalId<'_>> = plan
        .removals
        .iter()
        .map(|change| (change.kind(), change.after.internal_id(), change.action))
        .collect();
    // Whom a person keeps, detached, nobody waits to remove, once it is done.
    let is_detaching =
        |item: &HeldItem| planned.contains(&(item.kind, &item.internal_id, Action::Detach));
    let is_over = |item: &HeldItem| match item.action {
        // Somebody who is to be disabled is seen all the time. Only a sealed plan disables, so
        // only a sealed plan without this disable says that it is no longer wanted.
        Action::Disable => plan.sealed && !planned.contains(&item.removal_id()),
        _ => item.key().is_some_and(|key| seen(&key)),
    };
    let approved: BTreeSet<RemovalId<'_>> =
        standing.approved.iter().map(HeldItem::removal_id).collect();
    let (mut released, mut still_held): (Vec<HeldItem>, Vec<HeldItem>) =
        standing.waiting.iter().cloned().partition(is_over);
    still_held.retain(|item| !approved.contains(&item.removal_id()));
    released.extend(
        standing
            .approved
            .iter()
            .filter(|item| is_over(item))
            .cloned(),
    );
    released.retain(|item| !is_detaching(item));
    still_held.retain(|item| !is_detaching(item));
    let all = standing.waiting.iter().chain(&standing.approved);
    let mut detaching: Vec<HeldItem> = all.filter(|item| is_detaching(item)).cloned().collect();
    for items in [&mut released, &mut still_held, &mut detaching] {
        items.sort();
        items.dedup();
    }
    StandingNow {
        still_held,
        released,
        detaching,
    }
}
