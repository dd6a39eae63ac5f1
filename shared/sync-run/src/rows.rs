//! Rows, packed in pages as they happen.

use org_plan::{Action, Change, Guarded, HeldItem, Item, KeptItem, Note};

use crate::outcomes::{clearing_guarded, in_flight, protected, suspected_rename};
use crate::{Counts, Row, RowResult, RowsPage};

/// Rows in one page: at about 300 bytes a row before compression, 500 rows are 150 KB, well under
/// DynamoDB's 400 KB even where rows carry long values.
pub const ROWS_PER_PAGE: usize = 500;

/// Numbers rows and fills pages.
#[derive(Debug, Default)]
pub(crate) struct RowWriter {
    last_seq: u64,
    last_page: u32,
    open: Vec<Row>,
    /// The next page stands as an intent: what became of it takes its place, also if that is
    /// nothing.
    intended: bool,
}

impl RowWriter {
    /// Goes on after so many rows. Pages are counted anew: they are kept by generation.
    pub fn after(rows: u64) -> Self {
        Self {
            last_seq: rows,
            ..Self::default()
        }
    }

    /// Takes a row; its number is given here.
    pub fn push(&mut self, mut row: Row) {
        self.last_seq += 1;
        row.seq = self.last_seq;
        self.open.push(row);
    }

    pub fn is_full(&self) -> bool {
        self.open.len() >= ROWS_PER_PAGE
    }

    /// The open rows as the next page; `None` when there are none, and none was intended. They stay
    /// open until [`RowWriter::settle`]: a page that could not be written is written again.
    pub fn page(&self) -> Option<RowsPage> {
        let page = self.last_page + 1;
        (self.intended || !self.open.is_empty()).then(|| RowsPage {
            page,
            rows: self.open.clone(),
        })
    }

    /// Every row is durable, and so is what became of each write that was intended.
    pub fn is_settled(&self) -> bool {
        self.open.is_empty() && !self.intended
    }

    /// The rows of the open page, to say what became of them.
    pub fn open_rows(&mut self) -> &mut [Row] {
        &mut self.open
    }

    /// The next page as it will be if the run dies while `rows` are being written: it is put down
    /// before the first of them is sent, and the page of what became of them takes its place.
    pub fn intent(&mut self, rows: Vec<Row>) -> Option<RowsPage> {
        let mut page = RowsPage {
            page: self.last_page + 1,
            rows: self.open.clone(),
        };
        page.rows.extend(rows);
        for (row, seq) in page
            .rows
            .iter_mut()
            .skip(self.open.len())
            .zip(self.last_seq + 1..)
        {
            row.seq = seq;
        }
        self.intended |= !page.rows.is_empty();
        (!page.rows.is_empty()).then_some(page)
    }

    /// The page is durable: only now do its rows count.
    pub fn settle(&mut self, counts: &mut Counts) {
        self.last_page += 1;
        self.intended = false;
        for row in self.open.drain(..) {
            count(counts, &row);
        }
    }
}

/// What these rows amount to.
pub(crate) fn counts_of(rows: &[Row]) -> Counts {
    let mut counts = Counts::new();
    rows.iter().for_each(|row| count(&mut counts, row));
    counts
}

fn count(counts: &mut Counts, row: &Row) {
    let kind = counts.entry(format!("{}s", row.kind)).or_default();
    *kind
        .entry(row.action)
        .or_default()
        .entry(row.result)
        .or_default() += 1;
}

/// The row of one change with what became of it. The executor's note wins over the plan's.
pub(crate) fn row_of_change(change: &Change, result: RowResult, note: Option<Note>) -> Row {
    let mut row = row_of_item(&change.after, change.action, result);
    row.changes.clone_from(&change.changes);
    with_note(row, note.or_else(|| change.note.clone()))
}

/// The row of a change that is about to be sent.
pub(crate) fn row_of_intent(change: &Change) -> Row {
    row_of_change(change, RowResult::Planned, Some(in_flight()))
}

/// The row of something that a sealed reading misses and that stays.
pub(crate) fn row_of_kept(kept: &KeptItem) -> Row {
    let (action, result) = match kept.note.code.as_str() {
        "not_empty" => (Action::Delete, RowResult::Skipped),
        "not_detached" => (Action::Detach, RowResult::Skipped),
        "name_conflict" => (Action::Adopt, RowResult::Failed),
        _ => (Action::Delete, RowResult::Kept),
    };
    with_note(
        row_of_item(&kept.before, action, result),
        Some(kept.note.clone()),
    )
}

/// The row of a removal that waits, for as long as it waits.
pub(crate) fn row_of_held(item: &HeldItem) -> Row {
    let note = match &item.suspected_rename {
        Some(userid) => suspected_rename(userid),
        None => protected(),
    };
    row_of_removal(item, item.action, RowResult::Held, note)
}

/// The row of somebody whose values are not emptied, since it would happen to too many.
pub(crate) fn row_of_guarded(guarded: &Guarded) -> Row {
    let mut row = row_of_item(&guarded.item, Action::Update, RowResult::Held);
    row.changes.clone_from(&guarded.changes);
    with_note(row, Some(clearing_guarded()))
}

/// A row about a removal of which only the log or a list tells.
pub(crate) fn row_of_removal(
    item: &HeldItem,
    action: Action,
    result: RowResult,
    note: Note,
) -> Row {
    let row = Row {
        seq: 0,
        kind: item.kind,
        id: item.id.clone(),
        internal_id: item.internal_id.clone(),
        name: item.name.clone(),
        action,
        result,
        code: None,
        message: None,
        remedy: None,
        changes: Vec::new(),
    };
    with_note(row, Some(note))
}

fn row_of_item(item: &Item, action: Action, result: RowResult) -> Row {
    Row {
        seq: 0,
        kind: item.kind(),
        id: item.id(),
        internal_id: item.internal_id().clone(),
        name: item.name().to_owned(),
        action,
        result,
        code: None,
        message: None,
        remedy: None,
        changes: Vec::new(),
    }
}

pub(crate) fn with_note(mut row: Row, note: Option<Note>) -> Row {
    if let Some(note) = note {
        row.code = Some(note.code);
        row.message = Some(note.message);
        row.remedy = note.remedy;
    }
    row
}

pub(crate) fn row_of_item_with(item: &Item, action: Action, result: RowResult, note: Note) -> Row {
    with_note(row_of_item(item, action, result), Some(note))
}
