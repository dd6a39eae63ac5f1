//! Steps 10 and 11: write what is permitted, in an order that is sound at every prefix, and record
//! each row as it happens.

mod closing;
mod hand;

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use org_model::{DepartmentId, DepartmentTree};
use org_plan::{Change, Footing, Item, PermittedChange, PermittedPlan};

use crate::RowResult;
use crate::book::Book;
use crate::cancelling;
use crate::judge::Judged;
use crate::outcomes::{changed_meanwhile, not_answered, not_empty, rejected};
use crate::ports::{REMOVALS_MAX, Step, StoreError, WriteOutcome};
use crate::rows::ROWS_PER_PAGE;
use crate::run::DEADLINE_MARGIN;
use crate::trouble::Trouble;
use hand::Hand;

/// Writes in flight at once: at about 5 ms each, 64 give some 12,000 rows a second, more than one
/// partition takes and less than the table's buckets together do.
const WRITES_IN_FLIGHT: usize = 64;

pub(crate) async fn apply(book: &mut Book<'_>, judged: &Judged) -> Result<(), Trouble> {
    book.ports.progress.step(Step::Apply);
    let plan = &judged.verdict.permitted;
    let mut hand = Hand::over(plan);
    let tree = judged.snapshot.tree();
    let depth = |change: &Change| depth(tree, change);
    write_changes(book, plan, Some(tree), &depth, &mut hand).await?;
    write_removals(book, plan, &mut hand).await?;
    closing::write_marks(book, plan).await?;
    book.ports.progress.step(Step::Record);
    for row in closing::rest(judged) {
        book.record_row(row).await?;
    }
    Ok(book.flush_rows().await?)
}

/// Writes a plan that only gives back: departments parents first, then people.
pub(crate) async fn give_back(book: &mut Book<'_>, plan: &PermittedPlan) -> Result<(), Trouble> {
    book.ports.progress.step(Step::Apply);
    let parents: BTreeMap<DepartmentId, Option<DepartmentId>> = plan
        .changes()
        .filter_map(|change| match &change.after {
            Item::Department(department) => Some((department.id, department.parent)),
            Item::User(_) => None,
        })
        .collect();
    let above = |id: &DepartmentId| parents.get(id).copied().flatten();
    let depth = |change: &Change| match &change.after {
        // Each stands below one that lives, so that the way up ends.
        Item::Department(department) => std::iter::successors(Some(department.id), above)
            .take(parents.len() + 1)
            .count(),
        Item::User(_) => usize::MAX,
    };
    let mut hand = Hand::over(plan);
    write_changes(book, plan, None, &depth, &mut hand).await
}

