//! What was measured, as tables or as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Serialize, Serializer};

use crate::case::CaseReport;
use crate::cli::DatabaseKind;
use crate::minimum::Minimum;
use crate::standin::Tally;
use crate::watch::StepCost;

const MB: f64 = 1_000_000.0;

/// Steps of less than this share of the wall time are not worth a line.
const SHARE_MIN: f64 = 0.005;

/// One organisation.
#[derive(Debug, Serialize)]
pub struct MeasuredSize {
    #[serde(serialize_with = "by_words")]
    pub database: DatabaseKind,
    pub people: u32,
    pub departments: usize,
    pub item_bytes_mean: u64,
    pub cases: Vec<MeasuredCase>,
}

/// One run.
#[derive(Debug, Serialize)]
pub struct MeasuredCase {
    pub name: &'static str,
    #[serde(flatten)]
    pub report: CaseReport,
    pub minimum: Minimum,
    /// By operation and table; only the stand-in counts them.
    #[serde(serialize_with = "by_operation")]
    pub counts: BTreeMap<(String, String), Tally>,
}

fn by_words<S: Serializer>(kind: &DatabaseKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(words(*kind))
}

fn by_operation<S: Serializer>(
    counts: &BTreeMap<(String, String), Tally>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|((operation, table), tally)| {
        let cost = (tally.requests, tally.read_units, tally.write_units);
        (format!("{operation} {table}"), cost)
    }))
}

fn words(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::StandIn => "stand-in",
        DatabaseKind::Embedded => "embedded",
    }
}

impl MeasuredCase {
    fn wecom_calls(&self) -> u64 {
        self.report.record.wecom_calls.values().sum()
    }

    fn requests(&self, reads: bool) -> u64 {
        let is_read = |name: &str| name.contains("Get") || name == "Query" || name == "Scan";
        let counts = self.report.requests.iter();
        let wanted = counts.filter(|(name, _)| is_read(name) == reads);
        wanted.map(|(_, count)| count).sum()
    }

    fn grown_bytes(&self) -> u64 {
        self.report
            .peak_bytes
            .saturating_sub(self.report.idle_bytes)
    }

    fn step(&self, name: &str) -> Option<&StepCost> {
        self.report.steps.iter().find(|step| step.step == name)
    }

    fn share(&self, name: &str) -> f64 {
        let seconds = self.step(name).map_or(0.0, |step| step.seconds);
        seconds / self.report.wall_seconds
    }

    fn resident(&self, name: &str) -> String {
        let step = self.step(name);
        step.map_or("–".to_owned(), |step| megabytes(step.resident_bytes))
    }
}

/// A table of the three runs, the arithmetic of their minima, and where the units went.
pub fn tables(size: &MeasuredSize) -> String {
    let mut text = format!(
        "## {} people in {} departments, database: {}\n\nAn item has {} bytes on average.\n\n",
        size.people,
        size.departments,
        words(size.database),
        size.item_bytes_mean,
    );
    let names: Vec<&str> = size.cases.iter().map(|case| case.name).collect();
    row(&mut text, "", names.iter().map(|&name| name.to_owned()));
    row(&mut text, "---", names.iter().map(|_| "---:".to_owned()));
    numbers(&mut text, size);
    for step in steps(size) {
        let title = format!("{step}, share of wall time");
        let share = |case: &MeasuredCase| format!("{:.0} %", case.share(&step) * 100.0);
        row(&mut text, &title, size.cases.iter().map(share));
    }
    for step in ["read", "map", "plan", "confirm", "protect", "apply"] {
        let title = format!("resident at the end of {step}, MB");
        let resident = |case: &MeasuredCase| case.resident(step);
        row(&mut text, &title, size.cases.iter().map(resident));
    }
    for case in &size.cases {
        let _written = writeln!(text, "\nMinimum of the {}:", case.name);
        for line in &case.minimum.arithmetic {
            let _written = writeln!(text, "- {line}");
        }
    }
    where_units_went(&mut text, size);
    text
}

fn numbers(text: &mut String, size: &MeasuredSize) {
    type Show = fn(&MeasuredCase, u32) -> String;
    let lines: [(&str, Show); 13] = [
        ("WeCom calls", |case, _| case.wecom_calls().to_string()),
        ("– minimum", |case, _| {
            case.minimum.wecom_calls.to_string()
        }),
        ("DynamoDB reads (requests)", |case, _| {
            case.requests(true).to_string()
        }),
        ("DynamoDB read units", |case, _| {
            case.report.units.read_units.to_string()
        }),
        ("– minimum", |case, _| case.minimum.read_units.to_string()),
        ("DynamoDB writes (requests)", |case, _| {
            case.requests(false).to_string()
        }),
        ("DynamoDB write units", |case, _| {
            case.report.units.write_units.to_string()
        }),
        ("– minimum", |case, _| {
            case.minimum.write_units.to_string()
        }),
        ("peak memory, MB", |case, _| {
            megabytes(case.report.peak_bytes)
        }),
        ("– before the run, MB", |case, _| {
            megabytes(case.report.idle_bytes)
        }),
        ("– grown per person, bytes", |case, people| {
            (case.grown_bytes() / u64::from(people)).to_string()
        }),
        ("CPU time, s", |case, _| {
            format!("{:.2}", case.report.cpu_seconds)
        }),
        ("wall time, s", |case, _| {
            format!("{:.2}", case.report.wall_seconds)
        }),
    ];
    for (title, show) in lines {
        row(
            text,
            title,
            size.cases.iter().map(|case| show(case, size.people)),
        );
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / MB)
}

fn row(text: &mut String, title: &str, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.collect();
    let _written = writeln!(text, "| {title} | {} |", cells.join(" | "));
}

/// Steps that took time in any case, in the order of a run.
fn steps(size: &MeasuredSize) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    for step in size.cases.iter().flat_map(|case| &case.report.steps) {
        let name = &step.step;
        let counts = size.cases.iter().any(|case| case.share(name) >= SHARE_MIN);
        if counts && !steps.contains(name) {
            steps.push(name.clone());
        }
    }
    steps
}

fn where_units_went(text: &mut String, size: &MeasuredSize) {
    for case in size.cases.iter().filter(|case| !case.counts.is_empty()) {
        let _written = writeln!(text, "\nWhere the units of the {} went:", case.name);
        for ((operation, table), tally) in &case.counts {
            let _written = writeln!(
                text,
                "- {operation} {table}: {} requests, {} read units, {} write units",
                tally.requests, tally.read_units, tally.write_units
            );
        }
    }
}
