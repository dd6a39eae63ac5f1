//! The visible range: what a scoped app sees, and how what it does not see is refused.

use std::collections::BTreeSet;

use crate::common::{Reader, errcode, small, texts};
use serde_json::json;
use wecom_sim::{Command, SettingsPatch, View};

fn range(departments: &[u32], users: &[&str], tags: &[u32]) -> Command {
    Command::SetRange {
        departments: departments.to_vec(),
        users: users.iter().map(|userid| (*userid).to_owned()).collect(),
        tags: tags.to_vec(),
    }
}

/// 12 departments, the 11th right under the root; `Only.Eleven` sits in 11 alone,
/// `Two.And.Eleven` in 2 and 11.
async fn scoped(command: Command) -> Reader {
    let reader = Reader::start(small()).await;
    reader.run(Command::MoveDepartment { id: 11, parent: 1 });
    for (userid, departments) in [("Only.Eleven", vec![11]), ("Two.And.Eleven", vec![11, 2])] {
        let userid = Some(userid.to_owned());
        reader.run(Command::Hire {
            userid,
            name: None,
            departments,
            count: 1,
        });
    }
    reader.run(command);
    reader
}

#[tokio::test]
async fn agent_get_tells_the_range_without_what_is_gone() {
    let reader = scoped(range(&[2, 11], &["Only.Eleven"], &[7])).await;
    let tag = Command::SetTag {
        id: 7,
        name: "标签".into(),
        users: Vec::new(),
        departments: Vec::new(),
    };
    reader.run(tag);
    let body = reader.get("agent/get?agentid=1000002").await;
    assert_eq!(body["allow_partys"]["partyid"], json!([2, 11]));
    assert_eq!(
        body["allow_userinfos"]["user"],
        json!([{"userid": "Only.Eleven"}])
    );
    assert_eq!(body["allow_tags"]["tagid"], json!([7]));
    reader.run(Command::Dismiss {
        userids: vec!["Only.Eleven".into()],
    });
    reader.run(Command::DeleteTag { id: 7 });
    let body = reader.get("agent/get?agentid=1000002").await;
    assert_eq!(body["allow_userinfos"]["user"], json!([]));
    assert_eq!(body["allow_tags"]["tagid"], json!([]));
}

#[tokio::test]
async fn a_scoped_app_lists_its_departments_with_all_below_and_a_parent_it_cannot_see() {
    let reader = scoped(range(&[2], &[], &[])).await;
    let body = reader.get("department/list").await;
    let ids: BTreeSet<_> = crate::common::ids(&body["department"])
        .into_iter()
        .collect();
    assert!(
        ids.contains(&2) && ids.len() > 1 && !ids.contains(&1),
        "{ids:?}"
    );
    let strays = body["department"].as_array().expect("rows").iter();
    let strays: Vec<_> = strays
        .filter(|row| !ids.contains(&row["parentid"].as_u64().expect("parentid")))
        .map(|row| row["id"].clone())
        .collect();
    assert_eq!(strays, [json!(2)]);
}

#[tokio::test]
async fn what_is_out_of_sight_answers_60011_unless_told_otherwise() {
    let reader = scoped(range(&[2], &[], &[])).await;
    assert_eq!(reader.errcode("user/list?department_id=11").await, 60011);
    assert_eq!(reader.errcode("department/get?id=11").await, 60011);
    assert_eq!(reader.errcode("department/list?id=11").await, 60011);
    assert_eq!(reader.errcode("user/get?userid=Only.Eleven").await, 60011);
    assert_eq!(reader.errcode("user/list?department_id=999").await, 60003);
    assert_eq!(reader.errcode("user/get?userid=Nobody").await, 60111);
    let patch = SettingsPatch {
        invisible_person: Some(60111),
        invisible_department: Some(60003),
        ..SettingsPatch::default()
    };
    reader.control().configure(patch).expect("configures");
    assert_eq!(reader.errcode("user/list?department_id=11").await, 60003);
    assert_eq!(reader.errcode("user/get?userid=Only.Eleven").await, 60111);
}

