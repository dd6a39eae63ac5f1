//! `POST /sources/{source}/check`: step by step, in two languages.

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::{Answer, Api};
use axum::http::Method;
use serde_json::json;
use source_admin::ports::{CheckFailure, StepName};
use source_admin::wording::worded_codes;
use sync_run::ports::Remedy;

const PATH: &str = "/sources/hq/check";

async fn check(api: &Api, languages: &str) -> Answer {
    let said = [("accept-language", languages)];
    let answer = api.call(Method::POST, PATH, &said, None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

fn untrusted() -> CheckFailure {
    CheckFailure {
        code: "untrusted_ip",
        errcode: Some(60020),
        ips: vec![[203, 0, 113, 7].into()],
        remedy: Remedy::FixWecom,
        message: String::new(),
        remedy_text: String::new(),
    }
}

#[tokio::test]
async fn every_step_passes_and_the_visible_range_is_told() {
    let api = Api::with_source().await;
    let checked = check(&api, "en").await;
    assert_eq!(
        (&checked.json["passed"], &checked.json["source"]),
        (&json!(true), &json!("hq"))
    );
    assert_eq!(checked.json["checked_at"], crate::common::NOW);
    let steps = checked.json["steps"].as_array().unwrap();
    let names: Vec<_> = steps
        .iter()
        .map(|one| one["step"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "agent",
            "tls",
            "token",
            "trusted_ip",
            "visible_range",
            "department_read",
            "member_read"
        ]
    );
    assert!(
        steps
            .iter()
            .all(|step| step["result"] == "passed" && step["code"].is_null())
    );
    assert_eq!(
        checked.json["visible_range"],
        json!({
            "whole_company": true, "departments": 12, "declared_departments": 1,
            "members": 0, "tags": 0,
        })
    );
    assert_eq!(checked.json["calls"], json!({ "agent/get": 1 }));
}

#[tokio::test]
async fn a_failed_step_has_cause_and_remedy_in_the_callers_language() {
    let api = Api::with_source().await;
    api.world.state().wecom.step_failure = Some((StepName::TrustedIp, untrusted()));
    let english = check(&api, "en").await;
    assert_eq!(english.header("content-language"), "en");
    assert_eq!(english.json["passed"], false);
    let results: Vec<_> = english.json["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["result"].clone())
        .collect();
    let told = [
        "passed",
        "passed",
        "passed",
        "failed",
        "not_reached",
        "not_reached",
        "not_reached",
    ];
    assert_eq!(results, told);
    let step = &english.json["steps"][3];
    assert_eq!(
        (&step["code"], &step["errcode"]),
        (&json!("untrusted_ip"), &json!(60020))
    );
    assert_eq!(step["ip"], "203.0.113.7");
    assert!(
        step["remedy"]
            .as_str()
            .unwrap()
            .starts_with("add 203.0.113.7")
    );
    let chinese = check(&api, "zh-CN,zh;q=0.9,en;q=0.8").await;
    assert_eq!(chinese.header("content-language"), "zh-CN");
    assert_eq!(chinese.header("vary"), "Accept-Language");
    let step = &chinese.json["steps"][3];
    let remedy = step["remedy"].as_str().unwrap();
    assert!(
        remedy.contains("企业可信IP") && remedy.contains("203.0.113.7"),
        "{remedy}"
    );
}

#[tokio::test]
async fn agents_that_failed_before_are_told_with_their_causes() {
    let api = Api::with_source().await;
    api.world.state().wecom.agents_failed = vec![("dc-1".to_owned(), untrusted())];
    let checked = check(&api, "").await;
    let failed = &checked.json["agents_failed"][0];
    assert_eq!(
        (&failed["agent"], &failed["code"]),
        (&json!("dc-1"), &json!("untrusted_ip"))
    );
    assert!(failed["cause"].as_str().unwrap().contains("203.0.113.7"));
}

#[tokio::test]
async fn what_stops_a_check_before_wecom_is_a_problem() {
    let api = Api::with_source().await;
    let unknown = api.post("/sources/nobody/check", &json!({})).await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.code()),
        (404, "not_found")
    );
    let refused = api.post(PATH, &json!({ "secret": "s3cret" })).await;
    assert_eq!(
        (refused.status.as_u16(), refused.pointers()),
        (422, vec!["/secret"])
    );
    let mut deep = json!(1);
    for _ in 0..20 {
        deep = json!([deep]);
    }
    let refused = api.post(PATH, &deep).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "too_deep"));
    api.world.break_part(source_admin::fakes::Part::SecretsRead);
    let refused = api.post(PATH, &json!({})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (503, "secrets_unavailable")
    );
    assert!(!refused.text.contains(crate::common::SECRET));
}

/// The client's codes stand where it words them: as the first text of `error(…)`, as the value of
/// a match arm in `silences.rs`, and as a field `code`.
#[test]
fn every_code_that_the_client_can_give_has_words_in_both_languages() {
    let client = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/wecom-client/src"
    ));
    let mut codes = BTreeSet::new();
    collect(client, &mut codes);
    for known in [
        "wrong_secret",
        "untrusted_ip",
        "proxy_auth_required",
        "nobody_found",
        "tls",
    ] {
        assert!(
            codes.contains(known),
            "the client's codes are found: {codes:?}"
        );
    }
    let worded: BTreeSet<String> = worded_codes().map(str::to_owned).collect();
    let missing: Vec<_> = codes.difference(&worded).collect();
    assert!(missing.is_empty(), "no words for {missing:?}");
}

fn collect(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            collect(&path, codes);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = std::fs::read_to_string(&path).unwrap();
            codes.extend(texts_after(&text, "error("));
            codes.extend(texts_after(&text, "code: "));
            if name == "silences.rs" {
                codes.extend(texts_after(&text, "=> "));
                codes.extend(texts_after(&text, "=> ("));
            }
        }
    }
}

/// Words in quotes that stand right behind `mark`.
fn texts_after(text: &str, mark: &str) -> Vec<String> {
    let behind = text.split(mark).skip(1).map(str::trim_start);
    let quoted = behind.filter_map(|rest| rest.strip_prefix('"')?.split_once('"'));
    let is_code = |word: &&str| {
        let good = |c: char| c.is_ascii_lowercase() || c == '_';
        !word.is_empty() && word.chars().all(good)
    };
    quoted
        .map(|(word, _)| word)
        .filter(is_code)
        .map(str::to_owned)
        .collect()
}
