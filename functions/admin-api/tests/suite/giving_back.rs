//! Cancel, undo, restore, resolve: over HTTP.

use crate::common::{Answer, Api, NOW, hq, user};
use axum::http::Method;
use org_model::{InternalId, UserStatus};
use org_plan::Action;
use serde_json::{Value, json};
use sync_run::{RowResult, RunMode, RunStatus};

const UNDO: &str = "/sources/hq/runs/run-1/undo";
const CANCEL: &str = "/sources/hq/runs/run-1/cancel";
const RESTORE: &str = "/sources/hq/users/zhang.1/restore";
const RESOLVE: &str = "/sources/hq/users/zhang.1/resolve";

async fn post(api: &Api, path: &str) -> Answer {
    api.call(Method::POST, path, &[], None).await
}

/// A run that deleted three people, and is over.
fn add_deletions(api: &Api, status: RunStatus) {
    let run = api.add_run("run-1", status);
    let mut state = api.world.state();
    let record = state.runs.iter_mut().find(|record| record.run == run);
    let done = [(RowResult::Done, 3)].into();
    let counts = &mut record.unwrap().counts;
    counts.insert("users".to_owned(), [(Action::Delete, done)].into());
}

fn put_person(api: &Api, status: UserStatus) {
    let people = vec![user("Zhang.1", status)];
    api.world.state().users.insert(hq(), people);
}

fn move_aside(api: &Api) {
    put_person(api, UserStatus::Active);
    let mut old = user("Zhang.1", UserStatus::Deleted);
    old.internal_id = InternalId::new("internal-old");
    old.name = "李四".to_owned();
    api.world.state().aside.insert(hq(), vec![old]);
}

#[tokio::test]
async fn undoing_a_run_queues_another_that_names_it() {
    let api = Api::with_source().await;
    add_deletions(&api, RunStatus::Succeeded);
    let asked = post(&api, UNDO).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    assert_eq!(asked.json["mode"], "undo");
    assert_eq!(asked.json["trigger"], "manual");
    assert_eq!(asked.json["undoes"], "run-1");
    assert_eq!(asked.json["restores"], Value::Null);
    assert_eq!(asked.json["requested_by"], "local");
    let run = asked.json["run"].as_str().unwrap();
    assert_eq!(asked.header("location"), format!("/sources/hq/runs/{run}"));
    assert_eq!(
        post(&api, UNDO).await.json,
        asked.json,
        "as long as it waits"
    );
}

#[tokio::test]
async fn an_undo_honours_an_idempotency_key() {
    let api = Api::with_source().await;
    add_deletions(&api, RunStatus::Succeeded);
    let key = [("idempotency-key", "k-1")];
    let first = api.call(Method::POST, UNDO, &key, None).await;
    api.end_runs();
    let again = api.call(Method::POST, UNDO, &key, None).await;
    assert_eq!(
        (again.status.as_u16(), &again.json["run"]),
        (202, &first.json["run"])
    );
    let plan = json!({ "mode": "plan" });
    let other = api.call(Method::POST, "/sources/hq/runs", &key, Some(&plan));
    assert_eq!(other.await.code(), "idempotency_key_reused");
}

#[tokio::test]
async fn an_undo_is_refused_with_the_reason() {
    let api = Api::with_source().await;
    assert_eq!(post(&api, UNDO).await.code(), "not_found");
    api.add_run("run-1", RunStatus::Running);
    let early = post(&api, UNDO).await;
    assert_eq!((early.status.as_u16(), early.code()), (409, "run_not_over"));
    assert_eq!(early.json["run"], "run-1");
    api.end_runs();
    let nothing = post(&api, UNDO).await;
    assert_eq!(
        (nothing.status.as_u16(), nothing.code()),
        (409, "nothing_to_undo")
    );
    let live = Api::with_source().await;
    add_deletions(&live, RunStatus::Partial);
    live.add_run("run-2", RunStatus::Running);
    let refused = post(&live, UNDO).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "run_live"));
    assert_eq!(refused.json["run"], "run-2");
}

