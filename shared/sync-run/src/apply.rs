//! Steps 10 and 11: write what is permitted, in an order that is sound at every prefix, and record
//! each row as it happens.

use std::collections::BTreeSet;

use futures::StreamExt;
use org_model::{DepartmentId, DepartmentTree};
use org_plan::{Action, Change, Item, KeptItem, Note, PermittedChange, PermittedPlan};

use crate::RowResult;
use crate::book::Book;
use crate::judge::Judged;
use crate::ports::{REMOVALS_MAX, Step, StoreError, WriteOutcome};
use crate::rows::{ROWS_PER_PAGE, row_of_kept};
use crate::run::DEADLINE_MARGIN;
use crate::trouble::Trouble;

/// Writes in flight at once: at about 5 ms each, 64 give some 12,000 rows a second, more than one
/// partition takes and less than the table's buckets together do.
const WRITES_IN_FLIGHT: usize = 64;

pub(crate) async fn apply(book: &mut Book<'_>, judged: &Judged) -> Result<(), Trouble> {
    book.ports.progress.step(Step::Apply);
    let plan = &judged.verdict.permitted;
    let mut left = Left {
        changes: plan.changes().len() + plan.removals().len(),
        total: 0,
    };
    left.total = left.changes;
    write_changes(book, plan, judged.snapshot.tree(), &mut left).await?;
    write_removals(book, plan, &mut left).await?;
    write_marks(book, plan).await?;
    book.ports.progress.step(Step::Record);
    let verdict = &judged.verdict;
    book.write_held_rows(verdict.held.iter().chain(&verdict.still_held))
        .await?;
    Ok(book.flush_rows().await?)
}

/// How many changes have not been sent yet.
struct Left {
    changes: usize,
    total: usize,
}

impl Left {
    fn sent(&mut self, book: &Book<'_>, changes: usize) {
        self.changes -= changes;
        let done = (self.total - self.changes) as u64;
        book.ports.progress.advance(done, self.total as u64);
    }
}

/// Creations and updates, wave after wave: a wave holds departments of one depth, or people.
async fn write_changes(
    book: &mut Book<'_>,
    plan: &PermittedPlan,
    tree: &DepartmentTree,
    left: &mut Left,
) -> Result<(), Trouble> {
    let changes: Vec<PermittedChange<'_>> = plan.changes().collect();
    for wave in changes.chunk_by(|a, b| depth(tree, a) == depth(tree, b)) {
        for chunk in wave.chunks(ROWS_PER_PAGE) {
            stop_when_late(book, left).await?;
            let outcomes = write_chunk(book, chunk).await?;
            for (change, outcome) in chunk.iter().zip(outcomes) {
                record_outcome(book, change, outcome).await?;
            }
            book.flush_rows().await?;
            left.sent(book, chunk.len());
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

async fn write_chunk(
    book: &Book<'_>,
    chunk: &[PermittedChange<'_>],
) -> Result<Vec<WriteOutcome>, StoreError> {
    let (mirror, lease) = (&book.ports.mirror, book.lease);
    let writes: Vec<_> = chunk
        .iter()
        .map(|change| mirror.write(lease, *change))
        .collect();
    let outcomes: Vec<_> = futures::stream::iter(writes)
        .buffered(WRITES_IN_FLIGHT)
        .collect()
        .await;
    outcomes.into_iter().collect()
}

/// People first, then departments leaf first, in transactions that also check the lease. A
/// department stays when somebody of it could not be removed.
async fn write_removals(
    book: &mut Book<'_>,
    plan: &PermittedPlan,
    left: &mut Left,
) -> Result<(), Trouble> {
    let removals: Vec<PermittedChange<'_>> = plan.removals().collect();
    let mut occupied: BTreeSet<DepartmentId> = BTreeSet::new();
    for chunk in removals.chunk_by(|a, b| a.after.kind() == b.after.kind()) {
        for batch in chunk.chunks(REMOVALS_MAX) {
            stop_when_late(book, left).await?;
            let (stays, goes): (Vec<_>, Vec<_>) = batch
                .iter()
                .copied()
                .partition(|change| is_occupied(change, &occupied));
            for change in stays {
                occupied.extend(places_of(&change));
                book.record_change(&change, RowResult::Skipped, Some(not_empty()))
                    .await?;
            }
            let outcomes = book.ports.mirror.remove(book.lease, &goes).await?;
            for (change, outcome) in goes.iter().zip(outcomes) {
                if outcome != WriteOutcome::Done && change.action == Action::Delete {
                    occupied.extend(places_of(change));
                }
                record_outcome(book, change, outcome).await?;
            }
            book.flush_rows().await?;
            left.sent(book, batch.len());
        }
    }
    Ok(())
}

fn is_occupied(change: &Change, occupied: &BTreeSet<DepartmentId>) -> bool {
    matches!(&change.after, Item::Department(d) if occupied.contains(&d.id))
}

/// The departments that are not empty while this item stays.
fn places_of(change: &Change) -> Vec<DepartmentId> {
    match &change.after {
        Item::User(user) => user.memberships.iter().map(|m| m.department).collect(),
        Item::Department(department) => department.parent.into_iter().collect(),
    }
}

async fn write_marks(book: &mut Book<'_>, plan: &PermittedPlan) -> Result<(), Trouble> {
    let kept: Vec<_> = plan.kept().filter(|kept| is_news(kept)).collect();
    for chunk in kept.chunks(ROWS_PER_PAGE) {
        let (mirror, lease) = (&book.ports.mirror, book.lease);
        let marks = chunk.iter().filter(|kept| kept.absence.is_some());
        let writes: Vec<_> = marks
            .map(|kept| mirror.mark_absence(lease, *kept))
            .collect();
        let written = futures::stream::iter(writes).buffered(WRITES_IN_FLIGHT);
        for outcome in written.collect::<Vec<_>>().await {
            // An item that changed meanwhile was seen by somebody: it needs no mark.
            let _kept_either_way: WriteOutcome = outcome?;
        }
        for kept in chunk {
            book.record_row(row_of_kept(kept)).await?;
        }
    }
    for refused in plan.refused() {
        book.record_row(row_of_kept(refused)).await?;
    }
    Ok(())
}

/// A mark to write, or a department that people keep. What was asked today and stays as it was
/// makes no row again.
fn is_news(kept: &KeptItem) -> bool {
    kept.absence.is_some() || kept.note.code == "not_empty"
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

/// No request starts after the deadline less its margin.
async fn stop_when_late(book: &mut Book<'_>, left: &Left) -> Result<(), Trouble> {
    if book.ports.clock.now() < book.deadline - DEADLINE_MARGIN {
        return Ok(());
    }
    book.flush_rows().await?;
    Err(Trouble::OutOfTime { left: left.changes })
}

fn not_empty() -> Note {
    Note {
        code: "not_empty".to_owned(),
        message: "somebody in it could not be removed".to_owned(),
        remedy: None,
    }
}

fn changed_meanwhile() -> Note {
    Note {
        code: "changed_meanwhile".to_owned(),
        message: "somebody else changed this item after the run had read it".to_owned(),
        remedy: Some("nothing: the next run looks at it again".to_owned()),
    }
}

fn rejected(code: String) -> Note {
    Note {
        code,
        message: "the directory cannot hold this item".to_owned(),
        remedy: Some("shorten its values in WeCom or map fewer fields".to_owned()),
    }
}
