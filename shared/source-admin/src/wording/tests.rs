use std::collections::BTreeSet;

use sync_run::ports::Remedy;

use super::*;

fn failure(code: &'static str, errcode: Option<i64>) -> CheckFailure {
    CheckFailure {
        code,
        errcode,
        ips: Vec::new(),
        remedy: Remedy::FixWecom,
        message: "as it came".to_owned(),
        remedy_text: "do as it came".to_owned(),
    }
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn every_entry_has_words_in_both_languages_and_stands_there_once() {
    let mut seen = BTreeSet::new();
    for entry in table() {
        assert!(seen.insert((entry.code, entry.errcode)), "{}", entry.code);
        for text in [entry.english.0, entry.english.1] {
            assert!(!text.is_empty() && !is_chinese(text), "{}", entry.code);
        }
        for text in [entry.chinese.0, entry.chinese.1] {
            assert!(is_chinese(text), "{}", entry.code);
        }
    }
}

#[test]
fn no_placeholder_is_ever_shown() {
    for entry in table() {
        for errcode in [None, Some(60020)] {
            for language in [Language::English, Language::Chinese] {
                let words = words(&failure(entry.code, errcode), language);
                let text = format!("{}{}", words.cause, words.remedy);
                assert!(!text.contains(['{', '}']), "{text}");
                assert!(!text.contains("()") && !text.contains("（）"), "{text}");
            }
        }
    }
}

#[test]
fn an_untrusted_address_is_named_in_both_languages() {
    let mut failure = failure("untrusted_ip", Some(60020));
    failure.ips = vec![[203, 0, 113, 7].into()];
    for language in [Language::English, Language::Chinese] {
        let told = words(&failure, language);
        assert!(told.cause.contains("203.0.113.7"), "{}", told.cause);
        assert!(told.remedy.contains("203.0.113.7"), "{}", told.remedy);
        assert!(told.cause.contains("60020"), "{}", told.cause);
    }
}

#[test]
fn what_the_issue_asks_to_be_said_is_said() {
    let english = |code, errcode| words(&failure(code, Some(errcode)), Language::English);
    assert!(english("wrong_secret", 40001).cause.contains("`secret`"));
    assert!(english("unknown_corp", 40013).cause.contains("`corp_id`"));
    let apps = english("wrong_agent_id", 301_002).cause;
    assert!(apps.contains("different apps"), "{apps}");
    assert!(english("no_right", 48009).cause.contains("contact sync"));
    assert!(!english("no_right", 48002).cause.contains("contact sync"));
    assert!(english("app_disabled", 50003).cause.contains("disabled"));
}

#[test]
fn a_code_without_words_keeps_the_sentences_it_came_with() {
    let told = words(&failure("brand_new", None), Language::Chinese);
    assert_eq!(
        (told.cause.as_str(), told.remedy.as_str()),
        ("as it came", "do as it came")
    );
}

#[test]
fn every_address_of_several_untrusted_agents_is_named() {
    let mut failure = failure("untrusted_ip", Some(60020));
    failure.ips = vec![[203, 0, 113, 7].into(), [198, 51, 100, 9].into()];
    for language in [Language::English, Language::Chinese] {
        let remedy = words(&failure, language).remedy;
        assert!(remedy.contains("203.0.113.7"), "{remedy}");
        assert!(remedy.contains("198.51.100.9"), "{remedy}");
    }
}

#[test]
fn a_missing_value_is_explained_as_fully_in_chinese_as_in_english() {
    let fields = serde_json::json!({ "enable": 0, "position": "x".repeat(2_049) });
    let member = org_model::RawMember {
        userid: org_model::UserId::new("Zhang.1"),
        name: None,
        memberships: None,
        listed_in: None,
        main_department: None,
        status: None,
        direct_leaders: None,
        fields: fields.to_string().into(),
    };
    let rules = [
        ("divided", "1 / enable"),
        ("large", "position + '!'"),
        ("title", "alias"),
    ];
    let mut table: std::collections::BTreeMap<_, field_map::MappingRule> = rules
        .into_iter()
        .map(|(name, rule)| (name.to_owned(), rule.into()))
        .collect();
    table.get_mut("divided").unwrap().default = Some("-".into());
    let mapping = field_map::Mapping::compile(&table).unwrap();
    let missing = mapping.explain(&member, &field_map::FilledFields::default());
    let told: Vec<Words> = missing
        .iter()
        .map(|one| missing_words(one, Language::Chinese))
        .collect();
    assert_eq!(
        told[0].cause,
        "表达式在第 1 行第 3 列出错：除数为零；目录中没有值时使用默认值"
    );
    assert!(told[0].remedy.contains("条件"));
    assert!(told[1].cause.contains("2,048"), "{}", told[1].cause);
    assert!(told[1].remedy.contains("这一个字段"));
}
