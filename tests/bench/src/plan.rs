//! Which runs are measured, in which order, and that each did its work.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use sync_run::{RunRecord, RunStatus};
use wecom_sim::Command as Wecom;

use crate::case::{CaseReport, CaseSpec};
use crate::cli::{Arguments, DatabaseKind};
use crate::minimum::{Happened, Holdings, minimum};
use crate::report::{self, MeasuredCase, MeasuredSize};
use crate::stage::{Database, Outdoors};
use crate::standin::UnitCounts;

/// How much of the organisation changes before the third run.
const CHURN_PERCENT: f64 = 1.0;

/// Measures every size that was asked for and prints each when it is done.
///
/// # Errors
/// If anything could not be measured, or a run did not do its work.
pub async fn run_all(arguments: &Arguments) -> anyhow::Result<()> {
    let mut sizes = Vec::new();
    for people in &arguments.people {
        let departments = (people / arguments.people_per_department).clamp(2, 30_000);
        let size = run_size(arguments.database, *people, departments).await?;
        if !arguments.json {
            println!("{}", report::tables(&size));
        }
        sizes.push(size);
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&sizes)?);
    }
    Ok(())
}

/// One organisation, three runs.
struct Measuring {
    outdoors: Outdoors,
    database: Database,
    /// What the tables held after the last run.
    holdings: Holdings,
}

async fn run_size(
    kind: DatabaseKind,
    people: u32,
    departments: u32,
) -> anyhow::Result<MeasuredSize> {
    let outdoors = Outdoors::start(people, departments).await?;
    let database = Database::start(kind).await?;
    outdoors.put_source(&database).await?;
    let mut measuring = Measuring {
        outdoors,
        database,
        holdings: Holdings::default(),
    };
    let mut cases = vec![measuring.case("first sync", 0).await?];
    let everybody = people as u64 + measuring.outdoors.departments() as u64;
    expect_changes(&cases[0].report.record, everybody)?;
    cases.push(measuring.case("quiet run", 0).await?);
    expect_changes(&cases[1].report.record, 0)?;
    let churn = Wecom::Churn {
        percent: CHURN_PERCENT,
        seed: 7,
        leavers_max: None,
    };
    let happened = measuring.outdoors.sim.control().run(churn)?;
    let left = happened.dismissed.len();
    cases.push(measuring.case("1 % churn", left).await?);
    ensure!(
        cases[2].report.record.counts.contains_key("users"),
        "the churn was not noticed"
    );
    Ok(MeasuredSize {
        database: kind,
        people,
        departments: measuring.outdoors.departments(),
        item_bytes_mean: measuring.holdings.item_bytes_mean(),
        cases,
    })
}

impl Measuring {
    async fn case(&mut self, name: &'static str, missing: usize) -> anyhow::Result<MeasuredCase> {
        self.reset_counts();
        let run = name.replace([' ', '%'], "-");
        let spec = self.outdoors.spec(&self.database, &run);
        let measured = tokio::task::spawn_blocking(move || run_in_child(&spec)).await?;
        let report = measured.with_context(|| format!("the case {name}"))?;
        let counts = self.counts();
        let after = Holdings::read(&self.database.client()).await?;
        let happened = Happened {
            departments: self.outdoors.departments(),
            missing,
        };
        let least = minimum(&self.holdings, &after, &report.record, happened);
        let people = self.outdoors.people() as u64;
        ensure!(
            report.record.status == RunStatus::Succeeded && after.live_people == people,
            "the case {name} ended {:?} with {} of {people} people: {:?} {:?}",
            report.record.status,
            after.live_people,
            report.record.error,
            report.record.unsealed_reasons,
        );
        self.holdings = after;
        Ok(MeasuredCase {
            name,
            report,
            minimum: least,
            counts: counts.0.into_iter().collect(),
        })
    }

    fn reset_counts(&self) {
        self.outdoors
            .sim
            .control()
            .reset_counts()
            .expect("it is always allowed");
        if let Database::StandIn(database) = &self.database {
            database.reset_counts();
        }
    }

    fn counts(&self) -> UnitCounts {
        match &self.database {
            Database::StandIn(database) => database.counts(),
            Database::Embedded(_) => UnitCounts::default(),
        }
    }
}

/// Runs one case in a process of its own, and waits for it.
fn run_in_child(spec: &CaseSpec) -> anyhow::Result<CaseReport> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("run-case")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let input = serde_json::to_vec(spec)?;
    let mut stdin = child.stdin.take().context("the child has no stdin")?;
    stdin.write_all(&input)?;
    drop(stdin);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the measured process failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn expect_changes(record: &RunRecord, expected: u64) -> anyhow::Result<()> {
    let rows = record.counts.values().flat_map(|actions| actions.values());
    let rows: u64 = rows.flat_map(|results| results.values()).sum();
    ensure!(rows == expected, "{rows} rows instead of {expected}");
    Ok(())
}
