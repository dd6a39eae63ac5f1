//! Thresholds that could never trip over the mirror as it is: they protect nobody.
//!
//! A rule trips on more deletions than its floor, and then past a number or a share of the live
//! rows (DESIGN.md §5). Whatever the settings, a run that would leave at most one row is held; so
//! what matters is whether any number of deletions that leaves at least two rows could trip it.
//! The defaults are never refused: a company of three keeps them, and grows.

use org_model::ItemKind;
use org_plan::Limits;

use crate::problem::pointer_to;
use crate::{Protection, SettingsProblem, SourceSettings};

/// As many live rows stay at least, besides a company's root department.
const ROWS_LEFT_MIN: u64 = 2;

/// What is wrong with the thresholds of `settings` for a mirror of so many live, attached people
/// and departments (the root is one of these). Only limits that are not the defaults and that
/// differ from those `before` are judged: a company that shrank may still change its name.
pub fn protection_problems(
    settings: &SourceSettings,
    before: Option<&SourceSettings>,
    users: u64,
    departments: u64,
) -> Vec<SettingsProblem> {
    let defaults = Protection::default();
    let kinds = [
        (ItemKind::User, users, "users"),
        (ItemKind::Department, departments, "departments"),
    ];
    let limits = |protection: &Protection, kind| match kind {
        ItemKind::User => protection.users,
        ItemKind::Department => protection.departments,
    };
    let problem = |(kind, rows, name)| {
        let now = limits(&settings.protection, kind);
        let known = before.map(|before| limits(&before.protection, kind));
        if now == limits(&defaults, kind) || Some(now) == known {
            return None;
        }
        never_trips(now, kind, rows, &pointer_to("/protection", name))
    };
    kinds.into_iter().filter_map(problem).collect()
}

fn never_trips(
    limits: Limits,
    kind: ItemKind,
    rows: u64,
    pointer: &str,
) -> Option<SettingsProblem> {
    let (root, noun) = match kind {
        ItemKind::User => (0, "people"),
        ItemKind::Department => (1, "departments"),
    };
    // The most deletions that leave enough rows: if these do not trip, fewer do not either.
    let most = rows.saturating_sub(root + ROWS_LEFT_MIN);
    if most == 0 {
        return None;
    }
    let past_floor = most > u64::from(limits.floor);
    let past_count = most > u64::from(limits.max_count);
    let allowed = u64::from(limits.max_percent).saturating_mul(rows);
    let past_percent = most.saturating_mul(100) > allowed;
    let (field, message, remedy) = if !past_floor {
        let message = format!(
            "a floor of {} can never trip: the directory holds {rows} {noun}, and {most} of them \
             could go unseen",
            limits.floor
        );
        let remedy = format!("write a floor below {most}, or leave it out");
        ("floor", message, remedy)
    } else if !past_count && !past_percent {
        let message = format!(
            "neither {} deletions nor {} % of {rows} {noun} can be exceeded while \
             {ROWS_LEFT_MIN} remain",
            limits.max_count, limits.max_percent
        );
        let remedy = format!("write a max_count below {most}, or a smaller max_percent");
        ("max_percent", message, remedy)
    } else {
        return None;
    };
    Some(SettingsProblem {
        pointer: pointer_to(pointer, field),
        message,
        remedy,
    })
}

#[cfg(test)]
mod tests;
