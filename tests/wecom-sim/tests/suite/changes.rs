//! Changing the organisation while it is read.

use std::collections::BTreeSet;

use crate::common::{Reader, errcode, small};
use serde_json::{Value, json};
use wecom_sim::{Command, CommandError, DepartmentPeople, SimConfig, View};

async fn person(reader: &Reader, userid: &str) -> Value {
    reader.get(&format!("user/get?userid={userid}")).await
}

fn hire(userid: &str, name: &str, departments: &[u32]) -> Command {
    Command::Hire {
        userid: Some(userid.to_owned()),
        name: Some(name.to_owned()),
        departments: departments.to_vec(),
        count: 1,
    }
}

fn seat(userid: &str, departments: &[u32]) -> Command {
    let (userid, departments) = (userid.to_owned(), departments.to_vec());
    Command::Move {
        userid,
        departments,
        main_department: None,
    }
}

fn set(userid: &str, field: &str, value: Value) -> Command {
    Command::SetField {
        userid: userid.to_owned(),
        field: field.to_owned(),
        value,
    }
}

#[tokio::test]
async fn a_newcomer_is_listed_where_they_were_hired() {
    let reader = Reader::start(small()).await;
    let outcome = reader.run(hire("Xin.Lai", "新来", &[3, 2]));
    assert_eq!(outcome.hired, ["Xin.Lai"]);
    assert!(reader.userids(2).await.contains(&"Xin.Lai".to_owned()));
    let body = person(&reader, "xin.lai").await;
    assert_eq!(
        (&body["name"], &body["main_department"]),
        (&json!("新来"), &json!(3))
    );
    assert_eq!(reader.control().summary().people, 61);
}

#[tokio::test]
async fn many_newcomers_are_named_and_seated_by_the_seed() {
    let reader = Reader::start_without_token(small());
    let many = Command::Hire {
        userid: None,
        name: None,
        departments: Vec::new(),
        count: 40,
    };
    let hired = reader.run(many).hired;
    assert_eq!(hired.iter().collect::<BTreeSet<_>>().len(), 40);
    assert_eq!(reader.control().members(View::Everything).count(), 100);
}

#[tokio::test]
async fn who_was_dismissed_is_nowhere_and_answers_60111() {
    let reader = Reader::start(small()).await;
    let somebody = reader.anybody_of(2).await;
    let outcome = reader.run(Command::Dismiss {
        userids: vec![somebody.clone()],
    });
    assert_eq!(outcome.dismissed, std::slice::from_ref(&somebody));
    assert!(!reader.userids(2).await.contains(&somebody));
    assert_eq!(errcode(&person(&reader, &somebody).await), 60111);
    assert_eq!(reader.control().members(View::Everything).count(), 59);
}

#[tokio::test]
async fn who_is_rehired_comes_back_as_they_were() {
    let reader = Reader::start(small()).await;
    let somebody = reader.anybody_of(2).await;
    reader.run(set(&somebody, "position", json!("旧职位")));
    let before = person(&reader, &somebody).await;
    reader.run(Command::Dismiss {
        userids: vec![somebody.clone()],
    });
    reader.run(Command::Rehire {
        userid: somebody.clone(),
    });
    assert_eq!(person(&reader, &somebody).await, before);
}

#[tokio::test]
async fn a_userid_can_be_given_to_somebody_else_after_its_holder_left() {
    let reader = Reader::start(small()).await;
    let userid = reader.anybody_of(2).await;
    let taken = reader
        .control()
        .run(hire(&userid.to_uppercase(), "他人", &[3]));
    assert_eq!(taken, Err(CommandError::UseridTaken(userid.to_uppercase())));
    reader.run(Command::Dismiss {
        userids: vec![userid.clone()],
    });
    reader.run(hire(&userid, "他人", &[3]));
    assert_eq!(person(&reader, &userid).await["name"], json!("他人"));
    assert_eq!(reader.control().members(View::Everything).count(), 60);
}

