//! The end of applying: marks on what stays, and the rows about what waits.

use futures::StreamExt;
use org_plan::{KeptItem, PermittedMark, PermittedPlan};

use super::{WRITES_IN_FLIGHT, is_late};
use crate::Row;
use crate::book::Book;
use crate::cancelling;
use crate::judge::Judged;
use crate::ports::WriteOutcome;
use crate::rows::{ROWS_PER_PAGE, row_of_guarded, row_of_held, row_of_kept};
use crate::trouble::Trouble;

pub(super) async fn write_marks(book: &mut Book<'_>, plan: &PermittedPlan) -> Result<(), Trouble> {
    let accepted: Vec<PermittedMark<'_>> = plan.accepted().collect();
    for chunk in accepted.chunks(ROWS_PER_PAGE) {
        mark_all(book, chunk).await?;
    }
    // What was asked today and stays as it was makes no row again.
    let kept: Vec<_> = plan.kept().filter(|kept| kept.absence.is_some()).collect();
    for chunk in kept.chunks(ROWS_PER_PAGE) {
        mark_all(book, chunk).await?;
        for kept in chunk.iter().filter(|kept| !stays_told(kept)) {
            book.record_row(row_of_kept(kept)).await?;
        }
    }
    Ok(())
}

async fn mark_all(book: &mut Book<'_>, chunk: &[PermittedMark<'_>]) -> Result<(), Trouble> {
    if is_late(book) {
        return Err(Trouble::OutOfTime { left: 0 });
    }
    cancelling::heed(book).await?;
    book.got_on = true;
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
    Ok(())
}

/// Told by every run while it lasts, whether or not there is a mark to write.
fn stays_told(kept: &KeptItem) -> bool {
    matches!(kept.note.code.as_str(), "not_empty" | "not_detached")
}

/// Rows about what waits, stays or is refused. They come last and together, so that of a run in
/// several segments only the one that comes to the end tells them, once.
pub(super) fn rest(judged: &Judged) -> Vec<Row> {
    let verdict = &judged.verdict;
    let plan = &verdict.permitted;
    let kept = plan.kept().filter(|kept| stays_told(kept));
    let kept = kept.map(|kept| row_of_kept(&kept));
    let refused = plan.refused().iter().map(row_of_kept);
    let guarded = verdict.guarded.iter().map(row_of_guarded);
    let held = verdict.held.iter().chain(&verdict.still_held);
    let held = held.map(row_of_held);
    let told = judged.words.told.iter().cloned();
    let rows = kept.chain(refused).chain(guarded);
    rows.chain(told).chain(held).collect()
}
