//! The least that a run could cost, from what the tables hold before and after it.
//!
//! - **WeCom:** 1 token, 2 `agent/get`, 1 `department/list`, one `user/list` per department; and
//!   where somebody is missing, one question each and one to somebody who must be there.
//! - **Reads:** the index `fingerprints`, strongly consistent: a unit per started 4 KB of each
//!   partition's entries; each changed item that was there before, once; the fixed items of a run,
//!   once each: lease, settings, state, agent, held lists, outbox; and the baseline.
//! - **Writes:** each item that the run left changed, once: a unit per started KB of it and of its
//!   index entry; the pages of rows as they are stored; the fixed items of a run, once each: lease,
//!   delivery mark, due mark, record, state, event; and the baseline if there was none.
//!
//! It is a lower bound, and to meet it exactly is not the goal: a transaction costs twice, a
//! decision is durable before it is applied, and both are promises (DESIGN.md, promises 3 and 4).

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use sync_run::RunRecord;
use testkit::dynamo::{DIRECTORY_TABLE, SYNC_TABLE};

use crate::standin::{Item, entry_units, item_bytes, read_units, wire_of, write_units};

/// Partitions of a mirror: 64 of people, 16 of departments (`dynamo-store`, mirror/keys.rs). An
/// empty one costs a unit to ask.
const PARTITIONS: usize = 80;

/// What the index `fingerprints` of template.yaml carries.
const ENTRY: [&str; 7] = ["pk", "sk", "mk", "fp", "st", "gen", "iid"];

/// Lease, settings, state, agent, held lists, outbox.
const FIXED_READS: f64 = 6.0;

/// Lease, delivery mark, due mark, record, state, event.
const FIXED_WRITES: f64 = 6.0;

/// What the tables hold.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// Bytes of index entries by partition.
    entries: BTreeMap<String, usize>,
    /// Items by the generation that wrote them: how many, and the units of writing them.
    written: BTreeMap<String, (u64, f64)>,
    /// People that are not deleted.
    pub live_people: u64,
    /// Units of the pages of rows, by partition.
    row_pages: BTreeMap<String, f64>,
    baseline_bytes: usize,
    /// The mean item, for the reader.
    items: u64,
    bytes: u64,
}

/// The least, and its arithmetic in words.
#[derive(Clone, Debug, Serialize)]
pub struct Minimum {
    pub wecom_calls: u64,
    pub read_units: f64,
    pub write_units: f64,
    pub arithmetic: Vec<String>,
}

/// What happened in WeCom before the run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Happened {
    pub departments: usize,
    pub missing: usize,
}

impl Holdings {
    /// Reads both tables, which nobody writes meanwhile.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn read(client: &Client) -> anyhow::Result<Self> {
        let mut holdings = Self::default();
        scan(client, DIRECTORY_TABLE, |item| holdings.take_item(item)).await?;
        scan(client, SYNC_TABLE, |item| holdings.take_log(item)).await?;
        Ok(holdings)
    }

    fn take_item(&mut self, item: &Item) {
        let bytes = item_bytes(item).expect("stored items have sizes");
        let in_entry = item
            .iter()
            .filter(|(name, _)| ENTRY.contains(&name.as_str()));
        let entry: Item = in_entry.map(|(n, v)| (n.clone(), v.clone())).collect();
        let entry = item_bytes(&entry).expect("stored items have sizes");
        *self.entries.entry(text(item, "pk")).or_default() += entry;
        let generation = item["gen"]["N"].as_str().unwrap_or_default().to_owned();
        let written = self.written.entry(generation).or_default();
        written.0 += 1;
        written.1 += write_units(bytes) + entry_units(None, Some(entry));
        let is_person = text(item, "pk").contains("#u#");
        self.live_people += u64::from(is_person && text(item, "st") != "deleted");
        self.items += 1;
        self.bytes += bytes as u64;
    }

    fn take_log(&mut self, item: &Item) {
        let bytes = item_bytes(item).expect("stored items have sizes");
        let sk = text(item, "sk");
        if sk.starts_with("ROWS#") {
            *self.row_pages.entry(text(item, "pk")).or_default() += write_units(bytes);
        } else if sk.starts_with("BASELINE#") {
            self.baseline_bytes += bytes;
        }
    }

    /// A unit per started 4 KB of each partition.
    fn index_units(&self) -> f64 {
        let asked = self.entries.values().map(|bytes| read_units(*bytes));
        asked.sum::<f64>() + (PARTITIONS - self.entries.len()) as f64
    }

    /// The mean size of an item in bytes.
    pub fn item_bytes_mean(&self) -> u64 {
        self.bytes.checked_div(self.items).unwrap_or_default()
    }
}

/// The least that `record`'s run could cost.
pub fn minimum(
    before: &Holdings,
    after: &Holdings,
    record: &RunRecord,
    happened: Happened,
) -> Minimum {
    let generation = record.generation.map_or(0, |it| it.0).to_string();
    let (changed, item_units) = after.written.get(&generation).copied().unwrap_or_default();
    let seen = changed.saturating_sub(created(record)) as f64;
    let index = before.index_units();
    let baseline_reads = pages(before.baseline_bytes, read_units);
    let new_baseline = before.baseline_bytes != after.baseline_bytes;
    let baseline_writes = match new_baseline {
        true => pages(after.baseline_bytes, write_units),
        false => 0.0,
    };
    let log = format!("SOURCE#{}#RUN#{}", record.source, record.run);
    let rows = after.row_pages.get(&log).copied().unwrap_or_default();
    let questions = match happened.missing {
        0 => 0,
        missing => missing as u64 + 1,
    };
    let departments = happened.departments as u64;
    Minimum {
        wecom_calls: 4 + departments + questions,
        read_units: index + seen + FIXED_READS + baseline_reads,
        write_units: item_units + rows + FIXED_WRITES + baseline_writes,
        arithmetic: vec![
            format!(
                "calls: 1 token + 2 agent/get + 1 department/list + {departments} user/list \
                 + {questions} questions by name"
            ),
            format!(
                "reads: {index} index + {seen} changed items + {FIXED_READS} fixed \
                 + {baseline_reads} baseline"
            ),
            format!(
                "writes: {item_units} for {changed} items and their index entries + {rows} rows \
                 + {FIXED_WRITES} fixed + {baseline_writes} baseline"
            ),
        ],
    }
}

fn pages(bytes: usize, units: fn(usize) -> f64) -> f64 {
    if bytes == 0 { 0.0 } else { units(bytes) }
}

/// How many items were not there before.
fn created(record: &RunRecord) -> u64 {
    let kinds = record.counts.values();
    let created = kinds.filter_map(|actions| actions.get(&org_plan::Action::Create));
    created.flat_map(BTreeMap::values).sum()
}

fn text(item: &Item, name: &str) -> String {
    let text = item.get(name).and_then(|value| value.get("S")?.as_str());
    text.unwrap_or_default().to_owned()
}

/// Every item of a table, in its wire form.
///
/// # Errors
/// If the database does not answer.
pub async fn scan(client: &Client, table: &str, mut take: impl FnMut(&Item)) -> anyhow::Result<()> {
    let mut start: Option<HashMap<String, AttributeValue>> = None;
    loop {
        let page = client.scan().table_name(table).consistent_read(true);
        let page = page.set_exclusive_start_key(start).send().await?;
        for item in page.items.unwrap_or_default() {
            let wire = item
                .iter()
                .map(|(name, value)| (name.clone(), wire_of(value)));
            take(&wire.collect());
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            return Ok(());
        }
    }
}
