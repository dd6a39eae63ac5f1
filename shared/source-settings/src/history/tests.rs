use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::parse::laws::any_settings;
use crate::parse::tests::{accepted, documented, with};

fn lines(changes: &[SettingsChange]) -> String {
    let value = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
    let line = |one: &SettingsChange| {
        let (before, after) = (value(&one.before), value(&one.after));
        format!("{}: {before} -> {after}\n", one.pointer)
    };
    changes.iter().map(line).collect()
}

#[test]
fn a_change_is_told_value_by_value() {
    let old = accepted(&documented());
    let body = with(documented(), "/schedule/every", json!("2h"));
    let body = with(body, "/protection/users/floor", json!(3));
    let body = with(body, "/agents", json!(["dc-2"]));
    let body = with(
        body,
        "/mapping",
        json!({ "email": "email", "title": { "value": "position", "default": "Staff" },
                "a": { "value": "alias", "default": 1 }, "upn": "userid + '@example.com'" }),
    );
    let new = accepted(&body);
    assert_snapshot!(lines(&settings_changes(Some(&old), &new, false)), @r#"
    /agents: ["dc-1","dc-2"] -> ["dc-2"]
    /mapping/a/default: - -> 1
    /mapping/a/value: - -> "alias"
    /mapping/cost_center: "extattr['成本中心']" -> -
    /mapping/email: "biz_mail" -> "email"
    /mapping/title: "position" -> {"default":"Staff","value":"position"}
    /protection/users/floor: 5 -> 3
    /schedule/every: "1h" -> "2h"
    "#);
}

#[test]
fn a_new_source_is_told_whole_and_its_secret_by_a_word() {
    let new = accepted(&documented());
    let changes = lines(&settings_changes(None, &new, true));
    assert!(changes.contains("/credentials/secret: - -> \"(stored)\"\n"));
    assert!(changes.contains("/credentials/corp_id: - -> \"ww0123456789abcdef\"\n"));
    assert!(changes.contains("/schedule/timezone: - -> \"Asia/Shanghai\"\n"));
    assert!(!changes.contains("s3cr3t") && !changes.contains("arn:secret"));
}

#[test]
fn a_secret_that_changes_is_told_by_a_word() {
    let settings = accepted(&documented());
    assert_snapshot!(
        lines(&settings_changes(Some(&settings), &settings, true)),
        @r#"/credentials/secret: "(stored)" -> "(changed)""#
    );
}

#[test]
fn another_place_of_the_same_secret_is_no_change() {
    let old = accepted(&documented());
    let mut new = old.clone();
    new.credentials.secret.as_mut().unwrap().version = "v2".to_owned();
    assert!(settings_changes(Some(&old), &new, false).is_empty());
}

#[test]
fn long_texts_and_lists_are_cut() {
    let old = accepted(&documented());
    let long = format!("'{}'", "长".repeat(900));
    let body = with(documented(), "/mapping/title", json!(long));
    let ids: Vec<u32> = (2..=1_001).collect();
    let new = accepted(&with(body, "/scope/include_departments", json!(ids)));
    let changes = settings_changes(Some(&old), &new, false);
    let title = changes[0].after.as_ref().unwrap().as_str().unwrap();
    assert_eq!(title.chars().count(), 161);
    assert!(title.ends_with("长…"));
    let departments = changes[1].after.as_ref().unwrap().as_array().unwrap();
    assert_eq!(departments.len(), 101);
    assert_eq!(departments[100], json!("and 900 more…"));
}

#[test]
fn the_largest_change_fits_one_item() {
    let body = |prefix: &str| {
        let long = format!("'{}'", "长".repeat(200));
        let rule = json!({ "value": long, "default": "长".repeat(320) });
        let name = |n| format!("{prefix}_{n:060}");
        let rules: serde_json::Map<String, Value> =
            (0..100).map(|n| (name(n), rule.clone())).collect();
        with(documented(), "/mapping", Value::Object(rules))
    };
    let (old, new) = (accepted(&body("a")), accepted(&body("b")));
    let changes = settings_changes(Some(&old), &new, true);
    assert_eq!(changes.len(), 401);
    let size = serde_json::to_string(&changes).unwrap().len();
    assert!(size < 300_000, "{size}");
}

/// `before` with the changes made in it.
fn changed(before: &Value, changes: &[SettingsChange]) -> Value {
    let mut json = before.clone();
    for change in changes.iter().filter(|one| one.pointer != SECRET_AT) {
        let mut at = &mut json;
        let steps: Vec<String> = change.pointer[1..].split('/').map(str::to_owned).collect();
        let (last, way) = steps.split_last().unwrap();
        for step in way {
            let fields = at.as_object_mut().unwrap();
            at = fields.entry(step).or_insert_with(|| json!({}));
        }
        let fields = at.as_object_mut().unwrap();
        match &change.after {
            Some(after) => fields.insert(last.clone(), after.clone()),
            None => fields.remove(last),
        };
    }
    json
}

/// A rule with a default goes field by field and leaves its braces.
fn without_empty_rules(mut json: Value) -> Value {
    let rules = json["mapping"].as_object_mut().unwrap();
    rules.retain(|_, rule| rule.as_object().is_none_or(|rule| !rule.is_empty()));
    json
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn equal_settings_give_no_change(body in any_settings()) {
        let settings = accepted(&body);
        prop_assert!(settings_changes(Some(&settings), &settings, false).is_empty());
    }

    #[test]
    fn the_changes_lead_from_the_old_settings_to_the_new(
        old in any_settings(),
        new in any_settings(),
    ) {
        let (old, new) = (accepted(&old), accepted(&new));
        let changes = settings_changes(Some(&old), &new, true);
        let made = without_empty_rules(changed(&shown(&old), &changes));
        prop_assert_eq!(made, shown(&new));
        for change in &changes {
            prop_assert!(change.before != change.after);
            prop_assert!(!change.pointer.is_empty());
        }
        prop_assert!(changes.windows(2).all(|pair| pair[0].pointer < pair[1].pointer));
    }
}
