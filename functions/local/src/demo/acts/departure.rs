//! A mass departure: held, approved with exceptions, undone.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use wecom_sim::Command;

use super::{Act, expect_status, rows};
use crate::demo::stage::Stage;
use crate::demo::{compare, table};

/// How many people leave at once: far past `max_count` 50.
const MASS: u64 = 400;

/// How many of them an administrator excepts.
const EXCEPTED: u64 = 3;

pub fn acts() -> Vec<Act> {
    vec![
        Act {
            title: "A mass departure: 400 people vanish, nobody is deleted, a notice goes out",
            play: |stage| Box::pin(mass_departure(stage)),
        },
        Act {
            title: "The approval: exactly that list, except three who are kept",
            play: |stage| Box::pin(approval(stage)),
        },
        Act {
            title: "The undo: it was a mistake, everybody is given back and kept",
            play: |stage| Box::pin(undo(stage)),
        },
    ]
}

async fn mass_departure(stage: &Stage) -> anyhow::Result<String> {
    let before = compare::live_people(stage).await?;
    let notices = stage.notices()?.len();
    let gone = stage.sim.control().run(Command::DismissRandom {
        count: u32::try_from(MASS)?,
        seed: 3,
    })?;
    let run = stage.run().await?;
    expect_status(&run, "held")?;
    let after = compare::live_people(stage).await?;
    ensure!(
        ids(&after) == ids(&before),
        "somebody was deleted without a word"
    );
    ensure!(gone.dismissed.len() as u64 == MASS, "not everybody left");
    let held = rows(&run, "users", "delete", "held");
    ensure!(held == MASS, "{held} of {MASS} deletions are held");
    let new: Vec<Value> = stage.notices()?.split_off(notices);
    let [notice] = new.as_slice() else {
        bail!("{} notices instead of one", new.len())
    };
    ensure!(notice["detail"]["users"]["delete"] == MASS, "{notice}");
    println!("{}", table::of_notice(notice));
    Ok(format!("{held} deletions wait, and a person was told"))
}

async fn approval(stage: &Stage) -> anyhow::Result<String> {
    let path = format!("/sources/hq/held/{}", stage.waiting().await?);
    let items = stage.api.all(&format!("{path}/items")).await?;
    let except: Vec<Value> = items
        .iter()
        .take(EXCEPTED as usize)
        .map(|item| json!({ "kind": item["kind"], "id": item["id"] }))
        .collect();
    let body = json!({ "except": except });
    let approval = stage.api.post(&format!("{path}/approve"), &body).await?;
    let run = stage.watch(&approval["approval_run"]).await?;
    expect_status(&run, "succeeded")?;
    let deleted = rows(&run, "users", "delete", "done");
    ensure!(deleted == MASS - EXCEPTED, "{deleted} were deleted");
    let live = compare::live_people(stage).await?;
    for (number, item) in items.iter().enumerate() {
        let id = item["id"].as_str().context("an item without id")?;
        let excepted = (number as u64) < EXCEPTED;
        ensure!(
            live.contains_key(id) == excepted,
            "{id} is on the wrong side"
        );
    }
    let kept = stage.kept().await?;
    ensure!(kept.len() as u64 == EXCEPTED, "{} are kept", kept.len());
    ensure!(
        kept.iter().all(|mark| mark["why"] == "excepted"),
        "{kept:?}"
    );
    println!("{}", table::of_kept(&kept));
    Ok(format!(
        "{deleted} deleted as approved, {EXCEPTED} stay and are kept"
    ))
}

async fn undo(stage: &Stage) -> anyhow::Result<String> {
    let runs = stage.api.get("/sources/hq/runs").await?;
    let approved = runs["items"].as_array().into_iter().flatten();
    let approved = approved
        .into_iter()
        .find(|run| run["trigger"] == "approval");
    let approved = approved.context("no run of an approval")?["run"]
        .as_str()
        .context("a run without id")?;
    let path = format!("/sources/hq/runs/{approved}/undo");
    let before = compare::everybody(stage).await?;
    let queued = stage.api.post(&path, &json!({})).await?;
    let run = stage.watch(&queued).await?;
    expect_status(&run, "succeeded")?;
    let restored = rows(&run, "users", "restore", "done");
    ensure!(restored == MASS - EXCEPTED, "{restored} were restored");
    let live = compare::live_people(stage).await?;
    let same = |(userid, person): (&String, &Value)| before[userid]["id"] == person["id"];
    ensure!(live.iter().all(same), "somebody has another internal id");
    next_run_keeps_them(stage, &live).await?;
    Ok(format!(
        "{restored} restored with the internal ids they had; the next run keeps them"
    ))
}

async fn next_run_keeps_them(stage: &Stage, live: &BTreeMap<String, Value>) -> anyhow::Result<()> {
    let run = stage.run().await?;
    expect_status(&run, "succeeded")?;
    let after = compare::live_people(stage).await?;
    ensure!(ids(&after) == ids(live), "the next run removed somebody");
    let kept = stage.kept().await?;
    ensure!(kept.len() as u64 == MASS, "{} are kept", kept.len());
    println!("{}", table::of_kept(&kept));
    Ok(())
}

/// Internal ids by userid.
fn ids(people: &BTreeMap<String, Value>) -> BTreeMap<&str, &Value> {
    people
        .iter()
        .map(|(userid, person)| (userid.as_str(), &person["id"]))
        .collect()
}
