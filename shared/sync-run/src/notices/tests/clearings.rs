//! One notice for all attributes that a run kept instead of emptying them.

use super::*;

fn told(rules: &[TrippedRule]) -> Notice {
    let (source, run) = (hq(), RunId::new("r-7"));
    let rules: Vec<&TrippedRule> = rules.iter().collect();
    clearings(&about(&source, &run), &rules)
}

fn cause(rules: &[TrippedRule]) -> String {
    let rules: Vec<&TrippedRule> = rules.iter().collect();
    clearings_cause(&rules)
}

#[test]
fn one_attribute_is_told_by_name() {
    let notice = told(&cleared(1));
    assert_eq!(
        notice.subject,
        "[wecom-sync] hq: kept field_00 of 400 people instead of emptying it"
    );
    let (english, _) = notice.text.split_once(LANGUAGES_BREAK).unwrap();
    insta::assert_snapshot!(folded(english), @r#"
    Kept, not emptied: field_00 of 400 people of source hq (Head office). Everything else
    > of the run is not held back.

    Why: field_00 would be emptied for 400 of 2000 people (20.0 %), more than max_percent
    > 10, which is 200.
    Either WeCom shows it empty, or the mapping no longer names this attribute.

    If that is right:
    - ask for a plan and look at its rows:
      POST /sources/hq/runs {"mode":"plan"}
    - apply that plan by its fingerprint:
      POST /sources/hq/runs {"mode":"apply","plan":"<fingerprint>"}
    "#);
}

#[test]
fn many_attributes_are_one_notice_that_names_the_largest_and_counts_the_rest() {
    let notice = told(&cleared(57));
    assert_eq!(
        notice.subject,
        "[wecom-sync] hq: kept 57 attributes of people instead of emptying them"
    );
    let (english, chinese) = notice.text.split_once(LANGUAGES_BREAK).unwrap();
    insta::assert_snapshot!(folded(english), @r#"
    Kept, not emptied: 57 attributes of people of source hq (Head office). Everything else
    > of the run is not held back.

    Why:
    - field_56 would be emptied for 456 of 2000 people (22.8 %), more than max_percent 10,
    > which is 200
    - field_55 would be emptied for 455 of 2000 people (22.7 %), more than max_percent 10,
    > which is 200
    - field_54 would be emptied for 454 of 2000 people (22.7 %), more than max_percent 10,
    > which is 200
    - field_53 would be emptied for 453 of 2000 people (22.6 %), more than max_percent 10,
    > which is 200
    - field_52 would be emptied for 452 of 2000 people (22.6 %), more than max_percent 10,
    > which is 200
    - field_51 would be emptied for 451 of 2000 people (22.5 %), more than max_percent 10,
    > which is 200
    - field_50 would be emptied for 450 of 2000 people (22.5 %), more than max_percent 10,
    > which is 200
    - field_49 would be emptied for 449 of 2000 people (22.4 %), more than max_percent 10,
    > which is 200
    - field_48 would be emptied for 448 of 2000 people (22.4 %), more than max_percent 10,
    > which is 200
    - field_47 would be emptied for 447 of 2000 people (22.3 %), more than max_percent 10,
    > which is 200
    - and 47 more: the rows of this run name all of them

    Either WeCom shows them empty, or the mapping no longer names these attributes.

    If that is right:
    - ask for a plan and look at its rows:
      POST /sources/hq/runs {"mode":"plan"}
    - apply that plan by its fingerprint:
      POST /sources/hq/runs {"mode":"apply","plan":"<fingerprint>"}
    "#);
    insta::assert_snapshot!(folded(chinese), @r#"
    保留原值，未清空：数据源 hq（Head office）中人员的 57 个属性。本次运行的其余变更不受影响。

    原因：
    - field_56 将被清空：共 2000 人中的 456 人（22.8 %），超过比例上限 max_percent 10，即 200 人
    - field_55 将被清空：共 2000 人中的 455 人（22.7 %），超过比例上限 max_percent 10，即 200 人
    - field_54 将被清空：共 2000 人中的 454 人（22.7 %），超过比例上限 max_percent 10，即 200 人
    - field_53 将被清空：共 2000 人中的 453 人（22.6 %），超过比例上限 max_percent 10，即 200 人
    - field_52 将被清空：共 2000 人中的 452 人（22.6 %），超过比例上限 max_percent 10，即 200 人
    - field_51 将被清空：共 2000 人中的 451 人（22.5 %），超过比例上限 max_percent 10，即 200 人
    - field_50 将被清空：共 2000 人中的 450 人（22.5 %），超过比例上限 max_percent 10，即 200 人
    - field_49 将被清空：共 2000 人中的 449 人（22.4 %），超过比例上限 max_percent 10，即 200 人
    - field_48 将被清空：共 2000 人中的 448 人（22.4 %），超过比例上限 max_percent 10，即 200 人
    - field_47 将被清空：共 2000 人中的 447 人（22.3 %），超过比例上限 max_percent 10，即 200 人
    - 另有 47 个属性：本次运行的明细行列出了全部

    可能是企业微信中这些字段为空，也可能是字段映射不再包含这些属性。

    如果确实应当清空：
    - 先生成计划并查看明细：
      POST /sources/hq/runs {"mode":"plan"}
    - 再按指纹应用该计划：
      POST /sources/hq/runs {"mode":"apply","plan":"<fingerprint>"}
    "#);
}

#[test]
fn every_attribute_stands_in_the_detail_with_its_numbers() {
    let notice = told(&cleared(57));
    let attributes = notice.detail["attributes"].as_array().unwrap();
    assert_eq!(attributes.len(), 57);
    for (number, attribute) in attributes.iter().enumerate() {
        assert_eq!(attribute["attribute"], format!("field_{number:02}"));
        assert_eq!(attribute["kept"], 400 + number);
        assert_eq!(attribute["rule"]["base"], 2_000);
        assert_eq!(attribute["rule"]["value"], 10);
    }
}

#[test]
fn the_same_attributes_are_one_cause_and_others_another() {
    let mut some = cleared(3);
    assert_eq!(cause(&some[..1]), "clearing:field_00");
    let was = cause(&some);
    assert!(was.starts_with("clearing:") && was.len() < 90, "{was}");
    assert_ne!(was, cause(&some[..2]));
    assert_ne!(was, cause(&cleared(4)));
    // In another order, and of more people, it is the same.
    some.reverse();
    some[0].deletions += 1;
    assert_eq!(cause(&some), was);
}