#[tokio::test]
async fn random_dismissals_follow_their_seed() {
    let dismissed = |seed| {
        let reader = Reader::start_without_token(small());
        reader
            .run(Command::DismissRandom { count: 10, seed })
            .dismissed
    };
    assert_eq!(dismissed(1), dismissed(1));
    assert_ne!(dismissed(1), dismissed(2));
    assert_eq!(dismissed(1).iter().collect::<BTreeSet<_>>().len(), 10);
}

#[tokio::test]
async fn a_dismissed_department_stays_empty_with_all_below_it() {
    let reader = Reader::start(small()).await;
    reader.run(Command::DismissDepartment { id: 2 });
    for id in crate::common::ids(&reader.get("department/list?id=2").await["department"]) {
        assert!(
            reader
                .userids(u32::try_from(id).expect("id"))
                .await
                .is_empty()
        );
    }
    assert!(reader.control().summary().people > 0);
}

#[tokio::test]
async fn a_move_changes_the_seats_and_keeps_what_a_kept_seat_had() {
    let reader = Reader::start(small()).await;
    let somebody = reader.anybody_of(2).await;
    let lead = Command::SetLeader {
        userid: somebody.clone(),
        department: 2,
        leader: true,
    };
    reader.run(lead);
    reader.run(seat(&somebody, &[5, 2]));
    let body = person(&reader, &somebody).await;
    assert_eq!(body["department"], json!([5, 2]));
    assert_eq!(body["is_leader_in_dept"], json!([0, 1]));
    assert_eq!(body["main_department"], json!(5));
    let department = reader.get("department/get?id=2").await["department"].clone();
    let leaders = department["department_leader"].as_array().expect("leaders");
    assert!(leaders.contains(&json!(somebody)));
}

#[tokio::test]
async fn a_userid_changes_its_case_or_altogether_and_the_person_stays() {
    let reader = Reader::start(small()).await;
    let old = reader.anybody_of(2).await;
    let before = reader
        .control()
        .member(&old, View::Everything)
        .expect("a member");
    reader.run(Command::ChangeUseridCase {
        userid: old.clone(),
    });
    let swapped = person(&reader, &old).await["userid"]
        .as_str()
        .expect("userid")
        .to_owned();
    assert_ne!(swapped, old);
    assert!(swapped.eq_ignore_ascii_case(&old));
    reader.run(Command::ChangeUserid {
        userid: swapped,
        to: "quite.new".into(),
    });
    assert_eq!(errcode(&person(&reader, &old).await), 60111);
    let after = reader
        .control()
        .member("QUITE.NEW", View::Everything)
        .expect("a member");
    assert_eq!((after.name, after.mobile), (before.name, before.mobile));
}

#[tokio::test]
async fn two_people_swap_their_names() {
    let reader = Reader::start(small()).await;
    reader.run(hire("A.One", "甲", &[2]));
    reader.run(hire("B.Two", "乙", &[2]));
    reader.run(Command::SwapNames {
        a: "A.One".into(),
        b: "B.Two".into(),
    });
    assert_eq!(person(&reader, "A.One").await["name"], json!("乙"));
    assert_eq!(person(&reader, "B.Two").await["name"], json!("甲"));
    reader.run(Command::Rename {
        userid: "A.One".into(),
        name: "丙".into(),
    });
    assert_eq!(person(&reader, "A.One").await["name"], json!("丙"));
}

#[tokio::test]
async fn any_field_takes_any_value_or_none_at_all() {
    let reader = Reader::start(small()).await;
    let somebody = reader.anybody_of(2).await;
    for value in [
        json!(null),
        json!(7),
        json!(["x"]),
        json!({"a": 1}),
        json!(""),
        json!("text"),
    ] {
        for field in ["position", "extattr", "department", "status", "gender"] {
            reader.run(set(&somebody, field, value.clone()));
            assert_eq!(person(&reader, &somebody).await[field], value, "{field}");
        }
    }
    let (userid, field) = (somebody.clone(), "position".to_owned());
    reader.run(Command::UnsetField { userid, field });
    assert_eq!(person(&reader, &somebody).await.get("position"), None);
}

