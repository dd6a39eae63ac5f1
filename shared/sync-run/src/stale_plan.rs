//! A plan that was shown and is not the plan any more: it is refused, with what is different.

use std::collections::BTreeMap;

use org_model::ItemKind;
use org_plan::Note;

use crate::book::{Book, planned_rows};
use crate::judge::Judged;
use crate::rows::with_note;
use crate::trouble::{Difference, Trouble};
use crate::{Row, RowResult};

/// Of one item: what takes something away, and what does not, each has a row of its own.
type Place = (ItemKind, String, bool);

/// Ends the run unless the plan is the one that its caller was shown. A continuation goes on with
/// what is left of that plan.
pub(crate) async fn check(book: &mut Book<'_>, judged: &Judged) -> Result<(), Trouble> {
    let expected = book
        .record
        .expected_plan
        .filter(|_| !book.is_continuation());
    let Some(expected) = expected else {
        return Ok(());
    };
    if expected == judged.verdict.permitted.fingerprint() {
        return Ok(());
    }
    let shown = match &book.record.expected_plan_run {
        Some(run) => book.ports.runs.rows(book.lease.source(), run).await?,
        None => Vec::new(),
    };
    if shown.is_empty() {
        // Nobody knows any more what that plan said.
        return Err(Trouble::StalePlan(Difference::default()));
    }
    let (rows, difference) = compare(shown, planned_rows(judged));
    for row in rows {
        book.record_row(row).await?;
    }
    book.flush_rows().await?;
    Err(Trouble::StalePlan(difference))
}

/// One skipped row for each row that only one of the plans has, or that says something else now.
fn compare(shown: Vec<Row>, now: Vec<Row>) -> (Vec<Row>, Difference) {
    let mut shown: BTreeMap<Place, Row> = shown.into_iter().map(|row| (place(&row), row)).collect();
    let mut difference = Difference {
        is_known: true,
        ..Difference::default()
    };
    let mut rows = Vec::new();
    for row in now {
        match shown.remove(&place(&row)) {
            None => {
                difference.new += 1;
                rows.push(skipped(row, NEW));
            }
            Some(before) if says_the_same(&before, &row) => {}
            Some(_) => {
                difference.changed += 1;
                rows.push(skipped(row, CHANGED));
            }
        }
    }
    difference.gone = shown.len();
    rows.extend(shown.into_values().map(|row| skipped(row, GONE)));
    (rows, difference)
}

const NEW: (&str, &str) = (
    "new_since_plan",
    "the plan that was shown did not have this",
);
const GONE: (&str, &str) = (
    "gone_since_plan",
    "the plan that was shown had this, and it is no longer to be done",
);
const CHANGED: (&str, &str) = (
    "changed_since_plan",
    "the plan that was shown said something else of this",
);

fn place(row: &Row) -> Place {
    (row.kind, row.id.to_lowercase(), row.action.is_removal())
}

/// Whether it waits for approval or not is no part of what a plan does. A new item's internal id
/// names the run that would make it.
fn says_the_same(before: &Row, now: &Row) -> bool {
    (before.action, &before.changes) == (now.action, &now.changes)
}

fn skipped(row: Row, (code, message): (&str, &str)) -> Row {
    let note = Note {
        code: code.to_owned(),
        message: message.to_owned(),
        remedy: None,
    };
    let row = Row {
        result: RowResult::Skipped,
        ..row
    };
    with_note(row, Some(note))
}
