//! `/sources`: the settings as a whole, their one commit point, and what follows it.

use crate::common::{Api, NOW, SECRET, hq, settings_json};
use org_model::{DepartmentId, ExpandedRange};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use source_admin::fakes::Part;
use source_settings::Contact;
use sync_run::RunStatus;

fn without_secret() -> Value {
    let mut body = settings_json();
    body["credentials"]
        .as_object_mut()
        .unwrap()
        .remove("secret");
    body
}

#[tokio::test]
async fn a_new_source_needs_no_precondition_and_stands_where_location_says() {
    let api = Api::new();
    let made = api.put("/sources/hq", &settings_json(), &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("location"), "/sources/hq");
    assert_eq!(made.header("etag"), "\"1\"");
    let got = api.get("/sources/hq").await;
    assert_eq!(got.status, 200);
    assert_eq!(got.header("etag"), "\"1\"");
    assert_eq!(got.json["name"], "Head office");
    assert_eq!(got.json["type"], "wecom");
    assert_eq!(got.json["schedule"]["every"], "1h");
    assert_eq!(got.json["protection"]["users"]["max_count"], 50);
    assert_eq!(got.json["state"]["updated_by"], "local");
    assert_eq!(got.json["state"]["updated_at"], NOW);
}

#[tokio::test]
async fn a_secret_never_comes_back() {
    let api = Api::with_source().await;
    let got = api.get("/sources/hq").await;
    let listed = api.get("/sources").await;
    let changed = api
        .put("/sources/hq", &settings_json(), &[("if-match", "\"1\"")])
        .await;
    assert_eq!(changed.status, 200);
    for answer in [&got, &listed, &changed] {
        assert!(!answer.text.contains(SECRET), "{}", answer.text);
        assert!(!answer.text.contains("secretsmanager"), "{}", answer.text);
    }
    assert_eq!(got.json["state"]["has_secret"], true);
    assert_eq!(listed.json["items"][0]["state"]["source"], "hq");
    assert_eq!(listed.json["next"], Value::Null);
}

#[tokio::test]
async fn changing_without_if_match_is_428_and_changes_nothing() {
    let api = Api::with_source().await;
    let refused = api.put("/sources/hq", &settings_json(), &[]).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (428, "precondition_required")
    );
    assert_eq!(api.get("/sources/hq").await.header("etag"), "\"1\"");
}

#[tokio::test]
async fn a_stale_if_match_is_412_and_stores_no_secret() {
    let api = Api::with_source().await;
    for tag in ["\"7\"", "\"nonsense\"", "W/\"1\""] {
        let refused = api
            .put("/sources/hq", &settings_json(), &[("if-match", tag)])
            .await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (412, "stale"),
            "{tag}"
        );
    }
    assert_eq!(api.world.state().secrets.len(), 1);
}

#[tokio::test]
async fn an_if_match_for_a_source_that_is_not_there_is_412() {
    let api = Api::new();
    let refused = api
        .put("/sources/hq", &settings_json(), &[("if-match", "\"1\"")])
        .await;
    assert_eq!(refused.status, 412);
    assert!(api.world.state().sources.is_empty());
}

#[tokio::test]
async fn who_loses_a_race_gets_412_and_leaves_no_secret_behind() {
    let api = Api::with_source().await;
    api.world.break_part(Part::SettingsRace);
    let refused = api
        .put("/sources/hq", &settings_json(), &[("if-match", "\"1\"")])
        .await;
    assert_eq!((refused.status.as_u16(), refused.code()), (412, "stale"));
    let named = api.settings().credentials.secret.unwrap().arn;
    let state = api.world.state();
    assert_eq!(state.secrets.keys().collect::<Vec<_>>(), [&named]);
}

#[tokio::test]
async fn a_secret_is_kept_when_a_change_does_not_give_one() {
    let api = Api::with_source().await;
    let mut body = without_secret();
    body["name"] = json!("HQ");
    let changed = api
        .put("/sources/hq", &body, &[("if-match", "\"1\"")])
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.json["name"], "HQ");
    let named = api.settings().credentials.secret.unwrap().arn;
    assert_eq!(api.world.state().secrets[&named].expose_secret(), SECRET);
}

