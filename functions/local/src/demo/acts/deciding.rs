//! Saying no to a list, and what ends a word that keeps somebody.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use wecom_sim::Command;

use super::{Act, expect_status, rows};
use crate::demo::stage::Stage;
use crate::demo::{compare, table};

/// How many leave this time: past `max_count` 50 as well.
const MANY: u64 = 60;

pub fn acts() -> Vec<Act> {
    vec![
        Act {
            title: "The rejection: 60 more vanish, an administrator says no",
            play: |stage| Box::pin(rejection(stage)),
        },
        Act {
            title: "The return: WeCom shows everybody again, and nobody needs to be kept",
            play: |stage| Box::pin(everybody_returns(stage)),
        },
    ]
}

async fn rejection(stage: &Stage) -> anyhow::Result<String> {
    let before = compare::live_people(stage).await?.len();
    let kept_before = stage.kept().await?.len() as u64;
    stage.sim.control().run(Command::DismissRandom {
        count: u32::try_from(MANY)?,
        seed: 9,
    })?;
    let run = stage.run().await?;
    expect_status(&run, "held")?;
    let held = rows(&run, "users", "delete", "held");
    ensure!(held == MANY, "{held} of {MANY} deletions are held");
    let list = stage.waiting().await?;
    let path = format!("/sources/hq/held/{list}/reject");
    let rejected = stage.api.post(&path, &json!({})).await?;
    ensure!(rejected["state"] == "rejected", "{}", rejected["state"]);
    let run = stage.run().await?;
    expect_status(&run, "succeeded")?;
    let after = compare::live_people(stage).await?.len();
    ensure!(after == before, "{before} people before, {after} after");
    let kept = stage.kept().await?;
    ensure!(
        kept.len() as u64 == kept_before + MANY,
        "{} are kept",
        kept.len()
    );
    println!("{}", table::of_kept(&kept));
    Ok(format!(
        "{MANY} stay; no later run asks for them again, until WeCom shows them"
    ))
}

async fn everybody_returns(stage: &Stage) -> anyhow::Result<String> {
    let kept = stage.kept().await?;
    for mark in &kept {
        let userid = id(mark)?;
        stage.sim.control().run(Command::Rehire { userid })?;
    }
    let run = stage.run().await?;
    expect_status(&run, "succeeded")?;
    let people = compare::directory_equals_organisation(stage).await?;
    let still_kept = stage.kept().await?.len();
    ensure!(still_kept == 0, "{still_kept} are still kept");
    Ok(format!(
        "{} are back, {people} people equal WeCom, nobody is kept any more",
        kept.len()
    ))
}

fn id(mark: &Value) -> anyhow::Result<String> {
    let id = mark["id"].as_str().context("a mark without id")?;
    Ok(id.to_owned())
}
