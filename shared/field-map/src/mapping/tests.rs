use insta::assert_snapshot;
use serde_json::json;

use super::problems::problems;
use super::*;
use crate::MappingFindings;
use crate::people::{lines, mapped_alone, mapping, member};

#[test]
fn the_rules_of_the_documentation_map_a_whole_member() {
    let table = "
        email: biz_mail
        title: position
        cost_center: extattr['成本中心']
        upn: userid + '@example.com'
    ";
    let fields = json!({
        "userid": "Zhang.1", "name": "张三", "position": "工程师", "biz_mail": "zs@example.com",
        "extattr": { "attrs": [{ "type": 0, "name": "成本中心", "text": { "value": "CC-7" } }] },
    });
    assert_snapshot!(mapped_alone(table, &fields), @r#"
    cost_center = "CC-7"
    email = "zs@example.com"
    title = "工程师"
    upn = "Zhang.1@example.com"
    "#);
}

#[test]
fn values_of_every_kind_the_directory_holds_are_set() {
    let table = "
        big: order
        flag: hide_mobile
        joined: department.map(d, string(d)).join('/')
        lower: userid.lowerAscii()
        leads: 1 in is_leader_in_dept
        number: main_department + 5000000000
        ratio: 0.5
        texts: [alias, name]
    ";
    let fields = json!({
        "name": "张三", "order": [4_294_967_295_u32, 0], "hide_mobile": 0, "department": [1, 16],
        "is_leader_in_dept": [0, 1], "main_department": 16, "alias": "San",
    });
    assert_snapshot!(mapped_alone(table, &fields), @r#"
    big = [4294967295,0]
    flag = 0
    joined = "1/16"
    leads = true
    lower = "zhang.1"
    number = 5000000016
    ratio = 0.5
    texts = ["San","张三"]
    "#);
}

#[test]
fn absent_null_and_empty_are_told_apart() {
    let table = "title: position";
    let of = |fields| mapped_alone(table, &fields);
    assert_snapshot!(of(json!({})), @"title stays: absent");
    assert_snapshot!(of(json!({ "position": null })), @"title stays: absent");
    assert_snapshot!(of(json!({ "position": "" })), @"title is cleared");
    assert_snapshot!(of(json!({ "position": {} })), @"title stays: expression_failed");
    assert_snapshot!(of(json!({ "position": [[]] })), @"title stays: expression_failed");
    assert_snapshot!(of(json!({ "position": 7 })), @"title = 7");
}

#[test]
fn one_absent_field_keeps_the_value_of_the_whole_expression() {
    let of = |table, fields| mapped_alone(table, &fields);
    let both = "both: position + alias";
    assert_snapshot!(of(both, json!({ "position": "" })), @"both stays: absent");
    let either = "either: alias != '' ? alias : position";
    assert_snapshot!(of(either, json!({ "position": "p" })), @"either stays: absent");
}

#[test]
fn an_absent_custom_field_is_never_cleared() {
    let fields = json!({ "alias": "b", "extattr": { "attrs": [{ "name": "a", "value": "" }] } });
    let table = "
        bare: extattr['b']
        computed: extattr['b'] + ''
        dynamic: extattr[alias]
        empty: extattr.a
        tested: \"'b' in extattr ? extattr['b'] : ''\"
    "
    .replace('"', "");
    assert_snapshot!(mapped_alone(&table, &fields), @"
    bare stays: absent
    computed stays: absent
    dynamic stays: absent
    empty is cleared
    tested stays: absent
    ");
}

#[test]
fn a_presence_test_may_choose_another_value() {
    let table = "desk: has(extattr.desk) ? extattr.desk : telephone";
    let fields = json!({ "telephone": "8001", "extattr": { "attrs": [] } });
    assert_snapshot!(mapped_alone(table, &fields), @r#"desk = "8001""#);
}

#[test]
fn a_map_may_be_looked_up_and_never_listed() {
    let fields = json!({ "gender": "1", "alias": "a", "extattr": { "attrs": [] } });
    let table = "sex: {'1': '男', '2': '女'}[gender]\nknown: gender in {'1': 1, alias: 2}";
    assert_snapshot!(mapped_alone(table, &fields), @r#"
    known = true
    sex = "男"
    "#);
    let listed = [
        "[alias] + {'a': 1, 'b': 2}",
        "{'a': 1, 'b': 2}.map(k, k)",
        "(true ? {'a': 1} : {'b': 1})['a']",
        "extattr.filter(k, true)",
    ];
    for expression in listed {
        assert!(
            problems(&format!("a: {expression}")).contains("asked for a key"),
            "{expression}"
        );
    }
    for expression in ["[alias] + extattr", "(true ? extattr : extattr).map(k, k)"] {
        let mapped = mapped_alone(&format!("a: {expression}"), &fields);
        assert_eq!(mapped, "a stays: expression_failed\n", "{expression}");
    }
}

#[test]
fn an_empty_private_field_clears_only_if_somebody_has_it() {
    let mapping = mapping("mail: biz_mail");
    let empty = member(&json!({ "biz_mail": "" }));
    let full = member(&json!({ "biz_mail": "a@example.com" }));
    let nobody = Mapping::filled_fields([&empty]);
    let somebody = Mapping::filled_fields([&empty, &full]);
    assert_snapshot!(lines(&mapping.map(&empty, &nobody)), @"mail stays: withheld");
    assert_snapshot!(lines(&mapping.map(&empty, &somebody)), @"mail is cleared");
}

#[test]
fn the_gender_of_nobody_is_withheld_and_not_a_value() {
    let table = "
        gender: gender
        greeting: gender == '1' ? '先生' : '女士'
    ";
    assert_snapshot!(mapped_alone(table, &json!({ "gender": "0" })), @"
    gender stays: withheld
    greeting stays: withheld
    ");
    assert_snapshot!(mapped_alone(table, &json!({ "gender": "2" })), @r#"
    gender = "2"
    greeting = "女士"
    "#);
}

#[test]
fn a_value_too_large_for_the_directory_fails() {
    let fields = json!({ "position": "长".repeat(4_000) });
    let table = "title: position";
    assert_snapshot!(mapped_alone(table, &fields), @"title stays: expression_failed");
}

/// STORIES.md 14 (MaxKey#271).
#[test]
fn story_14_a_missing_attribute_never_kills_a_run() {
    let table = "
        calculated: position + '/' + string(main_department)
        cost_center: extattr['成本中心']
        email: biz_mail
        first: department[0]
        title: position
    ";
    let surprises = [
        json!(null),
        json!(""),
        json!(0),
        json!(-1.5),
        json!(true),
        json!([]),
        json!([null]),
        json!([[1]]),
        json!({}),
        json!({ "attrs": 7 }),
        json!({ "attrs": [7, null, { "name": 7 }, { "name": "成本中心", "text": 7 }] }),
    ];
    let mapping = mapping(table);
    for surprise in &surprises {
        let fields: serde_json::Map<String, Value> = crate::fields::KNOWN_FIELDS
            .into_iter()
            .map(|field| (field.to_owned(), surprise.clone()))
            .collect();
        let person = member(&Value::Object(fields));
        let filled = Mapping::filled_fields([&person]);
        let user = mapping.map(&person, &filled);
        assert_eq!(user.attributes.len(), 5, "{surprise}");
        assert_eq!(user.userid, person.userid);
        assert_eq!(user.main_department, person.main_department);
    }
}

/// STORIES.md 25, its first half.
#[test]
fn story_25_a_new_app_that_sends_empty_fields_for_everybody_wipes_nothing() {
    let table = "
        mail: biz_mail
        phone: mobile
        sms: mobile + '@sms.example.com'
        title: position
    ";
    let mapping = mapping(table);
    let empty = json!({ "mobile": "", "biz_mail": "", "gender": "0", "position": "p" });
    let everybody = vec![member(&empty); 3];
    let filled = Mapping::filled_fields(&everybody);
    let mut findings = MappingFindings::default();
    for person in &everybody {
        findings.note(&mapping.map(person, &filled));
    }
    assert_eq!(findings.withheld_from_everybody(), ["mail", "phone", "sms"]);
    assert_eq!(findings.attributes["title"].set, 3);
    assert_eq!(findings.sentences().len(), 3);
}

/// STORIES.md 25, its second half.
#[test]
fn story_25_an_expression_that_fails_for_everybody_is_told_and_wipes_nothing() {
    let mapping = mapping("desk: telephone - 1\ntitle: position");
    let everybody: Vec<_> = ["a", "b"]
        .map(|telephone| member(&json!({ "telephone": telephone, "position": "p" })))
        .into();
    let filled = Mapping::filled_fields(&everybody);
    let mut findings = MappingFindings::default();
    for person in &everybody {
        let user = mapping.map(person, &filled);
        assert_eq!(
            user.attributes["desk"],
            Intent::Keep(EXPRESSION_FAILED.to_owned())
        );
        findings.note(&user);
    }
    assert_eq!(findings.failing_for_everybody(), ["desk"]);
    assert!(findings.sentences()[0].contains("`desk` failed for everybody"));
}

#[test]
fn the_fixed_parts_come_from_the_reading_and_are_ordered() {
    let mut person = member(&json!({ "name": "other", "status": 5, "department": [99] }));
    let mut second = person.memberships.clone().unwrap();
    second[0].department = org_model::DepartmentId(1);
    person.memberships.as_mut().unwrap().extend(second);
    person.name = Some(String::new());
    let user = mapping("title: position").map(&person, &FilledFields::default());
    let memberships = user.memberships.unwrap();
    let departments: Vec<u32> = memberships.iter().map(|m| m.department.0).collect();
    assert_eq!(departments, [1, 2]);
    assert_eq!(user.name, None);
    assert_eq!(user.status, person.status);
    assert_eq!(user.main_department, person.main_department);
}

#[test]
fn departments_that_the_record_does_not_tell_are_not_told() {
    let mut person = member(&json!({ "position": "p" }));
    person.memberships = None;
    let user = mapping("title: position").map(&person, &FilledFields::default());
    assert_eq!(user.memberships, None);
    person.memberships = Some(Vec::new());
    let user = mapping("title: position").map(&person, &FilledFields::default());
    assert_eq!(user.memberships, Some(Vec::new()));
}

#[test]
fn a_mapping_may_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Mapping::default());
}

#[test]
fn a_default_goes_along_wherever_there_is_no_value() {
    let mapping = mapping("desk: telephone ?? [\"none\"]\ntitle: position ?? \"Staff\"");
    let defaults = |fields: serde_json::Value| {
        let person = member(&fields);
        let user = mapping.map(&person, &FilledFields::default());
        assert_eq!(user.attributes.len(), 2);
        serde_json::to_string(&user.defaults).unwrap()
    };
    assert_eq!(
        defaults(json!({ "telephone": "", "position": "p" })),
        r#"{"desk":["none"]}"#
    );
    assert_eq!(
        defaults(json!({ "telephone": "8001" })),
        r#"{"title":"Staff"}"#
    );
    assert_eq!(defaults(json!({ "telephone": "1", "position": 1 })), "{}");
}

#[test]
fn only_those_without_a_value_are_looked_at_again_when_a_default_changes() {
    let (old, new) = (
        mapping("title: position"),
        mapping("title: position ?? \"x\""),
    );
    let print = |mapping: &Mapping, position: &str| {
        let person = member(&json!({ "position": position }));
        mapping.map(&person, &FilledFields::default()).fingerprint()
    };
    assert_ne!(print(&old, ""), print(&new, ""));
    assert_eq!(print(&old, "p"), print(&new, "p"));
}

#[test]
fn a_rule_without_a_default_is_written_as_its_expression() {
    let rules = crate::people::rules("a: position\nb: position ?? [1, true]");
    assert_eq!(
        serde_json::to_string(&rules).unwrap(),
        r#"{"a":"position","b":{"value":"position","default":[1,true]}}"#
    );
}

#[test]
fn everybody_is_looked_at_again_when_a_rule_comes_or_goes() {
    let (one, both) = (mapping("a: alias"), mapping("a: alias\nb: position"));
    for position in [json!("p"), json!(""), json!(null), json!({})] {
        let person = member(&json!({ "alias": "a", "position": position }));
        let print = |mapping: &Mapping| mapping.map(&person, &FilledFields::default());
        assert_ne!(print(&one).fingerprint(), print(&both).fingerprint());
        assert_eq!(print(&both).fingerprint(), print(&both).fingerprint());
    }
}

#[test]
fn contact_attributes_are_those_whose_rule_reads_a_mobile_or_a_mail_somewhere() {
    let mapping = mapping(
        "
        phone: mobile
        desk: telephone
        login_mail: email != '' ? email.lowerAscii() : biz_mail
        work_mail: [biz_mail].filter(one, one != '')[0]
        upn: userid + '@example.com'
        named_alike: extattr['mobile']
        a_text: \"mobile\"
        bound: [position].map(email, email)[0]
        title: position
        ",
    );
    let contacts: Vec<String> = mapping.contact_attributes().into_iter().collect();
    assert_eq!(contacts, ["desk", "login_mail", "phone", "work_mail"]);
}

#[test]
fn a_mapping_without_mobile_or_mail_has_no_contact_attributes() {
    assert!(mapping("title: position").contact_attributes().is_empty());
    assert!(Mapping::default().contact_attributes().is_empty());
}