#[tokio::test]
async fn a_replaced_secret_is_swept_after_the_settings_name_the_new_one() {
    let api = Api::with_source().await;
    let mut body = settings_json();
    body["credentials"]["secret"] = json!("another-secret-of-the-app");
    let changed = api
        .put("/sources/hq", &body, &[("if-match", "\"1\"")])
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let named = api.settings().credentials.secret.unwrap().arn;
    let state = api.world.state();
    assert_eq!(state.secrets.len(), 1);
    assert_eq!(
        state.secrets[&named].expose_secret(),
        "another-secret-of-the-app"
    );
}

#[tokio::test]
async fn a_vault_that_fails_changes_nothing() {
    let api = Api::with_source().await;
    api.world.break_part(Part::Vault);
    let refused = api
        .put("/sources/hq", &settings_json(), &[("if-match", "\"1\"")])
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (503, "secrets_unavailable")
    );
    assert_eq!(api.get("/sources/hq").await.header("etag"), "\"1\"");
}

#[tokio::test]
async fn a_write_of_unknown_outcome_keeps_the_fresh_secret_that_settings_may_name() {
    let api = Api::with_source().await;
    api.world.break_part(Part::SettingsWrite);
    let refused = api
        .put("/sources/hq", &settings_json(), &[("if-match", "\"1\"")])
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (503, "store_unavailable")
    );
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!(api.world.state().secrets.len(), 2);
}

#[tokio::test]
async fn what_fails_after_the_commit_is_told_and_repeated_by_the_same_put() {
    let api = Api::new();
    for part in [Part::Schedules, Part::Contacts] {
        api.world.break_part(part);
    }
    let made = api.put("/sources/hq", &settings_json(), &[]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        made.warnings(),
        [
            "contacts_unknown",
            "schedule_not_set",
            "contacts_not_reconciled"
        ]
    );
    assert!(api.world.state().schedules.is_empty());

    api.world.mend();
    let later = api.get("/sources/hq").await;
    assert_eq!(
        later.warnings(),
        [
            "no_confirmed_contact",
            "schedule_not_set",
            "contacts_not_reconciled"
        ],
        "whoever looks later sees it"
    );
    let again = api
        .put("/sources/hq", &without_secret(), &[("if-match", "\"1\"")])
        .await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(again.header("etag"), "\"1\"", "nothing was changed");
    assert_eq!(again.warnings(), ["no_confirmed_contact"]);
    let state = api.world.state();
    assert!(state.schedules[&hq()].enabled);
    assert!(
        state
            .subscriptions
            .contains(&(Contact::Email("it@example.com".to_owned()), hq()))
    );
}

#[tokio::test]
async fn a_secret_that_could_not_be_swept_is_told_by_its_name() {
    let api = Api::with_source().await;
    let old = api.settings().credentials.secret.unwrap().arn;
    api.world.break_part(Part::VaultRemove);
    let changed = api
        .put("/sources/hq", &settings_json(), &[("if-match", "\"1\"")])
        .await;
    assert_eq!(changed.status, 200);
    assert!(changed.warnings().contains(&"secret_not_swept"));
    assert!(changed.text.contains(&old));
}

#[tokio::test]
async fn every_problem_of_a_body_comes_in_one_answer() {
    let api = Api::new();
    let mut body = settings_json();
    body["schedule"]["every"] = json!("7m");
    body["agents"] = json!(["dc-1"]);
    body["protection"] = json!({ "users": { "floor": 51 } });
    let refused = api.put("/sources/hq", &body, &[]).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (422, "invalid"),
        "{}",
        refused.text
    );
    let found = refused.pointers();
    for pointer in ["/agents/0", "/protection/users/floor", "/schedule/every"] {
        assert!(found.contains(&pointer), "{pointer} in {found:?}");
    }
    assert!(api.world.state().sources.is_empty());
    assert!(api.world.state().secrets.is_empty());
}

