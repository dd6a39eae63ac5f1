//! Records and rows agree with what was written (story 13).

use std::collections::{BTreeMap, BTreeSet};

use org_model::ItemKind;
use org_plan::Action;
use sync_run::{Counts, Row, RowResult, RunRecord};

use super::truth::Truth;
use crate::Shelf;

type Told = (ItemKind, String, Action);

impl Truth {
    pub fn judge_records(&self, shelf: &Shelf) {
        for record in &shelf.ledger.closed[self.closed..] {
            judge_record(shelf, record);
        }
    }
}

fn judge_record(shelf: &Shelf, record: &RunRecord) {
    let run = &record.run;
    if !shelf.records.contains_key(run) {
        return; // cleared since, with its rows
    }
    let pages = shelf.pages.iter().filter(|((of, _, _), _)| of == run);
    let rows: Vec<&Row> = pages.flat_map(|(_, page)| &page.rows).collect();
    let numbers: Vec<u64> = rows.iter().map(|row| row.seq).collect();
    let ascending: Vec<u64> = (1..=rows.len() as u64).collect();
    assert_eq!(
        numbers, ascending,
        "the rows of {run} are not counted through"
    );
    assert_eq!(record.counts, counted(&rows), "counts and rows of {run}");
    let written: BTreeSet<Told> = shelf
        .ledger
        .writes
        .iter()
        .filter(|write| write.run == *run && !write.change.is_refresh())
        .map(|write| (write.item().kind(), write.item().id(), write.change.action))
        .collect();
    for row in rows.iter().filter(|row| row.result == RowResult::Done) {
        assert!(written.contains(&told(row)), "told and not done: {row:?}");
    }
    let told: BTreeSet<Told> = rows.iter().map(|row| told(row)).collect();
    let silent: BTreeSet<_> = written.difference(&told).collect();
    assert!(silent.is_empty(), "{run} did and did not tell: {silent:?}");
}

fn told(row: &Row) -> Told {
    (row.kind, row.id.clone(), row.action)
}

fn counted(rows: &[&Row]) -> Counts {
    let mut counts: Counts = BTreeMap::new();
    for row in rows {
        let kind = format!("{}s", row.kind);
        let of_action = counts.entry(kind).or_default().entry(row.action);
        *of_action.or_default().entry(row.result).or_default() += 1;
    }
    counts
}
