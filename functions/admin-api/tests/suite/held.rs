//! `/sources/{source}/held`: a person's decision about deletions.

use crate::common::{Api, NOW};
use axum::http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use source_admin::fakes::Part;
use sync_run::{HeldState, RunStatus, Trigger};

#[tokio::test]
async fn a_held_list_has_the_shape_of_the_contract() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(400);
    let listed = api.get("/sources/hq/held").await.json;
    assert_eq!(listed["next"], Value::Null);
    let list = &listed["items"][0];
    assert_eq!(list["fingerprint"], fingerprint.to_string());
    assert_eq!(list["count"], 400);
    assert_eq!(list["state"], "waiting");
    assert_eq!(list["held_at"], NOW);
    assert_eq!(list["expires_at"], "2026-11-25T08:00:00Z");
    let rule = json!({ "kind": "users", "limit": "max_count", "window": "run", "value": 50,
        "deletions": 400, "base": 2000 });
    assert_eq!(list["rules"], json!([rule]));
}

#[tokio::test]
async fn held_items_come_by_page() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(3);
    let path = format!("/sources/hq/held/{fingerprint}/items?limit=2");
    let page = api.get(&path).await.json;
    let item = json!({ "kind": "user", "id": "Zhang.0", "internal_id": "internal-0",
        "name": "张0", "action": "delete", "departments": [1] });
    assert_eq!(page["items"][0], item);
    let rest = format!("{path}&cursor={}", page["next"].as_str().unwrap());
    let rest = api.get(&rest).await.json;
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn approving_exactly_this_list_is_one_call() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(400);
    let path = format!("/sources/hq/held/{fingerprint}/approve");
    let approved = api.call(Method::POST, &path, &[], None).await;
    assert_eq!(approved.status, 200, "{}", approved.text);
    assert_eq!(approved.json["state"], "approved");
    assert_eq!(approved.json["decided_by"], "local");
    assert_eq!(approved.json["approval_run"]["trigger"], "approval");
    assert!(approved.warnings().is_empty());
    let state = api.world.state();
    assert_eq!(state.held[0].decided_by.as_deref(), Some("local"));
    assert_eq!(state.started[0].2, Trigger::Approval);
}

#[tokio::test]
async fn approving_again_changes_nothing() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(4);
    let path = format!("/sources/hq/held/{fingerprint}/approve");
    let first = api.post(&path, &json!({})).await;
    api.pass(SignedDuration::from_mins(5));
    let again = api.post(&path, &json!({})).await;
    assert_eq!(first.json, again.json);
    assert_eq!(api.world.state().runs.len(), 1);
}

#[tokio::test]
async fn approving_again_after_its_run_ended_without_applying_it_starts_another() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(4);
    let path = format!("/sources/hq/held/{fingerprint}/approve");
    for runs in 1..=3 {
        let approved = api.post(&path, &json!({})).await;
        assert_eq!(approved.json["approval_run"]["status"], "queued");
        api.post(&path, &json!({})).await;
        assert_eq!(api.world.state().runs.len(), runs);
        api.end_runs();
    }
    api.world.state().held[0].consumed_by = Some(org_model::RunId::new("run"));
    let applied = api.post(&path, &json!({})).await;
    assert_eq!(applied.json["approval_run"], Value::Null);
    assert_eq!(api.world.state().runs.len(), 3);
}

#[tokio::test]
async fn an_approval_that_no_run_used_in_a_day_is_expired() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(4);
    let path = format!("/sources/hq/held/{fingerprint}/approve");
    api.post(&path, &json!({})).await;
    let shown = async || api.get("/sources/hq/held").await.json["items"][0]["state"].clone();
    api.pass(SignedDuration::from_hours(24));
    assert_eq!(shown().await, "approved", "as a run judges it");
    api.pass(SignedDuration::from_secs(1));
    assert_eq!(shown().await, "expired");
    let again = api.post(&path, &json!({})).await;
    assert_eq!((again.status.as_u16(), again.code()), (409, "not_waiting"));
    assert_eq!(api.world.state().runs.len(), 1);
    api.world.state().held[0].consumed_by = Some(org_model::RunId::new("run"));
    assert_eq!(shown().await, "approved", "it was used in its time");
}

