use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{AgentSettings, LoginAppSettings, SourceSettings};

fn lists(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn sixteen_levels_are_accepted_and_seventeen_are_not() {
    assert_eq!(nesting_problem(&lists(16)), None);
    assert!(nesting_problem(&lists(17)).unwrap().is_too_deep());
    let objects = |levels| "{\"a\":".repeat(levels) + "1" + &"}".repeat(levels);
    assert_eq!(nesting_problem(&objects(16)), None);
    assert!(nesting_problem(&objects(17)).is_some());
}

#[test]
fn brackets_in_texts_are_no_levels() {
    let inside = |text: &str| nesting_problem(&json!({ text: text }).to_string());
    assert_eq!(inside(&lists(40)), None);
    assert_eq!(inside(&format!("\\\"{}", "[".repeat(40))), None);
    assert_eq!(inside(&format!("\\{}", "{".repeat(40))), None);
    let behind = format!("{{\"a\\\\\": {}}}", lists(17));
    assert!(nesting_problem(&behind).is_some());
}

#[test]
fn levels_side_by_side_do_not_add_up() {
    let wide = format!("[{}1]", "[[]],".repeat(1_000));
    assert_eq!(nesting_problem(&wide), None);
}

#[test]
fn a_body_that_no_stack_could_hold_is_one_problem() {
    let endless = "[".repeat(1_000_000);
    assert!(nesting_problem(&endless).is_some());
    let named = format!("{{\"name\": {}}}", lists(17));
    for body in [&endless, &named] {
        let of_source = SourceSettings::parse_text(body, None).unwrap_err();
        let of_agent = AgentSettings::parse_text(body, None).unwrap_err();
        let of_app = LoginAppSettings::parse_text(body, None).unwrap_err();
        for problems in [of_source, of_agent, of_app] {
            assert_eq!(problems.len(), 1);
            assert!(problems[0].is_too_deep());
        }
    }
    let shallow = SourceSettings::parse_text("[]", None).unwrap_err();
    assert!(!shallow.iter().any(SettingsProblem::is_too_deep));
}

fn levels(json: &Value) -> usize {
    match json {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(levels).max().unwrap_or_default(),
        _ => 0,
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(1)),
        "[\\[\\]{}\"\\\\a]{0,6}".prop_map(Value::from)
    ];
    leaf.prop_recursive(20, 60, 2, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[{}\"\\\\]{0,3}", inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn the_levels_are_those_of_the_json(json in any_json()) {
        let text = json.to_string();
        for levels_max in 0..24 {
            prop_assert_eq!(is_deeper(&text, levels_max), levels(&json) > levels_max);
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,80}") {
        nesting_problem(&text);
    }
}
