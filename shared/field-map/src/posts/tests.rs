use serde_json::json;

use super::*;
use crate::people::member;

/// What a record leaves open for somebody who stands in one department.
fn left_open(fields: &Value) -> &'static str {
    let member = member(fields);
    let untold = untold(&Record::of(&member), member.memberships.as_deref());
    match (untold.leads, untold.orders) {
        (false, false) => "nothing",
        (true, false) => "leads",
        (false, true) => "orders",
        (true, true) => "both",
    }
}

#[test]
fn whole_lists_tell_everything_also_as_text() {
    let whole = json!({ "department": [2], "order": [0], "is_leader_in_dept": [1] });
    assert_eq!(left_open(&whole), "nothing");
    let text = json!({ "department": ["2"], "order": ["7"], "is_leader_in_dept": ["0"] });
    assert_eq!(left_open(&text), "nothing");
}

#[test]
fn a_list_that_is_absent_short_or_broken_tells_nothing() {
    assert_eq!(
        left_open(&json!({ "department": [2], "order": [0] })),
        "leads"
    );
    let short = json!({ "department": [2, 3], "order": [0], "is_leader_in_dept": [1, 0] });
    assert_eq!(left_open(&short), "orders");
    let broken = json!({ "department": [2], "order": {}, "is_leader_in_dept": [null] });
    assert_eq!(left_open(&broken), "both");
}

#[test]
fn without_departments_the_lists_stand_parallel_to_nothing() {
    for department in [json!(null), json!([]), json!(["x"]), json!(2)] {
        let fields = json!({
            "department": department, "order": [0], "is_leader_in_dept": [1], "isleader": 1,
        });
        assert_eq!(left_open(&fields), "both", "{department}");
    }
}

#[test]
fn an_older_record_says_once_who_leads() {
    let older = json!({ "department": [2, 3], "order": [0, 0], "isleader": 0 });
    assert_eq!(left_open(&older), "nothing");
    let both = json!({
        "department": [2, 3], "order": [0, 0], "isleader": 1, "is_leader_in_dept": [1],
    });
    assert_eq!(left_open(&both), "leads");
}
