use org_model::DepartmentId;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::wire::{
    agent_answer, department_answer, department_list, department_places, judge, member_answer,
    member_list, tag_answer, token_answer, userid_answer, userid_list,
};

/// Every decoder looks at it; none may panic.
fn decode_all(body: &[u8]) {
    let _ = judge(body);
    let _ = token_answer(body);
    let _ = agent_answer(body);
    let _ = tag_answer(body);
    let _ = department_list(body);
    let _ = department_answer(body);
    let _ = member_list(body, DepartmentId(1));
    let _ = userid_list(body);
    let _ = member_answer(body, None);
    let _ = userid_answer(body);
    let _ = department_places(body);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9]{1,12}|[a-z]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((field(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn field() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "errcode",
        "errmsg",
        "userid",
        "name",
        "department",
        "order",
        "status",
        "enable",
        "is_leader_in_dept",
        "main_department",
        "direct_leader",
        "userlist",
        "partylist",
        "id",
        "parentid",
        "department_leader",
        "department_id",
        "allow_partys",
        "partyid",
        "allow_userinfos",
        "user",
        "allow_tags",
        "tagid",
        "access_token",
        "expires_in",
        "close",
        "isleader",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        decode_all(&body);
    }

    #[test]
    fn no_json_makes_a_decoder_panic(
        fields in prop::collection::vec((field(), any_json()), 0..8),
    ) {
        let body: Map<String, Value> = fields.into_iter().collect();
        decode_all(Value::Object(body).to_string().as_bytes());
    }

    /// However odd its fields: whoever has a userid lands, with the whole record.
    #[test]
    fn a_member_with_a_userid_is_never_lost(
        userid in "[A-Za-z0-9_.@-]{1,64}",
        fields in prop::collection::vec((field(), any_json()), 0..8),
    ) {
        let mut member: Map<String, Value> = fields.into_iter().collect();
        member.insert("userid".to_owned(), Value::from(userid.clone()));
        let body = json!({"userlist": [member.clone()]}).to_string();
        let list = member_list(body.as_bytes(), DepartmentId(1)).unwrap();
        prop_assert_eq!(list.broken, 0);
        prop_assert_eq!(list.members[0].userid.as_str(), userid);
        let kept: Map<String, Value> = serde_json::from_str(&list.members[0].fields).unwrap();
        prop_assert_eq!(kept.len(), member.len());
    }

    /// A body that was cut anywhere is never read as a shorter list.
    #[test]
    fn a_truncated_list_is_malformed(people in 1_usize..20, cut in 0.0_f64..1.0) {
        let members: Vec<Value> = (0..people).map(|n| json!({"userid": format!("u{n}")})).collect();
        let body = json!({"errcode": 0, "userlist": members}).to_string();
        let end = (body.len() as f64 * cut) as usize;
        prop_assert!(member_list(&body.as_bytes()[..end], DepartmentId(1)).is_err());
        prop_assert!(judge(&body.as_bytes()[..end]).is_err());
    }
}