#[tokio::test]
async fn a_field_can_be_changed_for_everybody_at_once() {
    let reader = Reader::start(small()).await;
    reader.run(Command::SetFieldForAll {
        field: "mobile".into(),
        value: json!(""),
    });
    reader.run(Command::UnsetFieldForAll {
        field: "email".into(),
    });
    let body = reader.get("user/list?department_id=2").await;
    for member in body["userlist"].as_array().expect("rows") {
        assert_eq!((&member["mobile"], member.get("email")), (&json!(""), None));
    }
}

#[tokio::test]
async fn half_the_company_can_be_disabled() {
    let reader = Reader::start_without_token(small());
    let half = reader
        .run(Command::SetStatusRandom {
            count: 30,
            seed: 1,
            status: 2,
        })
        .changed;
    let disabled = reader
        .control()
        .members(View::Everything)
        .filter(|it| it.status == 2);
    let disabled: BTreeSet<_> = disabled.map(|it| it.userid).collect();
    assert!(half.iter().all(|userid| disabled.contains(userid)));
    reader.run(Command::SetStatus {
        userids: half,
        status: 1,
    });
}

#[tokio::test]
async fn departments_are_created_renamed_moved_and_deleted() {
    let reader = Reader::start(small()).await;
    let create = Command::CreateDepartment {
        id: Some(700),
        name: "新部门".into(),
        parent: 2,
    };
    assert_eq!(reader.run(create).departments, [700]);
    reader.run(Command::RenameDepartment {
        id: 700,
        name: "改名部".into(),
    });
    reader.run(Command::MoveDepartment { id: 700, parent: 3 });
    let body = reader.get("department/get?id=700").await["department"].clone();
    assert_eq!(
        (&body["name"], &body["parentid"]),
        (&json!("改名部"), &json!(3))
    );
    reader.run(Command::DeleteDepartment {
        id: 700,
        people: DepartmentPeople::MoveUp,
    });
    assert_eq!(reader.errcode("user/list?department_id=700").await, 60003);
}

#[tokio::test]
async fn people_of_a_deleted_department_move_up_leave_or_stay_without_a_seat() {
    let cases = [
        (DepartmentPeople::MoveUp, json!([2])),
        (DepartmentPeople::Leave, json!([])),
        (DepartmentPeople::Dismiss, Value::Null),
    ];
    for (people, seats) in cases {
        let reader = Reader::start(small()).await;
        let create = Command::CreateDepartment {
            id: Some(700),
            name: "临".into(),
            parent: 2,
        };
        reader.run(create);
        reader.run(hire("Only.There", "甲", &[700]));
        reader.run(Command::DeleteDepartment { id: 700, people });
        assert_eq!(person(&reader, "Only.There").await["department"], seats);
    }
}

#[tokio::test]
async fn a_cycle_a_self_parent_and_a_second_root_can_be_made_and_are_listed() {
    let reader = Reader::start(small()).await;
    reader.run(Command::MoveDepartment { id: 2, parent: 3 });
    reader.run(Command::MoveDepartment { id: 3, parent: 2 });
    reader.run(Command::MoveDepartment { id: 4, parent: 4 });
    reader.run(Command::MoveDepartment { id: 5, parent: 0 });
    let body = reader.get("department/list").await;
    let parents: Vec<_> = body["department"].as_array().expect("rows")[..5]
        .iter()
        .map(|row| row["parentid"].as_u64().expect("parentid"))
        .collect();
    assert_eq!(parents, [0, 3, 2, 4, 0]);
    assert_eq!(reader.department_ids().await.len(), 12);
    assert!(reader.get("department/list?id=2").await["department"].is_array());
}

