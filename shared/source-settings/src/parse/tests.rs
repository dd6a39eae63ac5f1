use insta::assert_snapshot;
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::AgentId;

/// The example of DESIGN.md §6.
pub(crate) fn documented() -> Value {
    json!({
        "name": "Head office", "type": "wecom", "base_url": "https://qyapi.weixin.qq.com",
        "credentials": { "corp_id": "ww0123456789abcdef", "agent_id": 1_000_002,
                         "secret": "s3cr3t" },
        "agents": ["dc-1", "dc-2"], "deletions": "protected",
        "scope": { "include_departments": [], "exclude_departments": [] },
        "mapping": {
            "email": "biz_mail", "title": "position", "cost_center": "extattr['成本中心']",
            "upn": "userid + '@example.com'",
        },
        "schedule": {
            "enabled": true, "start_at": "00:00", "every": "1h", "timezone": "Asia/Shanghai",
        },
        "protection": {
            "users": { "floor": 5, "max_count": 50, "max_percent": 10 },
            "departments": { "floor": 2, "max_count": 20, "max_percent": 10 },
        },
        "contacts": [{ "email": "it@example.com" }],
        "retention_days": { "deleted": 30, "logs": 180 },
    })
}

/// The least that makes a source.
fn smallest() -> Value {
    json!({ "name": "hq", "credentials": { "corp_id": "ww1", "agent_id": 1, "secret": "s" } })
}

/// A body with one field, by pointer, set to something else.
pub(crate) fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[key] = value;
    body
}

pub(crate) fn accepted(body: &Value) -> SourceSettings {
    let mut settings = source(body, None).unwrap().settings;
    settings.credentials.secret = Some(SecretRef {
        arn: "arn:secret".to_owned(),
        version: "v1".to_owned(),
    });
    settings
}

fn refused(body: &Value) -> String {
    refused_over(body, None)
}

fn refused_over(body: &Value, existing: Option<&SourceSettings>) -> String {
    let problems = source(body, existing).unwrap_err();
    assert!(problems.iter().all(|problem| !problem.remedy.is_empty()));
    problems
        .iter()
        .map(|problem| {
            // The reasons of bounds have a test of their own.
            let message = problem.message.split(": a rule").next().unwrap();
            let message = message.split(": up to").next().unwrap();
            format!("{}: {message}\n", problem.pointer)
        })
        .collect()
}

#[test]
fn the_documented_settings_are_accepted_and_shown_without_their_secret() {
    let parsed = source(&documented(), None).unwrap();
    assert_eq!(parsed.new_secret.unwrap().0.expose_secret(), "s3cr3t");
    let mut expected = documented();
    expected["credentials"]
        .as_object_mut()
        .unwrap()
        .remove("secret");
    assert_eq!(serde_json::to_value(&parsed.settings).unwrap(), expected);
}

#[test]
fn what_is_left_out_has_the_documented_defaults() {
    let mut expected = documented();
    expected["name"] = json!("hq");
    expected["credentials"] = json!({ "corp_id": "ww1", "agent_id": 1 });
    expected["agents"] = json!([]);
    expected["mapping"] = json!({});
    expected["contacts"] = json!([]);
    let settings = accepted(&smallest());
    assert_eq!(serde_json::to_value(&settings).unwrap(), expected);
}

/// A body in which everything is wrong.
fn spoilt() -> Value {
    json!({
        "name": " ", "type": "dingtalk", "base_url": "http://wecom.example/?x=1", "colour": "red",
        "credentials": { "corp_id": "w w", "agent_id": "1000002", "secret": "a b" },
        "agents": ["dc-1", "DC 2", "dc-1"], "deletions": "off",
        "scope": { "include_departments": [2, 3, "4"], "exclude_departments": [3, 1, 0] },
        "mapping": {
            "title": "position +", "login": "userid", "a/b": "alias", "n": 7,
            "o": { "value": "position +", "default": {} }, "p": { "default": "x", "q": 1 },
            "status": { "value": "alias" },
        },
        "schedule": { "enabled": "yes", "start_at": "24:00", "every": "7m", "timezone": "Mars" },
        "protection": { "users": { "floor": 51, "max_count": 1001, "max_percent": 51 }, "x": {} },
        "contacts": [{ "email": "nobody" }, { "phone": "1" }, "it@example.com",
                     { "email": "it@example.com" }, { "email": "IT@example.com" },
                     { "email": "a@example.com", "sms": "+8613800000000" }, { "sms": "138" },
                     { "arn": "arn:aws:sns:eu-west-1:123456789012:topic" },
                     { "sms": "+8613800000000" }, { "sms": "+8613800000000" }],
        "retention_days": { "deleted": 0, "logs": -1 },
    })
}