#[tokio::test]
async fn another_list_needs_another_approval() {
    let api = Api::with_source().await;
    let (first, second) = (api.hold(4), api.hold(5));
    api.post(&format!("/sources/hq/held/{first}/approve"), &json!({}))
        .await;
    let listed = api.get("/sources/hq/held").await.json;
    let state_of = |fingerprint: String| {
        let lists = listed["items"].as_array().unwrap();
        let found = lists.iter().find(|list| list["fingerprint"] == fingerprint);
        found.unwrap()["state"].clone()
    };
    assert_eq!(state_of(first.to_string()), "approved");
    assert_eq!(state_of(second.to_string()), "waiting");
}

#[tokio::test]
async fn an_approval_while_a_run_is_live_stands_for_the_next_one() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(4);
    api.add_run("run-live", RunStatus::Running);
    let path = format!("/sources/hq/held/{fingerprint}/approve");
    let approved = api.post(&path, &json!({})).await;
    assert_eq!(
        (approved.status.as_u16(), &approved.json["state"]),
        (200, &json!("approved"))
    );
    assert_eq!(approved.json["live_run"], "run-live");
    assert_eq!(approved.json["approval_run"], Value::Null);
    assert_eq!(approved.warnings(), ["run_is_live"]);
    assert_eq!(api.world.state().held[0].state, HeldState::Approved);
}

#[tokio::test]
async fn an_approval_stands_when_its_run_cannot_be_queued_or_started() {
    for (part, code) in [
        (Part::Queue, "approval_run_not_queued"),
        (Part::Starter, "start_delayed"),
    ] {
        let api = Api::with_source().await;
        let fingerprint = api.hold(4);
        api.world.break_part(part);
        let path = format!("/sources/hq/held/{fingerprint}/approve");
        let approved = api.post(&path, &json!({})).await;
        assert_eq!(
            (approved.status.as_u16(), &approved.json["state"]),
            (200, &json!("approved"))
        );
        assert_eq!(approved.warnings(), [code]);
    }
}

#[tokio::test]
async fn an_unknown_entry_in_except_is_422_and_nothing_is_approved() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(4);
    let path = format!("/sources/hq/held/{fingerprint}/approve");
    let known = json!({ "kind": "user", "id": "Zhang.1" });
    let unknown = json!({ "kind": "user", "id": "Li.9" });
    let other_kind = json!({ "kind": "department", "id": "Zhang.1" });
    let refused = api
        .post(&path, &json!({ "except": [known, unknown, other_kind] }))
        .await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "invalid"));
    assert_eq!(refused.pointers(), ["/except/1", "/except/2"]);
    assert_eq!(api.world.state().held[0].state, HeldState::Waiting);
    assert!(api.world.state().runs.is_empty());
}

#[tokio::test]
async fn whoever_is_excepted_stays_and_is_kept() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(4);
    let path = format!("/sources/hq/held/{fingerprint}/approve");
    let except = json!({ "except": [{ "kind": "user", "id": "Zhang.1" }] });
    let approved = api.post(&path, &except).await;
    assert_eq!(approved.status, 200, "{}", approved.text);
    assert_eq!(approved.json["state"], "approved");
    assert_eq!(approved.json["count"], 3);
    assert_eq!(approved.json["approval_run"]["status"], "queued");
    assert_eq!(api.post(&path, &except).await.json, approved.json);
    let kept = api.get("/sources/hq/kept").await.json;
    let mark = json!({ "kind": "user", "id": "Zhang.1", "internal_id": "internal-1",
        "name": "张1", "action": "delete", "departments": [1], "why": "excepted",
        "list": fingerprint.to_string(), "run": null, "by": "local", "at": NOW });
    assert_eq!(kept, json!({ "items": [mark], "next": null }));
    let other = api.post(&path, &json!({})).await;
    assert_eq!((other.status.as_u16(), other.code()), (409, "not_waiting"));
}

