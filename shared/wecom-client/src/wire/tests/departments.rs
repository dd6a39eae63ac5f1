use org_model::{DepartmentId, RawDepartment, UserId};
use serde_json::{Value, json};

use crate::wire::{
    DepartmentPlace, Malformed, department_answer, department_list, department_places,
};

fn list(departments: &Value) -> crate::wire::DepartmentList {
    let body = json!({"errcode": 0, "errmsg": "ok", "department": departments});
    department_list(body.to_string().as_bytes()).unwrap()
}

fn department(id: u32, name: &str, parent: Option<u32>) -> RawDepartment {
    RawDepartment {
        id: DepartmentId(id),
        name: name.to_owned(),
        parent: parent.map(DepartmentId),
        order: 0,
        leaders: None,
    }
}

#[test]
fn a_current_list_is_read_in_full() {
    let list = list(&json!([
        {"id": 1, "name": "广州研发中心", "name_en": "RDGZ", "parentid": 0, "order": 100_000_000},
        {"id": 2, "name": "邮箱产品部", "department_leader": ["zhangsan", "lisi"], "parentid": 1,
         "order": 4_294_967_295_u32}
    ]));
    assert_eq!(list.broken, 0);
    let root = RawDepartment {
        order: 100_000_000,
        ..department(1, "广州研发中心", None)
    };
    let mail = RawDepartment {
        order: 4_294_967_295,
        leaders: Some(vec![UserId::new("zhangsan"), UserId::new("lisi")]),
        ..department(2, "邮箱产品部", Some(1))
    };
    assert_eq!(list.departments, [root, mail]);
}

#[test]
fn a_private_deployment_may_write_numbers_as_text_and_leave_fields_out() {
    let list = list(&json!([
        {"id": "1", "name": "总部", "parentid": "0", "order": "5", "department_leader": null},
        {"id": 2, "name": 2024, "parentid": null},
        {"id": 3, "parentid": "", "department_leader": "", "order": -1},
        {"id": 4, "name": "", "parentid": 1, "department_leader": [7]},
        {"id": 5, "parentid": 1, "department_leader": [7, {}, ""]}
    ]));
    assert_eq!(list.broken, 0);
    let root = RawDepartment {
        order: 5,
        ..department(1, "总部", None)
    };
    let last = RawDepartment {
        leaders: Some(vec![UserId::new("7")]),
        ..department(4, "4", Some(1))
    };
    let expected = [
        root,
        department(2, "2024", None),
        department(3, "3", None),
        last,
        // Half a list of leaders would read like a resignation.
        department(5, "5", Some(1)),
    ];
    assert_eq!(list.departments, expected);
}

#[test]
fn a_department_without_an_id_or_with_an_odd_parent_makes_the_list_incomplete() {
    let list = list(&json!([
        {"id": 1, "name": "a"}, {"name": "no id"}, {"id": 0}, {"id": 3, "parentid": {"id": 1}}, 5
    ]));
    let ids: Vec<u32> = list.departments.iter().map(|d| d.id.0).collect();
    assert_eq!(ids, [1, 3], "whoever has an id is kept");
    assert_eq!(list.broken, 4, "but the place of 3 is not certain");
}

#[test]
fn a_tree_that_was_not_sent_is_not_an_empty_tree() {
    for body in ["{}", r#"{"department":null}"#, r#"{"department":{"id":1}}"#] {
        let answer = department_list(body.as_bytes());
        assert_eq!(
            answer.unwrap_err(),
            Malformed::Lacks("department"),
            "{body}"
        );
    }
    assert!(list(&json!([])).departments.is_empty());
}

#[test]
fn one_department_by_name() {
    let body = br#"{"errcode":0,"department":{"id":2,"name":"b","parentid":1,"order":1}}"#;
    let found = department_answer(body).unwrap();
    assert_eq!(
        (found.id, found.parent),
        (DepartmentId(2), Some(DepartmentId(1)))
    );
    for body in [
        "{}",
        r#"{"department":[]}"#,
        r#"{"department":{"name":"b"}}"#,
    ] {
        let answer = department_answer(body.as_bytes());
        assert_eq!(
            answer.unwrap_err(),
            Malformed::Lacks("department"),
            "{body}"
        );
    }
}

#[test]
fn places_are_read_whole_or_not_at_all() {
    let body = br#"{"errcode":0,"errmsg":"ok","department_id":[
        {"id":2,"parentid":1,"order":10}, {"id":"3","parentid":"2","order":"4294967295"},
        {"id":4}]}"#;
    let place = |id, parent: Option<u32>, order| DepartmentPlace {
        id: DepartmentId(id),
        parent: parent.map(DepartmentId),
        order,
    };
    let expected = [
        place(2, Some(1), 10),
        place(3, Some(2), 4_294_967_295),
        place(4, None, 0),
    ];
    assert_eq!(department_places(body).unwrap(), expected);
    assert_eq!(department_places(br#"{"department_id":[]}"#), Ok(vec![]));
    for body in [
        "{}",
        r#"{"department_id":null}"#,
        r#"{"department":[{"id":1}]}"#,
        r#"{"department_id":[{"id":1},{"parentid":1}]}"#,
        r#"{"department_id":[{"id":1},7]}"#,
        r#"{"department_id":[{"id":1,"parentid":"x"}]}"#,
    ] {
        let answer = department_places(body.as_bytes());
        assert_eq!(answer, Err(Malformed::Lacks("department_id")), "{body}");
    }
}