#[tokio::test]
async fn a_body_that_is_not_json_is_400() {
    let api = Api::new();
    let request = axum::http::Request::put("/sources/hq")
        .header("content-type", "application/json")
        .body("{".into())
        .unwrap();
    let refused = api.send(request).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, "not_json"));
}

#[tokio::test]
async fn a_name_that_is_none_is_422() {
    let api = Api::new();
    let refused = api.put("/sources/Head_Office", &settings_json(), &[]).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "invalid"));
}

#[tokio::test]
async fn another_corp_or_server_is_409_once_there_is_a_mirror() {
    let api = Api::with_source().await;
    api.fill_mirror();
    let mut corp = settings_json();
    corp["credentials"]["corp_id"] = json!("wwfedcba9876543210");
    let mut server = settings_json();
    server["base_url"] = json!("https://wecom.example.com");
    let mut corp_without_secret = corp.clone();
    corp_without_secret["credentials"]
        .as_object_mut()
        .unwrap()
        .remove("secret");
    for body in [corp, server, corp_without_secret] {
        let refused = api
            .put("/sources/hq", &body, &[("if-match", "\"1\"")])
            .await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (409, "other_organisation")
        );
    }
    assert_eq!(api.world.state().secrets.len(), 1);
    let same = api
        .put("/sources/hq", &settings_json(), &[("if-match", "\"1\"")])
        .await;
    assert_eq!(same.status, 200);
}

#[tokio::test]
async fn another_corp_is_welcome_before_there_is_a_mirror() {
    let api = Api::with_source().await;
    let mut body = settings_json();
    body["credentials"]["corp_id"] = json!("wwfedcba9876543210");
    let changed = api
        .put("/sources/hq", &body, &[("if-match", "\"1\"")])
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
}

#[tokio::test]
async fn an_interval_that_wecoms_quota_cannot_carry_is_refused() {
    let api = Api::with_source().await;
    let departments = (1..=60_000).map(DepartmentId).collect();
    let baseline = ExpandedRange {
        departments,
        ..ExpandedRange::default()
    };
    api.world
        .state()
        .sources
        .get_mut(&hq())
        .unwrap()
        .state
        .baseline = Some(baseline);
    let mut body = settings_json();
    body["schedule"]["every"] = json!("5m");
    let refused = api
        .put("/sources/hq", &body, &[("if-match", "\"1\"")])
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (422, "invalid"),
        "{}",
        refused.text
    );
    assert_eq!(refused.pointers(), ["/schedule/every"]);
}

#[tokio::test]
async fn what_a_get_shows_can_be_put_back() {
    let api = Api::with_source().await;
    let got = api.get("/sources/hq").await;
    let back = api
        .put(
            "/sources/hq",
            &got.json,
            &[("if-match", got.header("etag"))],
        )
        .await;
    assert_eq!(back.status, 200, "{}", back.text);
    let again = api.get("/sources/hq").await;
    for part in [
        "name",
        "credentials",
        "schedule",
        "protection",
        "contacts",
        "mapping",
        "scope",
    ] {
        assert_eq!(again.json[part], got.json[part], "{part}");
    }
}

#[tokio::test]
async fn the_state_names_the_live_run_the_last_run_and_what_waits() {
    let api = Api::with_source().await;
    api.add_run("run-1", RunStatus::Succeeded);
    api.add_run("run-2", RunStatus::Running);
    api.add_run("run-3", RunStatus::Skipped);
    api.hold(3);
    let state = api.get("/sources/hq").await.json["state"].clone();
    assert_eq!(state["live_run"], "run-2");
    assert_eq!(state["last_run"]["run"], "run-2");
    assert_eq!(state["held_waiting"], 1);
    assert_eq!(
        state["contacts"],
        json!([{ "email": "it@example.com", "state": "pending" }])
    );
    assert!(state["next_run_at"].as_str().unwrap() > NOW);
    let next = state["next_runs_at"].as_array().unwrap();
    assert_eq!((next.len(), &next[0]), (5, &state["next_run_at"]));
}

