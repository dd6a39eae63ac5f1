use org_model::DepartmentId;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::wire::{
    Judged, agent_answer, department_answer, department_list, department_places, judge,
    member_answer, member_list, tag_answer, token_answer, userid_answer, userid_list,
};

/// What is asked of a decoder of bodies, whatever the body: an error or a value, never a panic.
type Decoder = fn(&[u8]) -> bool;

/// Every decoder of the room, by its name: the only doors from an answer's bytes.
const DECODERS: [(&str, Decoder); 11] = [
    ("judge", |body| judge(body).is_ok()),
    ("token_answer", |body| token_answer(body).is_ok()),
    ("agent_answer", |body| agent_answer(body).is_ok()),
    ("tag_answer", |body| tag_answer(body).is_ok()),
    ("department_list", |body| department_list(body).is_ok()),
    ("department_answer", |body| department_answer(body).is_ok()),
    ("department_places", |body| department_places(body).is_ok()),
    ("member_list", |body| {
        member_list(body, DepartmentId(1)).is_ok()
    }),
    ("userid_list", |body| userid_list(body).is_ok()),
    ("member_answer", |body| {
        member_answer(body, None).is_ok() | member_answer(body, Some(DepartmentId(1))).is_ok()
    }),
    ("userid_answer", |body| userid_answer(body).is_ok()),
];

/// How many could make something of it.
fn decode_all(body: &[u8]) -> usize {
    let decoded = DECODERS.iter().filter(|(_, decode)| decode(body));
    decoded.count()
}

/// A decoder that is added is tried here too.
#[test]
fn every_decoder_of_the_room_is_among_those_tried() {
    let rooms = [
        include_str!("../agent.rs"),
        include_str!("../department.rs"),
        include_str!("../envelope.rs"),
        include_str!("../member.rs"),
        include_str!("../tag.rs"),
        include_str!("../token.rs"),
    ];
    let mut doors: Vec<&str> = rooms
        .iter()
        .flat_map(|room| room.split("pub(crate) fn ").skip(1))
        .filter_map(|rest| rest.split_once('('))
        .filter(|(_, parameters)| parameters.trim_start().starts_with("body: &[u8]"))
        .map(|(name, _)| name)
        .collect();
    let mut tried: Vec<&str> = DECODERS.iter().map(|(name, _)| *name).collect();
    doors.sort_unstable();
    tried.sort_unstable();
    assert_eq!(doors, tried);
    let modules = include_str!("../mod.rs").matches("\nmod ").count();
    // `lenient` decodes values, and `tests` nothing.
    let known = rooms.len() + 2;
    assert_eq!(modules, known, "a file of decoders is not looked at");
}

/// What an honest WeCom says, in one body of which nearly every decoder makes something.
fn sound() -> Value {
    json!({
        "errcode": 0, "errmsg": "ok", "access_token": "t", "expires_in": 7200,
        "agentid": 1_000_002, "close": 0,
        "allow_userinfos": {"user": [{"userid": "a"}]},
        "allow_partys": {"partyid": [1]}, "allow_tags": {"tagid": [1]},
        "userid": "a", "name": "张三", "department": [1, 2], "order": [1, 4_294_967_295_u64],
        "main_department": 1, "status": 1, "is_leader_in_dept": [1, 0], "direct_leader": ["b"],
        "extattr": {"attrs": [{"type": 0, "name": "x", "text": {"value": "y"}}]},
        "userlist": [{"userid": "a", "department": [1], "order": [7], "status": 4}],
        "partylist": [1, 2],
        "department_id": [{"id": 1, "parentid": 0, "order": 1}],
    })
}

/// The field `department` has three meanings: seats, a list of departments, one department.
fn sound_bodies() -> [Value; 3] {
    let one = json!({"id": 2, "name": "部", "parentid": 1, "order": 9, "department_leader": ["a"]});
    let with = |department: Value| {
        let mut body = sound();
        body["department"] = department;
        body
    };
    [sound(), with(json!([one])), with(one)]
}

#[test]
fn every_decoder_makes_something_of_a_sound_body() {
    let bodies = sound_bodies().map(|body| body.to_string().into_bytes());
    for (name, decode) in DECODERS {
        assert!(bodies.iter().any(|body| decode(body)), "{name}");
    }
}

/// Deeper than any parser may go, and longer than any number is.
#[test]
fn no_depth_and_no_size_makes_a_decoder_panic() {
    for depth in [100, 127, 128, 129, 5_000, 200_000] {
        for (open, close) in [
            ("[", "]"),
            ("{\"department\":", "}"),
            ("{\"userlist\":[", "]}"),
        ] {
            let whole = format!("{}0{}", open.repeat(depth), close.repeat(depth));
            decode_all(whole.as_bytes());
            decode_all(open.repeat(depth).as_bytes());
            decode_all(format!("{{\"errcode\":0,\"userlist\":{whole}}}").as_bytes());
        }
    }
    let digits = "9".repeat(100_000);
    for number in [digits.as_str(), "1e999", "-1e999", "1e-999", "-0", "0.1e1"] {
        for field in ["errcode", "expires_in", "status", "id", "close", "userid"] {
            decode_all(format!("{{\"{field}\":{number}}}").as_bytes());
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9]{1,12}|[a-z]{0,4}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
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
        "extattr",
        "attrs",
        "agentid",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        decode_all(&body);
    }

    #[test]
    fn no_json_of_any_kind_makes_a_decoder_panic(body in any_json()) {
        decode_all(body.to_string().as_bytes());
    }

    /// A true body with bytes of it changed, added or lost: what a bad line makes of it.
    #[test]
    fn no_damage_to_a_sound_body_makes_a_decoder_panic(
        which in 0_usize..3,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 1..8),
    ) {
        let mut body = sound_bodies()[which].to_string().into_bytes();
        for (place, byte, kind) in damage {
            let at = place.index(body.len());
            match kind {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => drop(body.remove(at)),
            }
        }
        decode_all(&body);
    }

    /// One field of a true body is something else.
    #[test]
    fn no_strange_field_of_a_sound_body_makes_a_decoder_panic(
        which in 0_usize..3,
        field in field(),
        value in any_json(),
    ) {
        let mut body = sound_bodies()[which].clone();
        body[field] = value;
        decode_all(body.to_string().as_bytes());
    }

    /// The words of a refusal are looked through for an address.
    #[test]
    fn no_words_of_a_refusal_make_it_panic(
        before in any::<String>(),
        after in "[0-9a-f.:]{0,40}|\\PC{0,20}",
    ) {
        let errmsg = format!("{before}from ip:{after}");
        let body = json!({"errcode": 60020, "errmsg": errmsg}).to_string();
        prop_assert!(matches!(judge(body.as_bytes()), Err(Judged::Refused(_))));
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
