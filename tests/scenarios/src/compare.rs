//! The directory against the organisation, item by item.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{DepartmentId, DirectoryDepartment, DirectoryUser, UserId, UserStatus};
use serde_json::Value;
use wecom_sim::{Control, DepartmentView, Member, View};

use crate::Directory;

/// The directory is the organisation, whole: nobody is missing and nobody is left over.
pub fn assert_directory_equals(directory: &Directory, sim: &Control) {
    assert_directory_equals_but(directory, sim, &[]);
}

/// The same, with these people (and nobody else) live although WeCom does not show them.
pub fn assert_directory_equals_but(directory: &Directory, sim: &Control, kept: &[&str]) {
    for department in sim.departments(View::Visible) {
        let found = directory.department(department.id);
        let found = found.unwrap_or_else(|| panic!("department {} is missing", department.id));
        same_department(found, &department, sim);
    }
    let people = directory.people_by_key();
    for member in sim.members(View::Visible) {
        let found = people.get(&UserId::new(member.userid.as_str()).key());
        let found = found.unwrap_or_else(|| panic!("{} is missing", member.userid));
        let body = sim.member_body(&member.userid).unwrap();
        same_person(found, &member, &body);
    }
    let here: BTreeSet<String> = sim.members(View::Visible).map(|m| m.userid).collect();
    let extra: BTreeSet<String> = &live_people(directory) - &here;
    let kept: BTreeSet<String> = kept.iter().map(|&userid| userid.to_owned()).collect();
    assert_eq!(extra, kept, "who is live and not in the organisation");
}

/// Userids of everybody who is not deleted.
pub fn live_people(directory: &Directory) -> BTreeSet<String> {
    let live = directory.people().filter(|user| user.deleted_at.is_none());
    live.map(|user| user.userid.to_string()).collect()
}

fn same_department(found: &DirectoryDepartment, truth: &DepartmentView, sim: &Control) {
    let id = truth.id;
    assert_eq!(found.name, truth.name, "the name of department {id}");
    assert_eq!(found.order, u64::from(truth.order), "the order of {id}");
    let visible: BTreeSet<u32> = sim
        .departments(View::Visible)
        .iter()
        .map(|it| it.id)
        .collect();
    let parent = Some(truth.parent).filter(|parent| visible.contains(parent));
    assert_eq!(
        found.parent.map(|parent| parent.0),
        parent,
        "the parent of {id}"
    );
    let leaders: BTreeSet<&str> = found.leaders.iter().map(|id| id.as_str()).collect();
    let true_leaders: BTreeSet<&str> = truth.leaders.iter().map(String::as_str).collect();
    assert_eq!(leaders, true_leaders, "the leaders of {id}");
    assert!(!found.detached && found.absence.is_none(), "marks of {id}");
}

fn same_person(found: &DirectoryUser, truth: &Member, body: &Value) {
    let id = &truth.userid;
    assert_eq!(found.userid.as_str(), id, "spelling");
    assert_eq!(found.name, truth.name, "the name of {id}");
    let posts: BTreeMap<u32, (u32, bool)> = found
        .memberships
        .iter()
        .map(|m| (m.department.0, (m.order, m.leader)))
        .collect();
    assert_eq!(posts.len(), found.memberships.len(), "{id} sits twice");
    assert_eq!(posts, true_posts(truth), "the seats of {id}");
    let main = found.main_department.map(|DepartmentId(id)| id);
    assert_eq!(main, truth.main_department, "the main department of {id}");
    let leaders: Vec<&str> = found.direct_leaders.iter().map(|id| id.as_str()).collect();
    assert_eq!(leaders, truth.direct_leaders, "the leaders of {id}");
    assert_eq!(found.status, status(truth.status), "the status of {id}");
    assert!(!found.detached && found.absence.is_none(), "marks of {id}");
    same_attributes(found, body);
}

fn true_posts(truth: &Member) -> BTreeMap<u32, (u32, bool)> {
    let seats = truth.departments.iter().zip(&truth.orders);
    seats
        .map(|(id, order)| (*id, (*order, truth.leader_of.contains(id))))
        .collect()
}

/// The mapping of `stage::settings`, in this crate's own words: text that is there is there.
fn same_attributes(found: &DirectoryUser, body: &Value) {
    let wanted: BTreeMap<&str, String> = [
        ("title", text(&body["position"])),
        ("email", text(&body["biz_mail"])),
        ("mobile", text(&body["mobile"])),
        ("phone", text(&body["telephone"])),
        ("cost_center", cost_center(body)),
        ("upn", Some(format!("{}@example.com", found.userid))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect();
    let held: BTreeMap<&str, String> = found
        .attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(held, wanted, "the attributes of {}", found.userid);
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(text.to_owned())
}

fn cost_center(body: &Value) -> Option<String> {
    let mut attributes = body["extattr"]["attrs"].as_array()?.iter();
    let found = attributes.find(|attribute| attribute["name"] == "成本中心")?;
    text(&found["text"]["value"]).or_else(|| text(&found["value"]))
}

fn status(wecom: u8) -> UserStatus {
    match wecom {
        1 => UserStatus::Active,
        2 => UserStatus::Disabled,
        4 => UserStatus::Pending,
        5 => UserStatus::Left,
        other => panic!("the simulator has a status {other}"),
    }
}
