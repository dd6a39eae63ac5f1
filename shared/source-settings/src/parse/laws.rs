//! What holds for any settings, and for any body whatever.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::tests::accepted;
use super::*;

fn any_limits() -> impl Strategy<Value = Value> {
    (0_u32..=50, 0_u32..=1_000, 0_u32..=50).prop_map(|(floor, count, percent)| {
        json!({ "floor": floor, "max_count": count, "max_percent": percent })
    })
}

fn any_schedule() -> impl Strategy<Value = Value> {
    let every: Vec<String> = crate::Every::all().map(|every| every.to_string()).collect();
    let zones = vec!["Asia/Shanghai", "utc", "europe/berlin"];
    (
        any::<bool>(),
        (0..24, 0..60).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}")),
        prop::sample::select(every),
        prop::sample::select(zones),
    )
        .prop_map(|(enabled, start_at, every, timezone)| {
            json!({
                "enabled": enabled, "start_at": start_at, "every": every, "timezone": timezone,
            })
        })
}

fn contacts(addresses: &BTreeMap<String, String>) -> Vec<Value> {
    let numbers: BTreeSet<&String> = addresses.values().collect();
    let mails = addresses.keys().map(|mail| json!({ "email": mail }));
    let numbers = numbers.into_iter().map(|number| json!({ "sms": number }));
    let queue = json!({ "arn": "arn:aws:sqs:eu-west-1:123456789012:notices" });
    mails.chain(numbers).chain([queue]).collect()
}

pub(crate) fn any_settings() -> impl Strategy<Value = Value> {
    let sources = vec![
        json!("position"),
        json!("biz_mail"),
        json!("extattr['成本中心']"),
        json!("userid + '@example.com'"),
        json!({ "value": "position", "default": "Staff" }),
        json!({ "value": "positions", "default": [1, "two", false] }),
    ];
    let server = vec![
        "https://WeCom.example/a/",
        "http://localhost:1",
        "https://10.0.0.7:8443//",
    ];
    (
        (
            " ?[a-zA-Z张]{1,20} ?",
            prop::sample::select(server),
            "[a-zA-Z0-9]{1,20}",
            1_u32..,
        ),
        prop::collection::btree_set("[a-z0-9][a-z0-9-]{0,9}", 0..8),
        prop::collection::btree_set(2_u32..1_000, 0..9),
        prop::collection::btree_map("at_[a-z]{1,5}", prop::sample::select(sources), 0..5),
        any_schedule(),
        (any_limits(), any_limits(), any::<bool>()),
        prop::collection::btree_map("[a-z]{1,9}@[a-z]{1,9}\\.com", "\\+[1-9][0-9]{7,14}", 0..9),
        (1_u32..3_650, 1_u32..3_650),
    )
        .prop_map(
            |(basic, agents, departments, mapping, schedule, protection, addresses, days)| {
                let (include, exclude): (Vec<u32>, Vec<u32>) =
                    departments.iter().partition(|id| **id % 2 == 0);
                json!({
                    "name": basic.0, "base_url": basic.1,
                    "credentials": { "corp_id": basic.2, "agent_id": basic.3, "secret": "S3CR3T" },
                    "agents": agents,
                    "deletions": if protection.2 { "paused" } else { "protected" },
                    "scope": { "include_departments": include, "exclude_departments": exclude },
                    "mapping": mapping, "schedule": schedule,
                    "protection": { "users": protection.0, "departments": protection.1 },
                    "contacts": contacts(&addresses),
                    "retention_days": { "deleted": days.0, "logs": days.1 },
                })
            },
        )
}

/// Where a body can be spoilt.
fn any_place() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "/name",
        "/type",
        "/base_url",
        "/credentials",
        "/credentials/corp_id",
        "/credentials/agent_id",
        "/credentials/secret",
        "/agents",
        "/deletions",
        "/scope",
        "/scope/include_departments",
        "/mapping",
        "/mapping/title",
        "/schedule",
        "/schedule/start_at",
        "/schedule/every",
        "/schedule/timezone",
        "/protection",
        "/protection/users",
        "/contacts",
        "/retention_days/logs",
        "/S3CR3T0123456789abcdefghijABCDEFGHIJ-_01234",
    ])
}

fn spoilt_value() -> impl Strategy<Value = Value> {
    let secret = "zhang.S3CR3T@example.com";
    prop_oneof![
        Just(json!(null)),
        Just(json!(7)),
        Just(json!(-1.5)),
        Just(json!(true)),
        Just(json!("")),
        Just(json!(secret)),
        Just(json!(format!("{secret}\n"))),
        Just(json!(format!(
            "https://a:{secret}@169.254.169.254/?{secret}"
        ))),
        Just(json!([secret, secret])),
        Just(json!([{ "email": format!("{secret} ") }, { "email": secret }, { "email": secret }])),
        Just(json!([{ "sms": secret }, { "arn": secret }, { "email": secret, "sms": secret }])),
        Just(json!({ "title": { "value": secret, "default": { secret: 1 }, secret: 1 } })),
        Just(json!({ secret: secret })),
        Just(json!({ "floor": secret, "enabled": secret, "title": format!("'{secret}' +") })),
    ]
}

proptest! {
    #[test]
    fn settings_read_back_the_same(body in any_settings()) {
        let settings = accepted(&body);
        let shown = serde_json::to_value(&settings).unwrap();
        let again = source(&shown, Some(&settings)).unwrap();
        prop_assert_eq!(&again.settings, &settings);
        prop_assert!(again.new_secret.is_none());
        let stored = stored_source(&shown, settings.credentials.secret.clone()).unwrap();
        prop_assert_eq!(stored, settings);
        prop_assert!(!shown.to_string().contains("S3CR3T"));
    }

    #[test]
    fn problems_repeat_no_secret_and_no_mail_address(
        body in any_settings(),
        spoils in prop::collection::vec((any_place(), spoilt_value()), 1..6),
    ) {
        let mut body = body;
        for (pointer, value) in spoils {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            if let Some(Value::Object(fields)) = body.pointer_mut(parent) {
                fields.insert(key.to_owned(), value);
            }
        }
        if let Err(problems) = source(&body, None) {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(!problem.to_string().contains("S3CR3T"), "{problem}");
            }
        }
    }
}