#[tokio::test]
async fn excepting_everybody_rejects_the_list_and_asks_for_no_run() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(2);
    let path = format!("/sources/hq/held/{fingerprint}/approve");
    let all = ["Zhang.0", "Zhang.1"].map(|id| json!({ "kind": "user", "id": id }));
    let rejected = api.post(&path, &json!({ "except": all })).await;
    assert_eq!(rejected.status, 200, "{}", rejected.text);
    assert_eq!(rejected.json["state"], "rejected");
    assert_eq!(rejected.json["approval_run"], Value::Null);
    assert!(api.world.state().runs.is_empty());
}

#[tokio::test]
async fn rejecting_a_list_keeps_everybody_on_it() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(3);
    let path = format!("/sources/hq/held/{fingerprint}/reject");
    let rejected = api.call(Method::POST, &path, &[], None).await;
    assert_eq!(rejected.status, 200, "{}", rejected.text);
    assert_eq!(rejected.json["state"], "rejected");
    assert_eq!(rejected.json["count"], 3);
    assert_eq!(rejected.json["decided_by"], "local");
    assert_eq!(rejected.json["decided_at"], NOW);
    api.pass(SignedDuration::from_mins(5));
    assert_eq!(api.post(&path, &json!({})).await.json, rejected.json);
    let listed = api.get("/sources/hq/held").await.json;
    assert_eq!(listed["items"][0], rejected.json);
    let kept = api.get("/sources/hq/kept?limit=2").await.json;
    assert_eq!(kept["items"][0]["why"], "rejected");
    assert_eq!(kept["items"].as_array().unwrap().len(), 2);
    let next = kept["next"].as_str().unwrap();
    let rest = api
        .get(&format!("/sources/hq/kept?cursor={next}"))
        .await
        .json;
    assert_eq!(rest["items"][0]["id"], "Zhang.2");
    assert!(api.world.state().runs.is_empty());
    let approve = format!("/sources/hq/held/{fingerprint}/approve");
    let late = api.post(&approve, &json!({})).await;
    assert_eq!((late.status.as_u16(), late.code()), (409, "not_waiting"));
    assert!(late.json["detail"].as_str().unwrap().contains("rejected"));
}

#[tokio::test]
async fn an_approval_is_taken_back_once_no_live_run_goes_by_it() {
    let api = Api::with_source().await;
    let path = format!("/sources/hq/held/{}", api.hold(3));
    let (approve, reject) = (format!("{path}/approve"), format!("{path}/reject"));
    api.post(&approve, &json!({})).await;
    api.end_runs();
    let run = api.add_run("next", RunStatus::Running);
    let refused = api.post(&reject, &json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "run_live"));
    assert_eq!(refused.json["run"], run.as_str());
    let remedy = "cancel that run or wait for its end, then reject again";
    assert_eq!(refused.json["remedy"], remedy);
    api.end_runs();
    api.pass(SignedDuration::from_mins(1));
    let rejected = api.post(&reject, &json!({})).await;
    assert_eq!(rejected.status, 200, "{}", rejected.text);
    assert_eq!(rejected.json["state"], "rejected");
    assert_eq!(rejected.json["decided_at"], "2026-11-22T08:01:00Z");
    assert_eq!(api.post(&reject, &json!({})).await.json, rejected.json);
    let kept = api.get("/sources/hq/kept").await.json;
    assert_eq!(kept["items"].as_array().unwrap().len(), 3);
    let late = api.post(&approve, &json!({})).await;
    assert_eq!((late.status.as_u16(), late.code()), (409, "not_waiting"));
}