#[tokio::test]
async fn a_queued_run_is_cancelled_at_once_and_a_live_one_asked_to_stop() {
    let api = Api::with_source().await;
    assert_eq!(post(&api, CANCEL).await.code(), "not_found");
    api.add_run("run-1", RunStatus::Queued);
    let done = post(&api, CANCEL).await;
    assert_eq!(
        (done.status.as_u16(), &done.json["status"]),
        (200, &json!("cancelled"))
    );
    assert_eq!(done.json["finished_at"], NOW);
    assert_eq!(done.json["error"]["code"], "cancelled");
    let again = post(&api, CANCEL).await;
    assert_eq!((again.status.as_u16(), &again.json), (200, &done.json));
    let live = Api::with_source().await;
    let run = live.add_run("run-1", RunStatus::Running);
    for _ in 0..2 {
        let asked = post(&live, CANCEL).await;
        assert_eq!(
            (asked.status.as_u16(), &asked.json["status"]),
            (202, &json!("running"))
        );
    }
    assert_eq!(live.world.state().cancellations[&run].by, "local");
    live.end_runs();
    let over = post(&live, CANCEL).await;
    assert_eq!((over.status.as_u16(), over.code()), (409, "run_over"));
    assert_eq!(over.json["run"], "run-1");
}

#[tokio::test]
async fn restoring_somebody_queues_a_run_that_names_them() {
    let api = Api::with_source().await;
    assert_eq!(post(&api, RESTORE).await.code(), "not_found");
    put_person(&api, UserStatus::Active);
    let there = post(&api, RESTORE).await;
    assert_eq!((there.status.as_u16(), there.code()), (409, "not_deleted"));
    put_person(&api, UserStatus::Deleted);
    let asked = post(&api, RESTORE).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    assert_eq!(asked.json["mode"], "restore");
    assert_eq!(asked.json["restores"], "Zhang.1");
    assert_eq!(post(&api, RESTORE).await.json, asked.json);
    assert_eq!(api.world.state().runs[0].mode, RunMode::Restore);
}

#[tokio::test]
async fn a_word_on_a_conflict_is_answered_with_its_run() {
    let api = Api::with_source().await;
    move_aside(&api);
    let shown = api.get("/sources/hq/users/zhang.1").await.json;
    let conflict = json!({ "other": "aside", "userid": "Zhang.1", "id": "internal-old",
        "name": "李四", "said": null });
    assert_eq!(shown["conflict"], conflict);
    let body = json!({ "as": "same", "with": "internal-old" });
    let resolved = api.post(RESOLVE, &body).await;
    assert_eq!(resolved.status, 202, "{}", resolved.text);
    let said = json!({ "as": "same", "by": "local", "at": NOW });
    for (field, value) in said.as_object().unwrap() {
        assert_eq!(resolved.json[field], *value);
    }
    assert_eq!(resolved.json["other"], "aside");
    assert_eq!(resolved.json["other_id"], "internal-old");
    assert_eq!(resolved.json["run"]["trigger"], "approval");
    assert_eq!(resolved.json["run"]["mode"], "apply");
    let shown = api.get("/sources/hq/users/zhang.1").await.json;
    assert_eq!(shown["conflict"]["said"], said);
    assert_eq!(api.post(RESOLVE, &body).await.json, resolved.json);
}

#[tokio::test]
async fn a_word_is_refused_with_the_reason() {
    let api = Api::with_source().await;
    let body = json!({ "as": "new" });
    assert_eq!(api.post(RESOLVE, &body).await.code(), "not_found");
    put_person(&api, UserStatus::Active);
    let none = api.post(RESOLVE, &body).await;
    assert_eq!((none.status.as_u16(), none.code()), (409, "no_conflict"));
    move_aside(&api);
    let with = json!({ "as": "new", "with": "somebody" });
    let other = api.post(RESOLVE, &with).await;
    assert_eq!(
        (other.status.as_u16(), other.code()),
        (409, "other_conflict")
    );
    for (wrong, pointer) in [
        (json!({ "as": "other" }), "/as"),
        (json!({}), "/as"),
        (json!({ "as": "new", "by": "me" }), "/by"),
    ] {
        let refused = api.post(RESOLVE, &wrong).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (422, "invalid"),
            "{wrong}"
        );
        assert_eq!(refused.pointers(), [pointer]);
    }
    assert!(api.world.state().resolutions.is_empty());
}
