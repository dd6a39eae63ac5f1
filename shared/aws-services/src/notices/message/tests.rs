use sync_run::NoticeKind;

use super::*;

fn notice(text: &str, detail: Value) -> Notice {
    Notice {
        at: "2026-11-22T00:00:00Z".parse().unwrap(),
        kind: NoticeKind::Held,
        source: org_model::SourceId::new("hq"),
        run: Some(org_model::RunId::new("r-1")),
        subject: "[wecom-sync] hq: held back 400 people, 3 departments".to_owned(),
        text: text.to_owned(),
        detail,
    }
}

fn parts(notice: &Notice) -> Value {
    let message = message(notice);
    assert!(message.len() <= MESSAGE_BYTES_MAX, "{}", message.len());
    serde_json::from_str(&message).unwrap()
}

fn document(parts: &Value, protocol: &str) -> Value {
    serde_json::from_str(parts[protocol].as_str().unwrap()).unwrap()
}

#[test]
fn people_get_the_text_phones_a_line_and_machines_the_document() {
    let text = format!("400 wait\nmore{LANGUAGES_BREAK}400 人待审批删除\n更多");
    let notice = notice(&text, json!({ "count": 400 }));
    let parts = parts(&notice);
    assert_eq!(parts["default"], text);
    let line = "[wecom-sync] hq: held back 400 people, 3 departments 400 人待审批删除";
    assert_eq!(parts["sms"], line);
    for protocol in ["sqs", "lambda", "http", "https", "firehose", "application"] {
        let document = document(&parts, protocol);
        assert_eq!(document, json!(notice));
        let mut fields: Vec<&String> = document.as_object().unwrap().keys().collect();
        fields.sort();
        let told = ["at", "detail", "kind", "run", "source", "subject", "text"];
        assert_eq!(fields, told.iter().collect::<Vec<_>>());
    }
    let fields = parts.as_object().unwrap();
    assert!(
        fields.values().all(Value::is_string),
        "SNS takes strings only"
    );
}

#[test]
fn a_line_for_a_phone_is_never_longer_than_two_parts() {
    let text = format!("x{LANGUAGES_BREAK}{}", "长".repeat(300));
    let parts = parts(&notice(&text, json!({})));
    assert_eq!(
        parts["sms"].as_str().unwrap().chars().count(),
        SMS_LENGTH_MAX
    );
    let one_language = super::sms(&notice("only English", json!({})));
    assert_eq!(
        one_language,
        "[wecom-sync] hq: held back 400 people, 3 departments"
    );
}

#[test]
fn a_list_that_is_too_long_is_cut_and_the_text_stays_whole() {
    let long: Vec<String> = (0..9_000).map(|n| format!("department {n}")).collect();
    let parts = parts(&notice("whole", json!({ "count": 9_000, "places": long })));
    let document = document(&parts, "sqs");
    assert_eq!(document["text"], "whole");
    assert_eq!(document["detail"]["cut"], true);
    assert_eq!(document["detail"]["count"], 9_000);
    assert_eq!(
        document["detail"]["places"].as_array().unwrap().len(),
        LIST_LENGTH_MAX
    );
}

#[test]
fn a_text_that_is_too_long_is_cut_between_two_characters_and_every_part_stays_valid() {
    for unit in ["人", "\"\\\u{1}"] {
        for lead in ["", "a", "ab"] {
            let long = format!("{lead}{}", unit.repeat(50_000));
            let parts = parts(&notice(&long, json!({ "long": "x".repeat(100_000) })));
            let text = parts["default"].as_str().unwrap();
            assert!(text.ends_with(CUT) && text.len() > 3_000, "{}", text.len());
            let document = document(&parts, "lambda");
            assert_eq!(document["text"], text);
            assert_eq!(document["detail"], json!({ "cut": true }));
        }
    }
    assert_eq!(parts(&notice("", json!(null)))["default"], "-");
}