#[tokio::test]
async fn a_day_of_churn_is_a_small_mixture_that_follows_its_seed() {
    let config = SimConfig {
        people: 2000,
        departments: 120,
        ..small()
    };
    let run = || {
        let reader = Reader::start_without_token(config.clone());
        let before: BTreeSet<_> = reader
            .control()
            .members(View::Everything)
            .map(key)
            .collect();
        let churn = Command::Churn {
            percent: 2.0,
            seed: 9,
            leavers_max: None,
        };
        let outcome = reader.run(churn);
        let after: BTreeSet<_> = reader
            .control()
            .members(View::Everything)
            .map(key)
            .collect();
        (outcome, before, after)
    };
    let (outcome, before, after) = run();
    assert_eq!(outcome, run().0);
    assert_eq!(outcome.dismissed.len(), 5);
    assert_eq!(outcome.hired.len(), 6);
    assert_eq!(outcome.moved.len(), 8);
    assert_eq!(outcome.changed.len(), 21);
    assert_eq!(before.difference(&after).count(), 5 + 8 + 21);
    assert_eq!(after.difference(&before).count(), 6 + 8 + 21);
}

/// A person as one comparable text.
fn key(member: wecom_sim::Member) -> String {
    format!("{member:?}")
}

#[tokio::test]
async fn churn_lets_no_more_leave_than_it_may() {
    let reader = Reader::start_without_token(small());
    let outcome = reader.run(Command::Churn {
        percent: 50.0,
        seed: 1,
        leavers_max: Some(0),
    });
    assert_eq!(outcome.dismissed, Vec::<String>::new());
    assert!(!outcome.moved.is_empty());
}

#[tokio::test]
async fn resetting_the_organisation_brings_back_what_the_seed_made() {
    let reader = Reader::start_without_token(small());
    let before: Vec<_> = reader.control().members(View::Everything).collect();
    reader.run(Command::Churn {
        percent: 50.0,
        seed: 1,
        leavers_max: None,
    });
    reader.run(Command::DeleteDepartment {
        id: 4,
        people: DepartmentPeople::Dismiss,
    });
    reader.run(Command::ResetOrg);
    assert!(reader.control().members(View::Everything).eq(before));
}

#[tokio::test]
async fn a_refused_command_changes_nothing() {
    let reader = Reader::start_without_token(small());
    let control = reader.control();
    let before: Vec<_> = control.members(View::Everything).collect();
    let somebody = before[0].userid.clone();
    let refused = [
        Command::Dismiss {
            userids: vec![somebody.clone(), "Nobody".into()],
        },
        seat(&somebody, &[2, 999]),
        hire("New", "新", &[999]),
        Command::DeleteDepartment {
            id: 1,
            people: DepartmentPeople::Dismiss,
        },
        Command::SetStatus {
            userids: vec![somebody, "Nobody".into()],
            status: 2,
        },
        Command::DeleteTag { id: 9 },
    ];
    for command in refused {
        assert!(control.run(command.clone()).is_err(), "{command:?}");
    }
    assert!(control.members(View::Everything).eq(before));
}

#[tokio::test]
async fn a_million_people_fit_in_memory_and_are_found() {
    let reader = Reader::start(SimConfig {
        people: 1_000_000,
        departments: 1000,
        ..small()
    })
    .await;
    assert_eq!(reader.control().summary().people, 1_000_000);
    let departments = reader.control().departments(View::Everything);
    let largest = departments
        .iter()
        .map(|it| it.people)
        .max()
        .expect("departments");
    assert!(
        largest < 30_000,
        "WeCom allows 30,000 in one department, not {largest}"
    );
    let listed = reader.userids(900).await;
    let last = listed.last().expect("somebody");
    assert_eq!(person(&reader, last).await["userid"], json!(last));
    let outcome = reader.run(Command::Churn {
        percent: 1.0,
        seed: 1,
        leavers_max: None,
    });
    assert_eq!(outcome.dismissed.len(), 1200);
    assert_eq!(reader.control().summary().people, 1_000_300);
}
