//! Giving back what a run took away, or one deleted person (ADR 0018).
//!
//! Properties wanted:
//! 1. Whoever is given back has the internal id and the status from before, and is kept: the next
//!    run does not take them away again for the same reason.
//! 2. WeCom is not asked, and nothing is removed; baseline, last success and the rolling day stay
//!    as they are.
//! 3. Done twice it is done once: who is back already is told so.
//!
//! Races considered:
//! - *Killed between the decision and a write:* the marks are durable before the first write, so
//!   whoever is back is kept. Who is not back yet is kept as well, which harms nobody; another undo
//!   brings them back.
//! - *A run beside it:* both need the lease.
//! - *The log says deleted, the directory says otherwise by now:* the directory is read after the
//!   log, and each write is conditional on what was read.
//! - *A row that was in flight when its run died, or whose answer was lost:* perhaps it was done.
//!   What stands in the directory tells.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{DepartmentId, ItemKey, ItemState, UserStatus};
use org_plan::{
    Action, GivenBack, GivenBackBy, HeldItem, Item, Lost, Note, give_back as plan_back,
};

use crate::book::Book;
use crate::decide;
use crate::outcomes::{IN_FLIGHT, NOT_ANSWERED};
use crate::ports::{Step, StoreError};
use crate::rows::row_of_removal;
use crate::trouble::Trouble;
use crate::{Decision, KeptSet, KeptWhy, Row, RowResult, RunMode, apply, cancelling};

/// Steps 5 to 11 of a run that gives back.
pub(crate) async fn give_back(book: &mut Book<'_>) -> Result<(), Trouble> {
    book.ports.progress.step(Step::Plan);
    let (why, lost, standing) = match book.record.mode {
        RunMode::Restore => one_person(book).await?,
        _ => of_a_run(book).await?,
    };
    let by = match why {
        KeptWhy::Restored { .. } => GivenBackBy::Restore,
        _ => GivenBackBy::Undo,
    };
    let live = live_departments(book).await?;
    let given = plan_back(&lost, &standing, &live, by, book.lease.generation());
    book.record.plan = Some(given.permitted.fingerprint());
    cancelling::heed(book).await?;
    keep(book, &why, &given).await?;
    let back = apply::give_back(book, &given.permitted).await;
    back.map_err(in_part)?;
    book.ports.progress.step(Step::Record);
    for (item, note) in given.skipped {
        book.record_row(row_of_skipped(&item, note)).await?;
    }
    Ok(book.flush_rows().await?)
}

fn in_part(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::OutOfTime { left } => Trouble::BackInPart { left },
        other => other,
    }
}

type Found = (KeptWhy, Vec<Lost>, BTreeMap<ItemKey, Item>);

/// What the rows of the run say that it took away.
async fn of_a_run(book: &Book<'_>) -> Result<Found, Trouble> {
    let source = book.lease.source();
    let Some(run) = book.record.undoes.clone() else {
        return Err(Trouble::nothing_to_undo());
    };
    let rows = book.ports.runs.rows(source, &run).await?;
    let lost: Vec<Lost> = rows.iter().filter(|row| took_away(row)).map(lost).collect();
    if lost.is_empty() {
        return Err(Trouble::nothing_to_undo());
    }
    let keys: BTreeSet<ItemKey> = lost.iter().filter_map(|lost| lost.removed.key()).collect();
    let keys: Vec<ItemKey> = keys.into_iter().collect();
    let standing = book.ports.mirror.before_images(source, &keys).await?;
    Ok((KeptWhy::Undone { run }, lost, standing))
}

/// Done, or perhaps done: in flight when the run died, or never answered. Not what a purge removed
/// for good.
fn took_away(row: &Row) -> bool {
    let code = row.code.as_deref();
    let happened = match row.result {
        RowResult::Done => code != Some("purged"),
        RowResult::Planned => code == Some(IN_FLIGHT),
        RowResult::Failed => code == Some(NOT_ANSWERED),
        _ => false,
    };
    happened && matches!(row.action, Action::Delete | Action::Disable)
}

fn lost(row: &Row) -> Lost {
    let mut changes = row.changes.iter();
    let status = changes.find(|change| change.attribute == "status");
    let status = status.and_then(|change| change.before.clone());
    // A department's is none of a person's.
    let status: Option<UserStatus> = status.and_then(|word| serde_json::from_value(word).ok());
    Lost {
        removed: HeldItem {
            kind: row.kind,
            id: row.id.clone(),
            internal_id: row.internal_id.clone(),
            name: row.name.clone(),
            action: row.action,
            departments: Vec::new(),
            suspected_rename: None,
        },
        status,
    }
}

/// The person whom an administrator wants back, as they stand.
async fn one_person(book: &Book<'_>) -> Result<Found, Trouble> {
    let source = book.lease.source();
    let userid = book.record.restores.as_ref();
    let Some(key) = userid.map(|userid| ItemKey::User(userid.key())) else {
        return Err(Trouble::nobody_to_restore());
    };
    let keys = std::slice::from_ref(&key);
    let standing = book.ports.mirror.before_images(source, keys).await?;
    let Some(item) = standing.get(&key) else {
        return Err(Trouble::nobody_to_restore());
    };
    let lost = Lost {
        removed: HeldItem::of(item, Action::Delete),
        status: None,
    };
    let run = book.lease.run().clone();
    Ok((KeptWhy::Restored { run }, vec![lost], standing))
}

async fn live_departments(book: &Book<'_>) -> Result<BTreeSet<DepartmentId>, StoreError> {
    let marks = book.ports.mirror.marks(book.lease.source()).await?;
    let live = marks
        .into_values()
        .filter(|mark| mark.state == ItemState::Live);
    let departments = live.filter_map(|mark| match mark.key {
        ItemKey::Department(id) => Some(id),
        ItemKey::User(_) => None,
    });
    Ok(departments.collect())
}

/// Whoever comes back is kept, and that is durable before the first of them is written.
async fn keep(book: &mut Book<'_>, why: &KeptWhy, given: &GivenBack) -> Result<(), Trouble> {
    book.ports.progress.step(Step::Decide);
    let kept = not_kept_yet(book, &given.kept).await?;
    let by = book.record.requested_by.clone().unwrap_or_default();
    let at = book.record.started_at.unwrap_or(book.record.queued_at);
    let decision = Decision {
        kept: KeptSet::split(why, &by, at, &kept),
        ..decide::nothing_but(book, Vec::new())
    };
    Ok(book.ports.runs.decide(book.lease, &decision).await?)
}

/// An undo that is repeated adds no second mark for the same removal of the same person.
async fn not_kept_yet(book: &Book<'_>, items: &[HeldItem]) -> Result<Vec<HeldItem>, StoreError> {
    let sets = book.ports.decisions.kept(book.lease.source()).await?;
    let kept = sets.iter().flat_map(KeptSet::remaining);
    let kept: BTreeSet<_> = kept.map(HeldItem::removal_key).collect();
    let is_new = |item: &&HeldItem| !kept.contains(&item.removal_key());
    Ok(items.iter().filter(is_new).cloned().collect())
}

/// What was to come back and does not: the way back of what was taken away.
fn row_of_skipped(item: &HeldItem, note: Note) -> Row {
    let action = match item.action {
        Action::Disable => Action::Update,
        _ => Action::Restore,
    };
    row_of_removal(item, action, RowResult::Skipped, note)
}
