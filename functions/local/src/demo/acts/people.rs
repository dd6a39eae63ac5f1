//! One person: who leaves and comes back, and who gets a new userid, is who they were.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use wecom_sim::{Command, Member, View};

use super::{Act, expect_status, rows};
use crate::demo::compare;
use crate::demo::stage::Stage;

pub fn acts() -> Vec<Act> {
    vec![
        Act {
            title: "The rehire: somebody is deleted, comes back, and is the same person",
            play: |stage| Box::pin(rehire(stage)),
        },
        Act {
            title: "The new userid: not deleted as somebody else, but asked about",
            play: |stage| Box::pin(new_userid(stage)),
        },
    ]
}

async fn rehire(stage: &Stage) -> anyhow::Result<String> {
    let userid = somebody(stage, 0)?.userid;
    let before = person(stage, &userid).await?;
    stage.sim.control().run(Command::Dismiss {
        userids: vec![userid.clone()],
    })?;
    let run = stage.run().await?;
    expect_status(&run, "succeeded")?;
    let deleted = person(stage, &userid).await?;
    ensure!(deleted["status"] == "deleted", "{}", deleted["status"]);
    stage.sim.control().run(Command::Rehire {
        userid: userid.clone(),
    })?;
    let run = stage.run().await?;
    expect_status(&run, "succeeded")?;
    let restored = rows(&run, "users", "restore", "done");
    ensure!(restored == 1, "{restored} were restored");
    let after = person(stage, &userid).await?;
    ensure!(after["id"] == before["id"], "it is another internal id");
    compare::directory_equals_organisation(stage).await?;
    Ok("deleted softly, and restored with the internal id of before".to_owned())
}

async fn new_userid(stage: &Stage) -> anyhow::Result<String> {
    let Member { userid, .. } = somebody(stage, 1)?;
    let before = person(stage, &userid).await?;
    let to = format!("{userid}.new");
    stage.sim.control().run(Command::ChangeUserid {
        userid: userid.clone(),
        to: to.clone(),
    })?;
    let run = stage.run().await?;
    expect_status(&run, "held")?;
    let old = person(stage, &userid).await?;
    ensure!(old["status"] != "deleted", "the old record was deleted");
    let path = format!("/sources/hq/users/{to}/resolve");
    let resolved = stage.api.post(&path, &json!({ "as": "same" })).await?;
    let run = stage.watch(&resolved["run"]).await?;
    expect_status(&run, "succeeded")?;
    let after = person(stage, &to).await?;
    ensure!(after["id"] == before["id"], "it is another internal id");
    let people = compare::directory_equals_organisation(stage).await?;
    Ok(format!(
        "held as a suspected rename; \"same\" joined both records; {people} people equal WeCom"
    ))
}

/// Two different people, the same in every demo of one seed.
fn somebody(stage: &Stage, number: usize) -> anyhow::Result<Member> {
    let mut members = stage.sim.control().members(View::Visible);
    members.nth(number).context("nobody is there")
}

async fn person(stage: &Stage, userid: &str) -> anyhow::Result<Value> {
    stage.api.get(&format!("/sources/hq/users/{userid}")).await
}
