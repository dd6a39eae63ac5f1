use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::people::{mapping, member};

fn explained(table: &str, fields: &Value, others: &Value) -> String {
    let person = member(fields);
    let filled = Mapping::filled_fields([&person, &member(others)]);
    let line = |e: FieldExplanation| {
        let attribute = e.attribute.unwrap_or_else(|| "-".to_owned());
        format!("{attribute}: {:?}: {}\n", e.cause, e.message)
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
    broken: ExpressionFailed: the expression gives no value that the directory can hold
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