#[tokio::test]
async fn a_rejection_takes_no_wishes() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(3);
    let path = format!("/sources/hq/held/{fingerprint}/reject");
    let refused = api.post(&path, &json!({ "except": [] })).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "invalid"));
    assert_eq!(refused.pointers(), ["/except"]);
    assert_eq!(api.world.state().held[0].state, HeldState::Waiting);
}

#[tokio::test]
async fn a_suspected_rename_is_shown_with_its_userid() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(1);
    let new = org_model::UserId::new("Zhang.New");
    api.world.state().held[0].list.items[0].suspected_rename = Some(new);
    let path = format!("/sources/hq/held/{fingerprint}/items");
    let items = api.get(&path).await.json;
    assert_eq!(items["items"][0]["suspected_rename"], "Zhang.New");
}

#[tokio::test]
async fn somebody_is_kept_until_the_mark_is_taken_back() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(2);
    let path = format!("/sources/hq/held/{fingerprint}/reject");
    api.post(&path, &json!({})).await;
    let mark = "/sources/hq/kept/user/zhang.1";
    let cleared = api.call(Method::DELETE, mark, &[], None).await;
    assert_eq!((cleared.status.as_u16(), cleared.text.as_str()), (204, ""));
    let kept = api.get("/sources/hq/kept").await.json;
    assert_eq!(kept["items"].as_array().unwrap().len(), 1);
    let history = api.get("/sources/hq/history").await.json;
    assert_eq!(history["items"][0]["action"], "kept_cleared");
    assert_eq!(history["items"][0]["by"], "local");
    let pointer = &history["items"][0]["changes"][0]["pointer"];
    assert_eq!(pointer, "/kept/user/Zhang.1");
    let again = api.call(Method::DELETE, mark, &[], None).await;
    assert_eq!((again.status.as_u16(), again.code()), (404, "not_found"));
    let odd = api.call(Method::DELETE, "/sources/hq/kept/dog/1", &[], None);
    let odd = odd.await;
    assert_eq!((odd.status.as_u16(), odd.code()), (400, "bad_parameter"));
}

#[tokio::test]
async fn a_misspelled_except_approves_nothing() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(4);
    let path = format!("/sources/hq/held/{fingerprint}/approve");
    let refused = api.post(&path, &json!({ "excepts": [] })).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "invalid"));
    assert_eq!(api.world.state().held[0].state, HeldState::Waiting);
}

#[tokio::test]
async fn an_expired_list_cannot_be_approved() {
    let api = Api::with_source().await;
    let fingerprint = api.hold(4);
    api.pass(SignedDuration::from_hours(72));
    assert_eq!(
        api.get("/sources/hq/held").await.json["items"][0]["state"],
        "expired"
    );
    assert_eq!(
        api.get("/sources/hq").await.json["state"]["held_waiting"],
        0
    );
    let path = format!("/sources/hq/held/{fingerprint}/approve");
    let refused = api.post(&path, &json!({})).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (409, "not_waiting")
    );
    assert!(refused.json["detail"].as_str().unwrap().contains("expired"));
}

#[tokio::test]
async fn an_unknown_list_is_404() {
    let api = Api::with_source().await;
    for fingerprint in ["00112233445566778899aabbccddeeff", "nonsense"] {
        let items = api
            .get(&format!("/sources/hq/held/{fingerprint}/items"))
            .await;
        assert_eq!((items.status.as_u16(), items.code()), (404, "not_found"));
        for body in [
            json!({}),
            json!({ "except": [{ "kind": "user", "id": "x" }] }),
        ] {
            let path = format!("/sources/hq/held/{fingerprint}/approve");
            assert_eq!(api.post(&path, &body).await.code(), "not_found");
        }
        let path = format!("/sources/hq/held/{fingerprint}/reject");
        assert_eq!(api.post(&path, &json!({})).await.code(), "not_found");
    }
}
