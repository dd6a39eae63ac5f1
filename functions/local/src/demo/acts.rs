//! The acts, in order. Each changes the organisation, runs, and judges the outcome.

use std::future::Future;
use std::pin::Pin;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use wecom_sim::Command;

use super::compare;
use super::stage::Stage;

type Played<'a> = Pin<Box<dyn Future<Output = anyhow::Result<String>> + 'a>>;

pub struct Act {
    pub title: &'static str,
    pub play: for<'a> fn(&'a Stage) -> Played<'a>,
}

/// How many people leave at once: far past `max_count` 50.
const MASS: u32 = 400;

pub fn all() -> Vec<Act> {
    vec![
        Act {
            title: "First sync: everybody is created",
            play: |stage| Box::pin(first_sync(stage)),
        },
        Act {
            title: "A quiet run: nothing changed, nothing is written",
            play: |stage| Box::pin(quiet_run(stage)),
        },
        Act {
            title: "A normal day: newcomers, moves, new titles, a few departures",
            play: |stage| Box::pin(normal_day(stage)),
        },
        Act {
            title: "A mass departure: 400 people vanish, nobody is deleted, a notice goes out",
            play: |stage| Box::pin(mass_departure(stage)),
        },
        Act {
            title: "The approval: an administrator approves exactly that list",
            play: |stage| Box::pin(approval(stage)),
        },
    ]
}

async fn first_sync(stage: &Stage) -> anyhow::Result<String> {
    let run = stage.run().await?;
    expect_status(&run, "succeeded")?;
    let people = compare::directory_equals_organisation(stage).await?;
    let created = rows(&run, "users", "create", "done");
    ensure!(
        created == people as u64,
        "{created} creations for {people} people"
    );
    Ok(format!(
        "{people} people stand in the directory exactly as in WeCom"
    ))
}

async fn quiet_run(stage: &Stage) -> anyhow::Result<String> {
    let run = stage.run().await?;
    expect_status(&run, "succeeded")?;
    ensure!(
        run["counts"] == json!({}),
        "a quiet run has rows: {}",
        run["counts"]
    );
    let calls: u64 = run["wecom_calls"]
        .as_object()
        .into_iter()
        .flatten()
        .map(count_of)
        .sum();
    // The token of the first run is still good: no gettoken.
    let minimum = 3 + u64::from(stage.departments()?);
    ensure!(
        calls <= minimum + 1,
        "{calls} WeCom calls, {minimum} would do"
    );
    Ok(format!(
        "no row, {calls} WeCom calls, {} write units",
        run["dynamodb"]["write_units"]
    ))
}

async fn normal_day(stage: &Stage) -> anyhow::Result<String> {
    let day = Command::Churn {
        percent: 2.0,
        seed: 7,
        leavers_max: Some(5),
    };
    let changed = stage.sim.control().run(day)?;
    let run = stage.run().await?;
    expect_status(&run, "succeeded")?;
    compare::directory_equals_organisation(stage).await?;
    Ok(format!(
        "{} came, {} left, {} moved, {} changed otherwise; the directory followed",
        changed.hired.len(),
        changed.dismissed.len(),
        changed.moved.len(),
        changed.changed.len()
    ))
}

async fn mass_departure(stage: &Stage) -> anyhow::Result<String> {
    let before = compare::live_people(stage).await?.len();
    let notices = stage.notices()?.len();
    let gone = stage.sim.control().run(Command::DismissRandom {
        count: MASS,
        seed: 3,
    })?;
    let run = stage.run().await?;
    expect_status(&run, "held")?;
    let after = compare::live_people(stage).await?;
    ensure!(
        after.len() == before,
        "{before} people before, {} after",
        after.len()
    );
    for userid in &gone.dismissed {
        ensure!(
            after.contains_key(userid),
            "somebody was deleted without a word"
        );
    }
    let held = rows(&run, "users", "delete", "held");
    ensure!(
        held == u64::from(MASS),
        "{held} of {MASS} deletions are held"
    );
    let new: Vec<Value> = stage.notices()?.split_off(notices);
    let [notice] = new.as_slice() else {
        bail!("{} notices instead of one", new.len())
    };
    let subject = notice["subject"]
        .as_str()
        .context("a notice without a subject")?;
    Ok(format!("{held} deletions wait; notice: {subject}"))
}

async fn approval(stage: &Stage) -> anyhow::Result<String> {
    let held = stage.api.get("/sources/hq/held").await?;
    let waiting = held["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|l| l["state"] == "waiting");
    let list = waiting.context("no held list waits")?;
    let fingerprint = list["fingerprint"]
        .as_str()
        .context("a list without a fingerprint")?;
    let run = stage.approve(fingerprint).await?;
    expect_status(&run, "succeeded")?;
    let deleted = rows(&run, "users", "delete", "done");
    ensure!(
        deleted == u64::from(MASS),
        "{deleted} of {MASS} were deleted"
    );
    let people = compare::directory_equals_organisation(stage).await?;
    Ok(format!(
        "{deleted} deleted as approved, {people} people remain, equal to WeCom"
    ))
}

fn count_of((_, calls): (&String, &Value)) -> u64 {
    calls.as_u64().unwrap_or_default()
}

fn expect_status(run: &Value, status: &str) -> anyhow::Result<()> {
    ensure!(
        run["status"] == status,
        "the run ended {} instead of {status}: {} {}",
        run["status"],
        run["error"],
        run["unsealed_reasons"]
    );
    Ok(())
}

fn rows(run: &Value, kind: &str, action: &str, result: &str) -> u64 {
    run["counts"][kind][action][result]
        .as_u64()
        .unwrap_or_default()
}