#[test]
fn every_problem_of_a_body_comes_back_at_once() {
    assert_snapshot!(refused(&spoilt()), @"
    /colour: there is no such field
    /name: a name is one line of 1 to 100 characters
    /type: there is no such type of source
    /base_url: this address has a query or a fragment
    /base_url: http is permitted on loopback only: secrets travel in this URL's query
    /credentials/corp_id: this is not a CorpID
    /credentials/agent_id: this is not a whole number from 1 to 4294967295
    /credentials/secret: this is not a secret of WeCom: it is empty, too long or has blanks in it
    /agents/1: this is not the name of an agent
    /agents/2: this agent stands here twice
    /deletions: this is neither protected nor paused
    /scope/include_departments/2: this is not the id of a department
    /scope/exclude_departments/2: this is not the id of a department
    /scope/exclude_departments: a department is both included and excluded
    /scope/exclude_departments: without department 1, the company itself, nothing would be read
    /mapping/n: an expression is a text
    /mapping/p/q: there is no such field
    /mapping/p/value: this field is missing
    /mapping/a~1b: this is not the name of an attribute
    /mapping/login: this name belongs to a fixed part of every person and cannot be mapped
    /mapping/o/value: the expression cannot be read at line 1, column 11
    /mapping/o/default: this cannot be a value of the directory
    /mapping/status: this name belongs to a fixed part of every person and cannot be mapped
    /mapping/title: the expression cannot be read at line 1, column 11
    /schedule/enabled: this is neither true nor false
    /schedule/start_at: a time of day is written HH:MM, from 00:00 to 23:59
    /schedule/every: an interval is 5m, 10m, 15m, 20m, 30m, or 1h, 2h and so on to 24h
    /schedule/timezone: there is no such time zone
    /protection/x: there is no such field
    /protection/users/floor: this is not a whole number from 0 to 50
    /protection/users/max_count: this is not a whole number from 0 to 1000
    /protection/users/max_percent: this is not a whole number from 0 to 50
    /contacts/0/email: this is not a mail address
    /contacts/1/phone: there is no such field
    /contacts/1: a contact is exactly one of email, sms and arn
    /contacts/2: this is not a JSON object
    /contacts/2: a contact is exactly one of email, sms and arn
    /contacts/4: this contact stands here twice
    /contacts/5: a contact is exactly one of email, sms and arn
    /contacts/6/sms: this is not a telephone number in E.164 form
    /contacts/7/arn: a topic or platform application cannot subscribe to a topic
    /contacts/9: this contact stands here twice
    /retention_days/deleted: this is not a whole number from 1 to 3650
    /retention_days/logs: this is not a whole number from 1 to 3650
    ");
}

#[test]
fn a_body_of_another_type_is_a_problem_and_no_panic() {
    assert_snapshot!(refused(&json!([])), @"
    : this is not a JSON object
    /name: this field is missing
    /credentials/corp_id: this field is missing
    /credentials/agent_id: this field is missing
    /credentials/secret: the secret is missing
    ");
    let problems = source_text("{\"name\": s3cr3t", None).unwrap_err();
    assert_eq!(
        problems[0].message,
        "the body is not JSON: line 1, column 10"
    );
}

#[test]
fn what_the_system_knows_stands_under_state_and_is_ignored() {
    let body = with(documented(), "/state", json!({ "anything": [1] }));
    assert_eq!(accepted(&body), accepted(&documented()));
}

#[test]
fn a_bound_of_protection_says_what_a_rule_beyond_it_would_be() {
    let limits = json!({ "floor": 51, "max_count": 1_001, "max_percent": 51 });
    let body = with(documented(), "/protection/users", limits);
    let problems = source(&body, None).unwrap_err();
    assert!(
        problems[0]
            .message
            .contains("to 50: up to the floor nothing trips")
    );
    assert!(
        problems[1]
            .message
            .contains("to 1000: a rule that lets more go at once trips when")
    );
    assert!(
        problems[2]
            .message
            .contains("to 50: a rule that lets more than half go trips when")
    );
}

#[test]
fn the_bounds_of_protection_are_inclusive() {
    let limits = json!({ "floor": 50, "max_count": 1000, "max_percent": 50 });
    let body = with(documented(), "/protection/users", limits);
    let settings = accepted(&body);
    assert_eq!(settings.protection_rules().users.max_count, 1_000);
    assert_eq!(settings.absence_budget().users, 1_001);
    assert_eq!(settings.absence_budget().departments, 21);
    let zero = json!({ "floor": 0, "max_count": 0, "max_percent": 0 });
    accepted(&with(documented(), "/protection/users", zero));
}

#[test]
fn deletions_can_be_paused_and_never_switched_off() {
    let paused = accepted(&with(documented(), "/deletions", json!("paused")));
    assert!(paused.protection_rules().paused);
    assert!(!accepted(&documented()).protection_rules().paused);
    assert_snapshot!(
        refused(&with(documented(), "/deletions", json!(false))),
        @"/deletions: this is not a text"
    );
}

#[test]
fn a_server_may_have_a_path_prefix_and_never_be_a_metadata_service() {
    let server = |url: &str| source(&with(documented(), "/base_url", json!(url)), None);
    let good = |url: &str| server(url).unwrap().settings.base_url;
    assert_eq!(
        good("https://wecom.example/prefix/"),
        "https://wecom.example/prefix"
    );
    assert_eq!(good("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
    assert_eq!(good("http://[::1]:8080/"), "http://[::1]:8080");
    assert_eq!(good("https://10.0.0.7"), "https://10.0.0.7");
    let bad = [
        "http://wecom.example",
        "https://user@wecom.example",
        "https://:word@wecom.example",
        "https://wecom.example?a",
        "https://wecom.example#a",
        "https://169.254.169.254",
        "https://[::ffff:169.254.169.254]",
        "https://wecom.example:0",
        "ftp://wecom.example",
        "wecom.example",
        "",
    ];
    for url in bad {
        let problems = server(url).unwrap_err();
        assert!(
            problems
                .iter()
                .all(|problem| problem.pointer == "/base_url"),
            "{url}"
        );
    }
}

#[test]
fn a_stored_secret_stays_unless_the_app_changes() {
    let old = accepted(&documented());
    let mut shown = serde_json::to_value(&old).unwrap();
    let same = source(&shown, Some(&old)).unwrap();
    assert_eq!(same.settings, old);
    assert!(same.new_secret.is_none());
    for (pointer, value) in [
        ("/credentials/corp_id", json!("ww2")),
        ("/credentials/agent_id", json!(7)),
        ("/base_url", json!("https://wecom.example")),
    ] {
        let changed = with(shown.clone(), pointer, value);
        let problem = refused_over(&changed, Some(&old));
        assert_eq!(
            problem,
            "/credentials/secret: the stored secret belongs to another server, corp or app\n"
        );
    }
    shown["credentials"]["secret"] = json!("n3w");
    let replaced = source(&shown, Some(&old)).unwrap();
    assert!(replaced.new_secret.is_some());
    assert_eq!(replaced.settings.credentials.secret, None);
}

/// STORIES.md 23: what a caller asks before another organisation overwrites a mirror.
#[test]
fn story_23_another_corp_server_or_app_is_noticed() {
    let old = accepted(&documented());
    let changed = |pointer: &str, value: Value| accepted(&with(documented(), pointer, value));
    let corp = changed("/credentials/corp_id", json!("ww2"));
    let server = changed("/base_url", json!("https://wecom.example"));
    let app = changed("/credentials/agent_id", json!(7));
    let name = changed("/name", json!("Branch"));
    let noticed =
        |new: &SourceSettings| (new.corp_or_server_changed(&old), new.agent_changed(&old));
    assert_eq!(noticed(&corp), (true, false));
    assert_eq!(noticed(&server), (true, false));
    assert_eq!(noticed(&app), (false, true));
    assert_eq!(noticed(&name), (false, false));
    let slash = changed("/base_url", json!("https://QYAPI.weixin.qq.com:443/"));
    assert_eq!(noticed(&slash), (false, false));
}

#[test]
fn names_of_sources_and_agents_are_short_and_plain() {
    for good in ["hq", "0", "dc-1", &"a".repeat(40)] {
        assert!(crate::parse_source_id(good).is_ok(), "{good}");
        assert!(AgentId::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "-a",
        "A",
        "a_b",
        "a/b",
        "a b",
        "é",
        "a\n",
        &"a".repeat(41),
    ] {
        assert!(crate::parse_source_id(bad).is_err(), "{bad}");
        assert!(AgentId::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn fields_of_a_later_release_do_not_make_stored_settings_unreadable() {
    let settings = accepted(&documented());
    let shown = serde_json::to_value(&settings).unwrap();
    for parent in [
        "",
        "/credentials",
        "/schedule",
        "/protection/users",
        "/contacts/0",
    ] {
        let later = with(
            shown.clone(),
            &format!("{parent}/invented_later"),
            json!([1]),
        );
        assert!(source(&later, Some(&settings)).is_err(), "a body is judged");
        let secret = settings.credentials.secret.clone();
        assert_eq!(stored_source(&later, secret).unwrap(), settings);
    }
}

#[test]
fn settings_that_are_refused_by_now_are_salvaged_as_far_as_they_can_be_read() {
    let mut settings = accepted(&documented());
    let shown = serde_json::to_value(&settings).unwrap();
    let tighter = with(shown, "/schedule/every", json!("7m"));
    let tighter = with(tighter, "/base_url", json!("http://wecom.example"));
    let secret = settings.credentials.secret.clone();
    assert!(stored_source(&tighter, secret.clone()).is_err());
    settings.base_url = "http://wecom.example".to_owned();
    assert_eq!(SourceSettings::salvaged(&tighter, secret), settings);

    let nothing = SourceSettings::salvaged(&Value::Null, None);
    assert_eq!(nothing.base_url, "", "unknown, so equal to no server");
    assert_eq!(nothing.credentials.corp_id, "");
    assert!(nothing.corp_or_server_changed(&settings));
}
