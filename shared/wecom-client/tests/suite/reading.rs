//! Reading a simulated WeCom over real HTTPS, through a real proxy.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{AGENT_IP, Stage, company, quick, userids};
use org_model::{DepartmentId, RawOrg, Seal, SealEvidence, TagId};
use sync_run::ports::{NoProgress, Wecom, WecomScope};
use wecom_sim::{AppAge, Command, Listing, SimConfig, View, Withheld};

/// Everything that matters of a reading, in an order of its own.
fn essence(raw: &RawOrg) -> (Vec<String>, BTreeMap<String, String>) {
    let mut departments: Vec<String> = raw.departments.iter().map(|d| format!("{d:?}")).collect();
    departments.sort();
    let members = raw.members.iter().map(|member| {
        let key = member.userid.as_str().to_owned();
        (key, format!("{:?} {}", member.memberships, member.fields))
    });
    (departments, members.collect())
}

fn ids(ids: &[u32]) -> BTreeSet<DepartmentId> {
    ids.iter().copied().map(DepartmentId).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reading_costs_one_call_per_department_and_four_more() {
    let stage = Stage::https().await;
    let session = stage.client().connect(stage.access()).await.unwrap();
    let raw = session
        .read(&WecomScope::default(), &NoProgress)
        .await
        .unwrap();

    assert_eq!(raw.gaps, []);
    assert_eq!(raw.departments.len(), 12);
    assert!(raw.sees_whole_company());
    let calls = stage.sim.calls();
    assert_eq!(calls["gettoken"], 1);
    assert_eq!(calls["agent/get"], 2);
    assert_eq!(calls["department/list"], 1);
    assert_eq!(calls["user/list"], 12);
    assert_eq!(calls.values().sum::<u64>(), 1 + 2 + 1 + 12);
    assert_eq!(session.calls(), calls);
    assert_eq!(session.agent().as_deref(), Some("dc-1"));
    let peers: Vec<String> = stage.sim.calls_by_peer().into_keys().collect();
    assert_eq!(peers, [AGENT_IP.to_string()], "nothing went past the agent");
    assert!(stage.proxy.tunnels() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_run_of_the_process_uses_the_same_token() {
    let stage = Stage::https().await;
    stage.read().await.unwrap();
    stage.read().await.unwrap();
    assert_eq!(stage.sim.calls()["gettoken"], 1);
    assert_eq!(stage.sim.calls()["agent/get"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_what_the_organisation_is() {
    let stage = Stage::https().await;
    let raw = stage.read().await.unwrap();
    let control = stage.sim.control();
    let truth: BTreeMap<String, _> = control
        .members(View::Everything)
        .map(|member| (member.userid.clone(), member))
        .collect();
    assert_eq!(userids(&raw), truth.keys().cloned().collect());
    for member in &raw.members {
        let told = &truth[member.userid.as_str()];
        assert_eq!(member.name.as_deref(), Some(told.name.as_str()));
        let seats = member.memberships.as_deref().unwrap();
        let departments: Vec<u32> = seats.iter().map(|m| m.department.0).collect();
        assert_eq!(departments, told.departments);
        let orders: Vec<u32> = seats.iter().map(|m| m.order).collect();
        assert_eq!(orders, told.orders);
        let leads: Vec<u32> = seats
            .iter()
            .filter(|m| m.leader)
            .map(|m| m.department.0)
            .collect();
        assert_eq!(leads, told.leader_of);
        assert_eq!(member.main_department.map(|id| id.0), told.main_department);
    }
    let listed: u64 = control
        .departments(View::Everything)
        .iter()
        .map(|d| d.people as u64)
        .sum();
    assert_eq!(raw.members.len() as u64, listed, "one entry per listing");
    let snapshot = org_model::OrgSnapshot::judge(raw, &SealEvidence::default());
    assert_eq!(*snapshot.seal(), Seal::Sealed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_the_lists_does_not_matter() {
    let mut seen = Vec::new();
    for listing in [Listing::Natural, Listing::Reversed, Listing::Shuffled(7)] {
        let config = SimConfig {
            listing,
            ..company()
        };
        let stage = Stage::with(config, quick()).await;
        seen.push(essence(&stage.read().await.unwrap()));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_on_loopback_also_goes_through_the_agent() {
    let config = SimConfig {
        tls: false,
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    let raw = stage.read().await.unwrap();
    assert_eq!(raw.gaps, []);
    assert_eq!(
        stage.proxy.forwarded(),
        stage.sim.calls().values().sum::<u64>()
    );
    let peers: Vec<String> = stage.sim.calls_by_peer().into_keys().collect();
    assert_eq!(peers, [AGENT_IP.to_string()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn private_deployments_and_new_apps_are_read_in_full() {
    let private = SimConfig {
        private_bodies: true,
        path_prefix: "/wework".to_owned(),
        ..company()
    };
    let new = |withheld| SimConfig {
        app_age: AppAge::New,
        withheld,
        ..company()
    };
    for config in [private, new(Withheld::Absent), new(Withheld::Empty)] {
        let stage = Stage::with(config, quick()).await;
        let raw = stage.read().await.unwrap();
        assert_eq!(raw.gaps, []);
        let everybody = stage.sim.control().members(View::Everything);
        assert_eq!(userids(&raw), everybody.map(|m| m.userid).collect());
        let snapshot = org_model::OrgSnapshot::judge(raw, &SealEvidence::default());
        assert_eq!(*snapshot.seal(), Seal::Sealed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_reads_only_what_it_takes_in() {
    let stage = Stage::https().await;
    let departments = stage.sim.control().departments(View::Everything);
    let second = departments.iter().find(|d| d.parent == 1).unwrap().id;
    let below: Vec<u32> = departments
        .iter()
        .filter(|d| {
            let mut at = Some(*d);
            std::iter::from_fn(|| {
                let now = at?;
                at = departments.iter().find(|p| p.id == now.parent);
                Some(now.id)
            })
            .any(|id| id == second)
        })
        .map(|d| d.id)
        .collect();

    let include = WecomScope {
        include: ids(&[second]),
        ..WecomScope::default()
    };
    let raw = stage.read_scoped(&include).await.unwrap();
    assert!(raw.scoped && raw.gaps.is_empty());
    let read: BTreeSet<DepartmentId> = raw.departments.iter().map(|d| d.id).collect();
    assert_eq!(read, ids(&below));
    assert_eq!(stage.sim.calls()["user/list"], below.len() as u64);

    let exclude = WecomScope {
        exclude: ids(&[second]),
        ..WecomScope::default()
    };
    let raw = stage.read_scoped(&exclude).await.unwrap();
    assert!(raw.scoped && !raw.sees_whole_company());
    assert_eq!(raw.departments.len(), 12 - below.len());

    let all = WecomScope {
        include: ids(&[1]),
        ..WecomScope::default()
    };
    assert!(!stage.read_scoped(&all).await.unwrap().scoped);
}

#[tokio::test(flavor = "multi_thread")]
async fn single_members_and_tags_of_the_range_cost_one_call_each() {
    let stage = Stage::https().await;
    let everybody: Vec<_> = stage.sim.control().members(View::Everything).collect();
    let departments = stage.sim.control().departments(View::Everything);
    let leaf = departments
        .iter()
        .filter(|d| d.people > 0 && !departments.iter().any(|child| child.parent == d.id))
        .map(|d| d.id)
        .max()
        .unwrap();
    let outside = |member: &&wecom_sim::Member| !member.departments.contains(&leaf);
    let single: Vec<String> = everybody
        .iter()
        .filter(outside)
        .take(3)
        .map(|m| m.userid.clone())
        .collect();
    let inside = everybody
        .iter()
        .find(|m| m.departments.contains(&leaf))
        .unwrap();
    stage.run(Command::SetTag {
        id: 9,
        name: "巡检".to_owned(),
        users: vec![single[1].clone(), single[2].clone(), inside.userid.clone()],
        departments: vec![leaf],
    });
    stage.run(Command::SetRange {
        departments: vec![],
        users: vec![single[0].clone(), single[1].clone(), inside.userid.clone()],
        tags: vec![9],
    });

    let raw = stage.read().await.unwrap();
    assert_eq!(raw.gaps, []);
    assert_eq!(raw.tag_members[0].0, TagId(9));
    assert_eq!(raw.tag_members[0].1.len(), 3);
    assert_eq!(raw.tag_departments, [(TagId(9), vec![DepartmentId(leaf)])]);
    assert!(!raw.sees_whole_company());
    let visible = stage.sim.control().members(View::Visible);
    assert_eq!(userids(&raw), visible.map(|m| m.userid).collect());
    let calls = stage.sim.calls();
    assert_eq!(calls["tag/get"], 1);
    assert_eq!(
        calls["user/get"], 3,
        "whoever a list showed is not asked for again"
    );
    assert_eq!(calls["user/list"], 1);
    assert_eq!(calls.values().sum::<u64>(), 1 + 2 + 1 + 1 + 1 + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_too_large_to_be_sent_is_read_by_name() {
    let plain = Stage::https().await;
    let expected = essence(&plain.read().await.unwrap());
    let config = SimConfig {
        user_list_max: 4,
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    let raw = stage.read().await.unwrap();
    assert_eq!(raw.gaps, []);
    assert!(stage.sim.calls()["user/simplelist"] > 0);
    assert_eq!(essence(&raw), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_departments_are_read_at_once_and_a_crowd_makes_it_narrower() {
    let config = SimConfig {
        people: 300,
        departments: 150,
        concurrency: 12,
        latency: std::time::Duration::from_millis(3),
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    let raw = stage.read().await.unwrap();
    assert_eq!(raw.gaps, []);
    assert_eq!(raw.departments.len(), 150);
    assert!(stage.sim.max_in_flight() >= 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_the_tree_does_not_have_is_told() {
    let stage = Stage::https().await;
    let ids = |ids: &[u32]| ids.iter().copied().map(DepartmentId).collect();
    let scope = WecomScope {
        include: ids(&[2, 4_000_000]),
        exclude: ids(&[3]),
    };
    let raw = stage.read_scoped(&scope).await.unwrap();
    assert_eq!(raw.scope_missing, ids(&[4_000_000]));
    assert!(raw.scoped);
    // A department that was there yesterday.
    stage.run(Command::DeleteDepartment {
        id: 3,
        people: wecom_sim::DepartmentPeople::MoveUp,
    });
    let raw = stage.read_scoped(&scope).await.unwrap();
    assert_eq!(raw.scope_missing, ids(&[3, 4_000_000]));
    let raw = stage.read().await.unwrap();
    assert!(raw.scope_missing.is_empty() && !raw.scoped);
}
