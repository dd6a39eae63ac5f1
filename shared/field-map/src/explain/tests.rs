use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::people::{mapping, member};

fn explained(table: &str, fields: &Value, others: &Value) -> String {
    let person = member(fields);
    let filled = Mapping::filled_fields([&person, &member(others)]);
    let line = |e: FieldExplanation| {
        let attribute = e.attribute.unwrap_or_else(|| "-".to_owned());
        let failed = "the expression failed at line 1, column ";
        let message = e.message.replace(failed, "@");
        format!("{attribute}: {:?}: {message}\n", e.cause)
    };
    mapping(table)
        .explain(&person, &filled)
        .into_iter()
        .map(line)
        .collect()
}

#[test]
fn every_missing_attribute_has_one_of_the_five_causes() {
    let table = "
        boss: direct_leader
        broken: position - 1
        cost_center: extattr['成本中心']
        gender: gender
        mail: biz_mail
        nothing: \"''\"
        phone: mobile
        title: position
    "
    .replace('"', "");
    let fields = json!({
        "name": "张三", "position": "p", "biz_mail": "", "gender": "0", "mobile": "",
        "telephone": "8001", "alias": "", "extattr": { "attrs": [] },
    });
    let others = json!({ "mobile": "13800000000" });
    assert_snapshot!(explained(&table, &fields, &others), @"
    boss: OutOfRange: WeCom left direct_leader out: it lies outside what this app may see
    broken: ExpressionFailed: @10, in `-`: the values do not have the types that it takes
    cost_center: Empty: extattr['成本中心'] is not filled in for this person in WeCom
    gender: NoRight: WeCom withholds gender from this app
    mail: NoRight: WeCom withholds biz_mail from this app
    nothing: Empty: the expression gives an empty text
    phone: Empty: mobile is not filled in for this person in WeCom
    -: NotMapped: WeCom sends telephone and no attribute uses it
    ");
}

#[test]
fn an_absent_private_field_is_withheld_unless_somebody_has_it() {
    let table = "mail: email";
    let with = |others: Value| explained(table, &json!({}), &others);
    assert_snapshot!(with(json!({})), @"mail: NoRight: WeCom withholds email from this app");
    assert_snapshot!(
        with(json!({ "email": "a@example.com" })),
        @"mail: Empty: email is not filled in for this person in WeCom"
    );
}

#[test]
fn what_can_be_done_about_it_is_said() {
    let person = member(&json!({ "alias": "a" }));
    let explained = mapping("mail: email").explain(&person, &FilledFields::default());
    assert!(explained.iter().all(|e| e.remedy.is_some()));
    assert_eq!(explained.len(), 2);
}

#[test]
fn no_right_says_since_when() {
    let person = member(&json!({ "biz_mail": "", "alias": "" }));
    let explained = mapping("a: alias\nmail: biz_mail").explain(&person, &FilledFields::default());
    assert_eq!(explained[0].since, None);
    assert_eq!(explained[1].since, Some("2022-06-20T12:00:00Z"));
}

#[test]
fn a_failure_says_where_and_why_and_never_a_value() {
    let table = "
        called: alias + (position + telephone.substring(7)).trim()
        chosen: status == 7 ? name - 1 : position
        divided: 1 / enable
        looped: department.map(d, d + 'x').join(',')
        map: extattr
        placed: userid + '-' + string(int(telephone) + 1) + (alias + int(position))
        untaken: enable == 1 ? 1 / enable : name - 1
    ";
    let fields = json!({
        "name": "张三", "alias": "S3CR3T", "position": "S3CR3T", "telephone": "8001", "status": 7,
        "enable": 0, "department": [1], "extattr": [{ "name": "a", "value": "S3CR3T" }],
    });
    let shown = explained(table, &fields, &json!({}));
    assert!(!shown.contains("S3CR3T"));
    assert_snapshot!(shown, @"
    called: ExpressionFailed: @31, in `substring`: it cannot be computed from this value
    chosen: ExpressionFailed: @20, in `-`: the values do not have the types that it takes
    divided: ExpressionFailed: @3, in `/`: it divides by zero
    looped: ExpressionFailed: @15: the values do not have the types that it takes
    map: ExpressionFailed: the expression failed: its result is nothing that the directory can hold
    placed: ExpressionFailed: @54, in `int`: it cannot be computed from this value
    untaken: ExpressionFailed: @33, in `-`: the values do not have the types that it takes
    ");
}

#[test]
fn a_value_too_large_to_compute_with_fails_and_is_named() {
    let table = "a: position + '!'\nb: extattr['x'] + ''\nc: position";
    let long = "x".repeat(2_049);
    let fields = json!({
        "position": long, "extattr": { "attrs": [{ "name": "x", "value": long }] },
    });
    assert_snapshot!(explained(table, &fields, &json!({})), @"
    a: ExpressionFailed: @1: it is too large to compute with: more than 2,048 bytes, or 100 items
    b: ExpressionFailed: @1: it is too large to compute with: more than 2,048 bytes, or 100 items
    ");
}

#[test]
fn a_default_that_stands_in_is_mentioned() {
    let shown = explained("a: alias ?? \"x\"", &json!({ "alias": "" }), &json!({}));
    assert!(shown.ends_with("; the default stands in where the directory holds nothing\n"));
}

#[test]
fn what_helps_against_a_failure_depends_on_its_reason() {
    let table = "
        divided: 1 / enable
        large: position + '!'
        map: extattr
        typed: alias - 1
    ";
    let fields = json!({
        "enable": 0, "position": "x".repeat(2_049), "alias": "a",
        "extattr": [{ "name": "a", "value": "b" }],
    });
    let explained = mapping(table).explain(&member(&fields), &FilledFields::default());
    let told: Vec<_> = explained
        .iter()
        .filter_map(|one| Some((one.failed_because?, one.remedy.as_deref()?)))
        .collect();
    let reasons: Vec<_> = told.iter().map(|(reason, _)| *reason).collect();
    use crate::FailureReason::{DividedByZero, NoValue, TooLarge, WrongTypes};
    assert_eq!(reasons, [DividedByZero, TooLarge, NoValue, WrongTypes]);
    assert!(told[0].1.contains("condition ?") && told[0].1 == told[3].1);
    assert!(told[1].1.contains("this field alone"));
    assert!(told[2].1.contains("needs a key"));
}
