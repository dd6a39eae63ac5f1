//! How much of a run was written, as far as its rows tell.

use super::page::many;
use crate::book::Book;
use crate::outcomes::NOT_ANSWERED;
use crate::{RowResult, RunRecord};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    /// Known to be.
    pub done: u64,
    /// Nothing else can have been: no write lacks its answer, no answer its row.
    pub is_all: bool,
}

impl Written {
    /// By the run that is being closed.
    pub fn of(book: &Book<'_>) -> Self {
        let record = &book.record;
        let failed_here: u64 = book.failures.values().sum();
        // Of an earlier segment's rows it is not at hand why they failed.
        let are_codes_known = failed_here >= record.rows_with(RowResult::Failed);
        let is_answered = !book.failures.contains_key(NOT_ANSWERED);
        Self {
            done: record.rows_with(RowResult::Done),
            is_all: are_codes_known && is_answered && book.rows.is_settled(),
        }
    }

    /// By the segments before the one that did nothing.
    pub fn by_earlier(record: &RunRecord) -> Self {
        Self {
            done: record.rows_with(RowResult::Done),
            is_all: record.rows_with(RowResult::Failed) == 0,
        }
    }

    pub(super) fn words(self) -> (String, String) {
        let Self { done, is_all } = self;
        match (done, is_all) {
            (0, true) => (
                "nothing was written".to_owned(),
                "未写入任何内容".to_owned(),
            ),
            (0, false) => (
                "nothing is known to have been written".to_owned(),
                "未确认写入任何内容".to_owned(),
            ),
            (_, true) => (
                format!("{} had been written", many(done, "change", "changes")),
                format!("此前已写入 {done} 项变更"),
            ),
            (1, false) => (
                "1 change is known to have been written".to_owned(),
                "此前确认已写入 1 项变更".to_owned(),
            ),
            (_, false) => (
                format!("{done} changes are known to have been written"),
                format!("此前确认已写入 {done} 项变更"),
            ),
        }
    }
}