#[tokio::test]
async fn a_single_member_of_the_range_is_read_alone() {
    let reader = scoped(range(&[], &["Only.Eleven"], &[])).await;
    assert_eq!(reader.department_ids().await, Vec::<u64>::new());
    let body = reader.get("user/get?userid=Only.Eleven").await;
    assert_eq!((errcode(&body), &body["department"]), (0, &json!([])));
    assert_eq!(
        reader.errcode("user/get?userid=Two.And.Eleven").await,
        60011
    );
}

#[tokio::test]
async fn a_member_shows_only_the_departments_the_app_sees() {
    let reader = scoped(range(&[2], &[], &[])).await;
    let body = reader.get("user/get?userid=Two.And.Eleven").await;
    assert_eq!(body["department"], json!([2]));
    assert_eq!(body["order"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        body.get("main_department"),
        None,
        "department 11 is out of sight"
    );
    let patch = SettingsPatch {
        hide_foreign_departments: Some(false),
        ..Default::default()
    };
    reader.control().configure(patch).expect("configures");
    let body = reader.get("user/get?userid=Two.And.Eleven").await;
    assert_eq!(body["department"], json!([11, 2]));
}

#[tokio::test]
async fn a_tag_makes_its_people_and_departments_visible_and_is_not_expanded() {
    let reader = scoped(Command::SetTag {
        id: 7,
        name: "标签".into(),
        users: vec!["Only.Eleven".into()],
        departments: vec![2],
    })
    .await;
    reader.run(range(&[], &[], &[7]));
    let body = reader.get("tag/get?tagid=7").await;
    assert_eq!(body["tagname"], json!("标签"));
    assert_eq!(texts(&body["userlist"], "userid"), ["Only.Eleven"]);
    assert_eq!(body["partylist"], json!([2]));
    assert!(reader.department_ids().await.contains(&2));
    assert_eq!(reader.errcode("user/get?userid=Only.Eleven").await, 0);
    assert_eq!(reader.errcode("tag/get?tagid=8").await, 40068);
    reader.run(range(&[3], &[], &[]));
    assert_eq!(reader.errcode("tag/get?tagid=7").await, 60011);
    assert_eq!(reader.errcode("user/get?userid=Only.Eleven").await, 60011);
}

#[tokio::test]
async fn a_department_moved_under_one_out_of_sight_disappears() {
    let reader = scoped(range(&[2], &[], &[])).await;
    let child = *reader.department_ids().await.last().expect("a child");
    let id = u32::try_from(child).expect("an id");
    reader.run(Command::MoveDepartment { id, parent: 3 });
    assert!(!reader.department_ids().await.contains(&child));
    assert_eq!(
        reader
            .errcode(&format!("user/list?department_id={id}"))
            .await,
        60011
    );
}

#[tokio::test]
async fn a_range_of_nothing_is_a_success_with_nothing_in_it() {
    let reader = scoped(range(&[], &[], &[])).await;
    let body = reader.get("department/list").await;
    assert_eq!((errcode(&body), &body["department"]), (0, &json!([])));
    assert_eq!(reader.control().members(View::Visible).count(), 0);
    assert_eq!(reader.control().members(View::Everything).count(), 62);
}

#[tokio::test]
async fn the_visible_view_is_what_a_reader_can_read() {
    let reader = scoped(range(&[2, 3], &["Only.Eleven"], &[])).await;
    let mut read = BTreeSet::from(["Only.Eleven".to_owned()]);
    for id in reader.department_ids().await {
        read.extend(reader.userids(u32::try_from(id).expect("an id")).await);
    }
    let visible: Vec<_> = reader.control().members(View::Visible).collect();
    assert_eq!(
        visible
            .iter()
            .map(|it| it.userid.clone())
            .collect::<BTreeSet<_>>(),
        read
    );
    let seen = reader.control().departments(View::Visible);
    let seen: BTreeSet<_> = seen.into_iter().map(|it| it.id).collect();
    assert!(
        visible
            .iter()
            .all(|it| it.departments.iter().all(|id| seen.contains(id)))
    );
}
