//! The directory against the organisation, person by person.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use serde_json::Value;
use wecom_sim::{Member, View};

use super::stage::Stage;

/// Everybody whom the directory does not call deleted, by userid.
pub async fn live_people(stage: &Stage) -> anyhow::Result<BTreeMap<String, Value>> {
    let mut people = everybody(stage).await?;
    people.retain(|_, person| person["status"] != "deleted");
    Ok(people)
}

/// The deleted as well.
pub async fn everybody(stage: &Stage) -> anyhow::Result<BTreeMap<String, Value>> {
    let people = stage.api.all("/sources/hq/users").await?;
    let people = people.into_iter();
    people
        .map(|person| {
            let userid = person["userid"]
                .as_str()
                .context("a person without userid")?
                .to_owned();
            Ok((userid, person))
        })
        .collect()
}

/// How many people there are, if the directory equals the organisation in each of them.
pub async fn directory_equals_organisation(stage: &Stage) -> anyhow::Result<usize> {
    let directory = live_people(stage).await?;
    let members: Vec<Member> = stage.sim.control().members(View::Visible).collect();
    ensure!(
        directory.len() == members.len(),
        "{} people in the directory, {} in WeCom",
        directory.len(),
        members.len()
    );
    for member in &members {
        let person = directory
            .get(&member.userid)
            .context("a person is missing")?;
        same(member, person)?;
    }
    Ok(members.len())
}

fn same(member: &Member, person: &Value) -> anyhow::Result<()> {
    let id = &member.userid;
    let departments = person["departments"].as_array().into_iter().flatten();
    let departments: BTreeSet<u64> = departments.filter_map(Value::as_u64).collect();
    let expected: BTreeSet<u64> = member.departments.iter().map(|&id| u64::from(id)).collect();
    ensure!(
        person["name"] == member.name.as_str(),
        "{id} has another name"
    );
    ensure!(departments == expected, "{id} stands in other departments");
    ensure!(
        person["status"] == status(member.status),
        "{id} is {}",
        person["status"]
    );
    let title = person["attributes"]["title"].as_str().unwrap_or_default();
    ensure!(title == member.position, "{id} has another title");
    Ok(())
}

fn status(wecom: u8) -> &'static str {
    match wecom {
        2 => "disabled",
        4 => "pending",
        5 => "left",
        _ => "active",
    }
}
