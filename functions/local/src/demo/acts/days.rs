//! Days on which nothing special happens.

use anyhow::ensure;
use serde_json::Value;
use wecom_sim::Command;

use super::{Act, expect_no_rows, expect_status, rows};
use crate::demo::compare;
use crate::demo::stage::Stage;

pub fn acts() -> Vec<Act> {
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
    expect_no_rows(&run)?;
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

fn count_of((_, calls): (&String, &Value)) -> u64 {
    calls.as_u64().unwrap_or_default()
}
