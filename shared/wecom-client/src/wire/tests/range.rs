use std::collections::BTreeSet;

use org_model::{DepartmentId, TagId, UserId};

use crate::wire::{AgentAnswer, Malformed, agent_answer, tag_answer};

#[test]
fn a_visible_range_has_departments_members_and_tags() {
    let body = r#"{"errcode":0,"errmsg":"ok","agentid":1000005,"name":"HR助手",
        "allow_userinfos":{"user":[{"userid":"zhangsan"},{"userid":"LiSi"}]},
        "allow_partys":{"partyid":[1,"7"]},"allow_tags":{"tagid":[1,2,3]},
        "close":0,"redirect_domain":"open.work.weixin.qq.com","isreportenter":0}"#;
    let answer = agent_answer(body.as_bytes()).unwrap();
    let range = answer.range();
    assert!(range.includes_root());
    assert_eq!(
        range.departments,
        BTreeSet::from([DepartmentId(1), DepartmentId(7)])
    );
    assert_eq!(range.tags, BTreeSet::from([TagId(1), TagId(2), TagId(3)]));
    assert_eq!(answer.users, [UserId::new("zhangsan"), UserId::new("LiSi")]);
    assert_eq!(range.users.len(), 2);
    assert!(!answer.closed);
}

#[test]
fn parts_of_a_range_may_be_absent_null_or_empty() {
    for body in [
        r#"{"agentid":5}"#,
        r#"{"allow_userinfos":null,"allow_partys":{},"allow_tags":{"tagid":null}}"#,
        r#"{"agentid":"5","allow_userinfos":{"user":[]},"allow_partys":{"partyid":[]}}"#,
    ] {
        let answer = agent_answer(body.as_bytes()).unwrap();
        assert_eq!(answer, AgentAnswer::default(), "{body}");
    }
}

#[test]
fn an_app_that_is_switched_off_says_so() {
    for (close, closed) in [("1", true), ("\"1\"", true), ("0", false), ("null", false)] {
        let body = format!(r#"{{"agentid":5,"close":{close}}}"#);
        assert_eq!(agent_answer(body.as_bytes()).unwrap().closed, closed);
    }
}

#[test]
fn half_a_range_is_no_range() {
    for (body, lacks) in [
        ("{}", "agentid"),
        (r#"{"allow_partys":[1]}"#, "allow_partys"),
        (r#"{"allow_partys":{"partyid":[1,{}]}}"#, "allow_partys"),
        (r#"{"allow_partys":{"partyid":1}}"#, "allow_partys"),
        (r#"{"allow_tags":{"tagid":["x"]}}"#, "allow_tags"),
        (
            r#"{"allow_userinfos":{"user":[{"name":"x"}]}}"#,
            "allow_userinfos",
        ),
    ] {
        let answer = agent_answer(body.as_bytes());
        assert_eq!(answer.unwrap_err(), Malformed::Lacks(lacks), "{body}");
    }
}

#[test]
fn a_tag_names_members_and_departments() {
    let body = br#"{"errcode":0,"tagname":"x","userlist":[{"userid":"a","name":"A"}],
        "partylist":[2,"3"]}"#;
    let tag = tag_answer(body).unwrap();
    assert_eq!(tag.users, [UserId::new("a")]);
    assert_eq!(tag.departments, [DepartmentId(2), DepartmentId(3)]);
    assert_eq!(tag.broken, 0);
    let odd = tag_answer(br#"{"userlist":[{"userid":"a"},{}, 3]}"#).unwrap();
    assert_eq!((odd.users.len(), odd.broken), (1, 2));
    for body in ["{}", r#"{"userlist":null,"partylist":[]}"#] {
        let answer = tag_answer(body.as_bytes());
        assert_eq!(answer.unwrap_err(), Malformed::Lacks("userlist"));
    }
    let odd = tag_answer(br#"{"userlist":[],"partylist":["x"]}"#);
    assert_eq!(odd.unwrap_err(), Malformed::Lacks("partylist"));
}
