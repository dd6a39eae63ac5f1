use insta::assert_snapshot;
use secrecy::ExposeSecret;
use serde_json::json;

use super::*;

fn sign_in() -> Value {
    json!({
        "name": "Sign-in", "base_url": "https://wecom.example/prefix/",
        "credentials": { "corp_id": "ww1", "agent_id": 7, "secret": "s3cr3t" },
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut body = sign_in();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[key] = value;
    body
}

fn without_secret(mut body: Value) -> Value {
    let credentials = body["credentials"].as_object_mut().unwrap();
    credentials.remove("secret");
    body
}

fn parsed(
    body: &Value,
    existing: Option<&LoginAppSettings>,
) -> Result<ParsedLoginApp, Vec<SettingsProblem>> {
    LoginAppSettings::parse_text(&body.to_string(), existing)
}

/// As it is kept: with its secret in its place.
fn stored() -> LoginAppSettings {
    let mut settings = parsed(&sign_in(), None).unwrap().settings;
    settings.credentials.secret = Some(SecretRef {
        arn: "arn:secret".to_owned(),
        version: "v1".to_owned(),
    });
    settings
}

fn refused(body: &Value, existing: Option<&LoginAppSettings>) -> String {
    let problems = parsed(body, existing).unwrap_err();
    assert!(problems.iter().all(|problem| !problem.remedy.is_empty()));
    assert!(!format!("{problems:?}").contains("s3cr3t"));
    let line = |one: &SettingsProblem| format!("{}: {}\n", one.pointer, one.message);
    problems.iter().map(line).collect()
}

#[test]
fn a_login_app_is_accepted_and_shown_without_its_secret() {
    let parsed = parsed(&sign_in(), None).unwrap();
    assert_eq!(parsed.new_secret.unwrap().0.expose_secret(), "s3cr3t");
    assert_eq!(
        serde_json::to_value(&parsed.settings).unwrap(),
        json!({
            "name": "Sign-in", "base_url": "https://wecom.example/prefix",
            "credentials": { "corp_id": "ww1", "agent_id": 7 },
        })
    );
}

#[test]
fn a_login_app_is_of_wecom_itself_unless_it_says_otherwise() {
    let body = with("/base_url", Value::Null);
    let settings = parsed(&body, None).unwrap().settings;
    assert_eq!(settings.base_url, "https://qyapi.weixin.qq.com");
}

#[test]
fn every_problem_of_a_login_app_comes_back_at_once() {
    let body = json!({
        "name": "", "base_url": "http://wecom.example", "agents": ["dc-1"], "mapping": {},
        "credentials": { "corp_id": "w w", "agent_id": 0, "secret": "s3cr3t ", "token": "s3cr3t" },
    });
    assert_snapshot!(refused(&body, None), @"
    /agents: there is no such field
    /mapping: there is no such field
    /name: a name is one line of 1 to 100 characters
    /base_url: http is permitted on loopback only: secrets travel in this URL's query
    /credentials/token: there is no such field
    /credentials/corp_id: this is not a CorpID
    /credentials/agent_id: this is not a whole number from 1 to 4294967295
    /credentials/secret: this is not a secret of WeCom: it is empty, too long or has blanks in it
    ");
    assert_snapshot!(refused(&json!({}), None), @"
    /name: this field is missing
    /credentials/corp_id: this field is missing
    /credentials/agent_id: this field is missing
    /credentials/secret: the secret is missing
    ");
}

#[test]
fn a_server_that_must_not_be_reached_is_refused() {
    for server in [
        "https://169.254.169.254",
        "https://metadata.google.internal",
        "http://wecom.example",
        "https://user@wecom.example",
        "https://wecom.example?corp=1",
        "wecom.example",
    ] {
        let problems = parsed(&with("/base_url", json!(server)), None).unwrap_err();
        let at_server = |one: &SettingsProblem| one.pointer == "/base_url";
        assert!(problems.iter().all(at_server), "{server}");
    }
    for server in ["http://127.0.0.1:8080", "https://10.0.0.7:8443/wecom"] {
        assert!(parsed(&with("/base_url", json!(server)), None).is_ok());
    }
}

#[test]
fn a_stored_secret_stays_unless_the_app_is_another() {
    let old = stored();
    let same = parsed(&without_secret(sign_in()), Some(&old)).unwrap();
    assert_eq!(same.settings, old);
    assert!(same.new_secret.is_none());
    let renamed = without_secret(with("/name", json!("Portal")));
    let renamed = parsed(&renamed, Some(&old)).unwrap();
    assert_eq!(renamed.settings.credentials, old.credentials);
    for (pointer, value) in [
        ("/base_url", json!("https://other.example")),
        ("/credentials/corp_id", json!("ww2")),
        ("/credentials/agent_id", json!(8)),
    ] {
        let body = without_secret(with(pointer, value.clone()));
        assert_eq!(
            refused(&body, Some(&old)),
            "/credentials/secret: the stored secret belongs to another server, corp or app\n"
        );
        assert!(parsed(&with(pointer, value), Some(&old)).is_ok());
    }
    let unreadable = without_secret(with("/base_url", json!("wecom.example")));
    assert_eq!(
        refused(&unreadable, Some(&old)),
        "/base_url: this is not an http or https address\n"
    );
}

#[test]
fn a_new_secret_takes_the_place_of_the_stored_one() {
    let old = stored();
    let parsed = parsed(&sign_in(), Some(&old)).unwrap();
    assert!(parsed.new_secret.is_some());
    assert_eq!(parsed.settings.credentials.secret, None);
}

#[test]
fn what_the_system_knows_is_ignored_and_what_was_stored_reads_back() {
    let body = with("/state", json!({ "version": 7 }));
    assert_eq!(
        parsed(&body, None).unwrap().settings,
        parsed(&sign_in(), None).unwrap().settings
    );
    let old = stored();
    let mut shown = serde_json::to_value(&old).unwrap();
    shown["invented_later"] = json!([1]);
    let secret = old.credentials.secret.clone();
    assert_eq!(LoginAppSettings::from_stored(&shown, secret).unwrap(), old);
    assert!(LoginAppSettings::from_stored(&json!({}), None).is_err());
}

#[test]
fn names_of_login_apps_are_those_of_sources_and_agents() {
    use crate::LoginAppId;
    assert_eq!(LoginAppId::parse("sso").unwrap().as_str(), "sso");
    for bad in ["", "-a", "SSO", "a_b", &"a".repeat(41)] {
        assert!(LoginAppId::parse(bad).is_err(), "{bad}");
    }
}