#[tokio::test]
async fn a_source_without_a_confirmed_contact_is_flagged() {
    let api = Api::with_source().await;
    assert_eq!(
        api.get("/sources/hq").await.warnings(),
        ["no_confirmed_contact"]
    );
    let confirmed = Contact::Email("it@example.com".to_owned());
    api.world.state().confirmed.insert(confirmed);
    let got = api.get("/sources/hq").await;
    assert!(got.warnings().is_empty());
    assert_eq!(got.json["state"]["contacts"][0]["state"], "confirmed");
}

#[tokio::test]
async fn settings_are_shown_even_when_their_state_cannot_be_read() {
    let api = Api::with_source().await;
    api.world.break_part(Part::Queue);
    api.world.break_part(Part::Contacts);
    let got = api.get("/sources/hq").await;
    assert_eq!(got.status, 200);
    assert_eq!(got.warnings(), ["state_incomplete", "contacts_unknown"]);
    assert_eq!(got.json["state"]["contacts"][0]["state"], Value::Null);
}

#[tokio::test]
async fn an_unknown_source_is_404_everywhere() {
    let api = Api::new();
    for path in [
        "",
        "/runs",
        "/runs/r",
        "/runs/r/rows",
        "/held",
        "/users",
        "/users/u",
    ] {
        for source in ["nowhere", "NOT%20A%20NAME"] {
            let path = format!("/sources/{source}{path}");
            let refused = api.get(&path).await;
            assert_eq!(
                (refused.status.as_u16(), refused.code()),
                (404, "not_found"),
                "{path}"
            );
        }
    }
}

/// The source has people, and its stored settings are refused by now.
async fn with_unreadable(corp: &str) -> Api {
    let api = Api::with_source().await;
    api.put("/sources/branch", &settings_json(), &[]).await;
    api.fill_mirror();
    let mut state = api.world.state();
    state.unreadable.insert(hq());
    let salvaged = &mut state.sources.get_mut(&hq()).unwrap().settings;
    salvaged.credentials.corp_id = corp.to_owned();
    drop(state);
    api
}

#[tokio::test]
async fn a_source_that_cannot_be_read_is_shown_with_a_warning_and_takes_no_other_with_it() {
    let api = with_unreadable("ww0123456789abcdef").await;
    let listed = api.get("/sources").await;
    assert_eq!(listed.status, 200);
    let codes = |one: &Value| one["state"]["warnings"][0]["code"].clone();
    let found: Vec<_> = listed.json["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(codes)
        .collect();
    assert_eq!(found, ["no_confirmed_contact", "source_unreadable"]);
    let one = api.get("/sources/hq").await;
    assert_eq!(one.warnings()[0], "source_unreadable");
    assert_eq!(one.header("etag"), "\"1\"");
    api.put("/sources/branch", &settings_json(), &[("if-match", "*")])
        .await;
    let subscriptions = api.world.state().subscriptions.clone();
    assert_eq!(
        subscriptions.len(),
        2,
        "it keeps the contacts that can be read"
    );
}

#[tokio::test]
async fn a_source_that_cannot_be_read_is_put_right_by_a_put() {
    let api = with_unreadable("ww0123456789abcdef").await;
    let unbased = api.put("/sources/hq", &settings_json(), &[]).await;
    assert_eq!(unbased.code(), "precondition_required");
    let put = api
        .put("/sources/hq", &settings_json(), &[("if-match", "\"1\"")])
        .await;
    assert_eq!((put.status.as_u16(), put.header("etag")), (200, "\"2\""));
    assert_eq!(put.warnings(), ["no_confirmed_contact", "same_corp"]);
}

#[tokio::test]
async fn nobody_can_tell_the_organisation_of_a_mirror_so_no_put_may_name_one() {
    let api = with_unreadable("").await;
    let put = api
        .put("/sources/hq", &settings_json(), &[("if-match", "*")])
        .await;
    assert_eq!(
        (put.status.as_u16(), put.code()),
        (409, "other_organisation")
    );
    assert!(api.world.state().unreadable.contains(&hq()));
}