/// Creations and updates, wave after wave: a wave holds departments of one depth, or people. What
/// builds on a write that did not happen is not sent (`org_plan::Footing`).
async fn write_changes(
    book: &mut Book<'_>,
    plan: &PermittedPlan,
    tree: Option<&DepartmentTree>,
    depth: &(dyn Fn(&Change) -> usize + Sync),
    hand: &mut Hand,
) -> Result<(), Trouble> {
    let changes: Vec<PermittedChange<'_>> = plan.changes().collect();
    for wave in changes.chunk_by(|a, b| depth(a) == depth(b)) {
        for chunk in wave.chunks(ROWS_PER_PAGE) {
            stop_when_due(book, hand).await?;
            let (goes, stays): (Vec<PermittedChange<'_>>, Vec<_>) =
                chunk.iter().partition(|change| hand.carries(change, tree));
            book.intend(&goes).await?;
            let answers = write_chunk(book, &goes).await;
            let ended = record_answers(book, hand, &goes, answers).await;
            for change in stays {
                hand.note(&change, &WriteOutcome::ChangedMeanwhile);
                hand.sent(book, 1);
                let note = Some(Footing::no_footing());
                book.record_change(&change, RowResult::Failed, note).await?;
            }
            book.flush_rows().await?;
            ended?;
        }
    }
    Ok(())
}

/// A department's distance from the top of the snapshot's tree; people come after all of them.
fn depth(tree: &DepartmentTree, change: &Change) -> usize {
    let Item::Department(department) = &change.after else {
        return usize::MAX;
    };
    std::iter::successors(tree.get(department.id), |d| tree.get(d.parent?)).count()
}

/// An answer for each change, in order; `None` for those that were not sent any more.
async fn write_chunk(
    book: &Book<'_>,
    chunk: &[PermittedChange<'_>],
) -> Vec<Option<Result<WriteOutcome, StoreError>>> {
    let writes: Vec<_> = chunk
        .iter()
        .map(|change| write_in_time(book, *change))
        .collect();
    futures::stream::iter(writes)
        .buffered(WRITES_IN_FLIGHT)
        .collect()
        .await
}

/// No request starts after the deadline less its margin: also not in a process that slept and
/// whose lease somebody else may hold by now.
async fn write_in_time(
    book: &Book<'_>,
    change: PermittedChange<'_>,
) -> Option<Result<WriteOutcome, StoreError>> {
    if is_late(book) {
        return None;
    }
    Some(book.ports.mirror.write(book.lease, change).await)
}

/// One row per answer, whatever became of the others: what was written is told, and a write that
/// never got through is a red row (story 9). The run goes on unless nothing at all got through, or
/// the store said something that waiting does not mend, or the time is over.
async fn record_answers(
    book: &mut Book<'_>,
    hand: &mut Hand,
    chunk: &[PermittedChange<'_>],
    answers: Vec<Option<Result<WriteOutcome, StoreError>>>,
) -> Result<(), Trouble> {
    let mut got_through = false;
    let mut troubles = Vec::new();
    let mut sent = 0;
    for (change, answer) in chunk.iter().zip(answers) {
        sent += usize::from(answer.is_some());
        match answer {
            Some(Ok(outcome)) => {
                got_through = true;
                book.got_on = true;
                hand.note(change, &outcome);
                match outcome {
                    WriteOutcome::Done => book.note_done(change),
                    _ => book.removal_failed |= change.action.is_removal(),
                }
                record_outcome(book, change, outcome).await?;
            }
            Some(Err(error)) => {
                // Perhaps written, perhaps not: its place counts as taken either way.
                hand.note(change, &WriteOutcome::ChangedMeanwhile);
                book.removal_failed |= change.action.is_removal();
                let note = Some(not_answered());
                book.record_change(change, RowResult::Failed, note).await?;
                troubles.push(error);
            }
            None => hand.note(change, &WriteOutcome::ChangedMeanwhile),
        }
    }
    hand.sent(book, sent);
    let passing = |error: &StoreError| matches!(error, StoreError::Unavailable { .. });
    let grave = troubles
        .iter()
        .find(|error| !passing(error) || !got_through);
    match grave {
        Some(error) => Err(Trouble::Store(error.clone())),
        None if sent < chunk.len() => Err(Trouble::OutOfTime { left: hand.left }),
        None => Ok(()),
    }
}

/// People first, then departments leaf first, in transactions that also check the lease. A
/// department stays when somebody in it could not be moved or removed.
async fn write_removals(
    book: &mut Book<'_>,
    plan: &PermittedPlan,
    hand: &mut Hand,
) -> Result<(), Trouble> {
    let removals: Vec<PermittedChange<'_>> = plan.removals().collect();
    for batch in removal_batches(&removals) {
        stop_when_due(book, hand).await?;
        let (stays, goes): (Vec<PermittedChange<'_>>, Vec<_>) =
            batch.iter().partition(|change| hand.keeps(change));
        book.removal_failed |= !stays.is_empty();
        for change in stays {
            hand.occupied.extend(change.after.departments());
            book.record_change(&change, RowResult::Skipped, Some(not_empty()))
                .await?;
        }
        book.intend(&goes).await?;
        let answers = book.ports.mirror.remove(book.lease, &goes).await;
        hand.sent(book, batch.len() - goes.len());
        let ended =
            record_answers(book, hand, &goes, answers.into_iter().map(Some).collect()).await;
        book.flush_rows().await?;
        ended?;
    }
    Ok(())
}

/// Batches in which nothing depends on the outcome of another: a department never stands in one
/// batch with what was in it.
fn removal_batches<'a, 'p>(removals: &'a [PermittedChange<'p>]) -> Vec<&'a [PermittedChange<'p>]> {
    let mut batches = Vec::new();
    let mut begin = 0;
    let mut places: BTreeSet<DepartmentId> = BTreeSet::new();
    for (at, change) in removals.iter().enumerate() {
        let depends = matches!(&change.after, Item::Department(d) if places.contains(&d.id));
        if depends || at - begin == REMOVALS_MAX {
            batches.push(&removals[begin..at]);
            begin = at;
            places.clear();
        }
        places.extend(change.after.departments());
    }
    batches.push(&removals[begin..]);
    batches.retain(|batch| !batch.is_empty());
    batches
}

async fn record_outcome(
    book: &mut Book<'_>,
    change: &Change,
    outcome: WriteOutcome,
) -> Result<(), StoreError> {
    match outcome {
        WriteOutcome::Done if change.is_refresh() => Ok(()),
        WriteOutcome::Done => book.record_change(change, RowResult::Done, None).await,
        WriteOutcome::ChangedMeanwhile => {
            book.record_change(change, RowResult::Failed, Some(changed_meanwhile()))
                .await
        }
        WriteOutcome::Rejected(code) => {
            book.record_change(change, RowResult::Failed, Some(rejected(code)))
                .await
        }
    }
}

/// Before each page of writes: the time may be over, or somebody may have cancelled the run.
async fn stop_when_due(book: &mut Book<'_>, hand: &Hand) -> Result<(), Trouble> {
    if !is_late(book) {
        return cancelling::heed(book).await;
    }
    book.flush_rows().await?;
    Err(Trouble::OutOfTime { left: hand.left })
}

fn is_late(book: &Book<'_>) -> bool {
    book.ports.clock.now() >= book.deadline - DEADLINE_MARGIN
}
