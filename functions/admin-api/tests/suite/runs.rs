//! `/sources/{source}/runs`: asked for, listed, looked into.

use crate::common::{Api, hq};
use axum::http::Method;
use org_model::{InternalId, ItemKind, RunId};
use org_plan::Action;
use serde_json::{Value, json};
use source_admin::fakes::Part;
use sync_run::{Row, RowResult, RunMode, RunStatus, Trigger};

const RUNS: &str = "/sources/hq/runs";

#[tokio::test]
async fn a_run_is_queued_durably_then_started() {
    let api = Api::with_source().await;
    let asked = api.post(RUNS, &json!({ "mode": "apply" })).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    assert_eq!(asked.json["status"], "queued");
    assert_eq!(asked.json["trigger"], "manual");
    assert_eq!(asked.json["requested_by"], "local");
    let run = asked.json["run"].as_str().unwrap();
    assert_eq!(asked.header("location"), format!("{RUNS}/{run}"));
    assert_eq!(api.get(asked.header("location")).await.json, asked.json);
    let started = api.world.state().started.clone();
    assert_eq!(started, [(hq(), RunId::new(run), Trigger::Manual)]);
}

#[tokio::test]
async fn no_body_at_all_asks_to_apply() {
    let api = Api::with_source().await;
    let asked = api.call(Method::POST, RUNS, &[], None).await;
    assert_eq!(
        (asked.status.as_u16(), &asked.json["mode"]),
        (202, &json!("apply"))
    );
}

#[tokio::test]
async fn a_409_names_the_live_run() {
    let api = Api::with_source().await;
    api.add_run("run-live", RunStatus::Running);
    let refused = api.post(RUNS, &json!({ "mode": "plan" })).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "run_live"));
    assert_eq!(refused.json["run"], "run-live");
    assert_eq!(api.world.state().runs.len(), 1);
    assert!(api.world.state().started.is_empty());
}

#[tokio::test]
async fn the_same_idempotency_key_gives_the_same_run() {
    let api = Api::with_source().await;
    let key = [("idempotency-key", "k-1")];
    let body = json!({ "mode": "apply" });
    let first = api.call(Method::POST, RUNS, &key, Some(&body)).await;
    let live = api.call(Method::POST, RUNS, &key, Some(&body)).await;
    api.end_runs();
    let ended = api.call(Method::POST, RUNS, &key, Some(&body)).await;
    for again in [live, ended] {
        assert_eq!(
            (again.status.as_u16(), &again.json["run"]),
            (202, &first.json["run"])
        );
        assert_eq!(again.header("location"), first.header("location"));
    }
    assert_eq!(api.world.state().runs.len(), 1);
    let other = api
        .call(
            Method::POST,
            RUNS,
            &[("idempotency-key", "k-2")],
            Some(&body),
        )
        .await;
    assert_ne!(other.json["run"], first.json["run"]);
}

#[tokio::test]
async fn an_idempotency_key_is_for_one_request_only() {
    let api = Api::with_source().await;
    let key = [("idempotency-key", "k-1")];
    let first = api
        .call(Method::POST, RUNS, &key, Some(&json!({ "mode": "plan" })))
        .await;
    let refused = api
        .call(Method::POST, RUNS, &key, Some(&json!({ "mode": "apply" })))
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (422, "idempotency_key_reused")
    );
    assert_eq!(refused.json["run"], first.json["run"]);
}

#[tokio::test]
async fn an_idempotency_key_without_characters_is_400() {
    let api = Api::with_source().await;
    let refused = api
        .call(Method::POST, RUNS, &[("idempotency-key", "")], None)
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (400, "bad_parameter")
    );
}

#[tokio::test]
async fn a_run_that_could_not_be_started_stays_queued_and_the_answer_says_so() {
    let api = Api::with_source().await;
    api.world.break_part(Part::Starter);
    let asked = api.post(RUNS, &json!({ "mode": "apply" })).await;
    assert_eq!(
        (asked.status.as_u16(), &asked.json["status"]),
        (202, &json!("queued"))
    );
    assert_eq!(asked.warnings(), ["start_delayed"]);
    assert_eq!(api.world.state().runs[0].status, RunStatus::Queued);
}

#[tokio::test]
async fn repeating_a_key_starts_a_run_that_is_still_queued() {
    let api = Api::with_source().await;
    let key = [("idempotency-key", "k-1")];
    api.world.break_part(Part::Starter);
    api.call(Method::POST, RUNS, &key, None).await;
    api.world.mend();
    let again = api.call(Method::POST, RUNS, &key, None).await;
    assert!(again.warnings().is_empty());
    assert_eq!(api.world.state().started.len(), 1);
}

#[tokio::test]
async fn a_run_may_name_the_only_plan_it_applies() {
    let api = Api::with_source().await;
    let plan = "00112233445566778899aabbccddeeff";
    let body = json!({ "mode": "apply", "plan": plan });
    let unknown = api.post(RUNS, &body).await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.code()),
        (422, "unknown_plan")
    );
    assert!(unknown.json["remedy"].as_str().unwrap().contains("`plan`"));
    api.add_run("run-that-planned", RunStatus::Planned);
    {
        let planned = &mut api.world.state().runs[0];
        planned.mode = RunMode::Plan;
        planned.plan = Some(plan.parse().unwrap());
    }
    let asked = api.post(RUNS, &body).await;
    assert_eq!(
        (asked.status.as_u16(), &asked.json["expected_plan"]),
        (202, &json!(plan))
    );
    assert_eq!(asked.json["expected_plan_run"], "run-that-planned");
    let record = api.world.state().runs[1].clone();
    assert_eq!(record.expected_plan.unwrap().to_string(), plan);
    assert_eq!(record.mode, RunMode::Apply);
}

#[tokio::test]
async fn a_wish_that_nobody_understands_starts_nothing() {
    let api = Api::with_source().await;
    let wishes = [
        json!({ "mode": "dry-run" }),
        json!({ "mode": "undo" }),
        json!({ "mode": "restore" }),
        json!({ "Mode": "plan" }),
        json!({ "mode": "apply", "plan": "short" }),
        json!({ "mode": "plan", "plan": "00112233445566778899aabbccddeeff" }),
    ];
    for wish in wishes {
        let refused = api.post(RUNS, &wish).await;
        assert_eq!(refused.status, 422, "{wish}: {}", refused.text);
        assert_eq!(refused.code(), "invalid");
    }
    assert!(api.world.state().runs.is_empty());
}

#[tokio::test]
async fn runs_come_latest_first_and_by_page() {
    let api = Api::with_source().await;
    for id in ["run-1", "run-2", "run-3"] {
        api.add_run(id, RunStatus::Succeeded);
    }
    let runs = |json: &Value| -> Vec<String> {
        let items = json["items"].as_array().unwrap();
        items
            .iter()
            .map(|run| run["run"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = api.get("/sources/hq/runs?limit=2").await.json;
    assert_eq!(runs(&first), ["run-3", "run-2"]);
    let next = first["next"].as_str().unwrap();
    let rest = api
        .get(&format!("/sources/hq/runs?limit=2&cursor={next}"))
        .await
        .json;
    assert_eq!(runs(&rest), ["run-1"]);
    assert_eq!(rest["next"], Value::Null);
}

#[tokio::test]
async fn a_cursor_that_no_list_gave_is_400() {
    let api = Api::with_source().await;
    let refused = api.get("/sources/hq/runs?cursor=elsewhere").await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (400, "bad_cursor")
    );
}

#[tokio::test]
async fn a_page_has_1_to_1000_items() {
    let api = Api::with_source().await;
    for limit in ["0", "1001", "many", "-1"] {
        let refused = api.get(&format!("/sources/hq/runs?limit={limit}")).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (400, "bad_parameter"),
            "{limit}"
        );
    }
}

#[tokio::test]
async fn a_run_has_the_shape_of_the_contract() {
    let api = Api::with_source().await;
    let run = api.add_run("run-1", RunStatus::Partial);
    {
        let mut state = api.world.state();
        let record = state
            .runs
            .iter_mut()
            .find(|record| record.run == run)
            .unwrap();
        let done = [(RowResult::Done, 2000)].into();
        record
            .counts
            .insert("users".to_owned(), [(Action::Create, done)].into());
        record.wecom_calls.insert("user/list".to_owned(), 120);
        record.dynamodb.write_units = 12.0;
    }
    let json = api.get("/sources/hq/runs/run-1").await.json;
    assert_eq!(
        json["counts"],
        json!({ "users": { "create": { "done": 2000 } } })
    );
    assert_eq!(json["wecom_calls"], json!({ "user/list": 120 }));
    assert_eq!(
        json["dynamodb"],
        json!({ "read_units": 0.0, "write_units": 12.0 })
    );
    let fields: Vec<&str> = json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    for field in [
        "run",
        "source",
        "trigger",
        "mode",
        "requested_by",
        "generation",
        "segments",
        "status",
        "started_at",
        "finished_at",
        "sealed",
        "unsealed_reasons",
        "agent",
        "plan",
        "expected_plan",
        "expected_plan_run",
        "undoes",
        "restores",
        "counts",
        "wecom_calls",
        "dynamodb",
        "error",
    ] {
        assert!(fields.contains(&field), "{field}");
    }
}

fn row(seq: u64, action: Action, result: RowResult) -> Row {
    Row {
        seq,
        kind: ItemKind::User,
        id: format!("Zhang.{seq}"),
        internal_id: InternalId::new("i"),
        name: "张三".to_owned(),
        action,
        result,
        code: None,
        message: None,
        remedy: None,
        changes: Vec::new(),
    }
}

#[tokio::test]
async fn rows_are_filtered_by_kind_action_and_result() {
    let api = Api::with_source().await;
    let run = api.add_run("run-1", RunStatus::Held);
    let rows = vec![
        row(1, Action::Create, RowResult::Done),
        row(2, Action::Delete, RowResult::Held),
        row(3, Action::Delete, RowResult::Done),
    ];
    api.world.state().rows.insert(run, rows);
    let count = async |query: &str| {
        let path = format!("/sources/hq/runs/run-1/rows{query}");
        let answer = api.get(&path).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json["items"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 3);
    assert_eq!(count("?kind=user").await, 3);
    assert_eq!(count("?kind=department").await, 0);
    assert_eq!(count("?action=delete").await, 2);
    assert_eq!(count("?action=delete&result=held").await, 1);
    let refused = api.get("/sources/hq/runs/run-1/rows?action=remove").await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (400, "bad_parameter")
    );
}

#[tokio::test]
async fn rows_come_as_a_table_by_header_or_by_query() {
    let api = Api::with_source().await;
    let run = api.add_run("run-1", RunStatus::Held);
    let mut odd = row(1, Action::Create, RowResult::Done);
    odd.name = "=HYPERLINK(\"http://example.com\")".to_owned();
    let rows = vec![odd, row(2, Action::Delete, RowResult::Held)];
    api.world.state().rows.insert(run, rows);
    let path = "/sources/hq/runs/run-1/rows?limit=1";
    let csv = [("accept", "text/csv")];
    let table = api.call(Method::GET, path, &csv, None).await;
    assert_eq!(table.status, 200, "{}", table.text);
    let kind = "text/csv; charset=utf-8; header=present";
    assert_eq!(table.header("content-type"), kind);
    let lines: Vec<&str> = table.text.split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}seq,kind,id,"), "{}", lines[0]);
    assert!(lines[1].contains("\"'=HYPERLINK("), "{}", lines[1]);
    assert_eq!(lines.len(), 3, "a header, a row, and the end of its line");
    let link = table.header("link").to_owned();
    let next = link.strip_prefix('<').and_then(|link| link.split_once('>'));
    let (next, relation) = next.unwrap();
    assert_eq!(relation, "; rel=\"next\"");
    let rest = api.call(Method::GET, next, &csv, None).await;
    assert!(rest.text.contains("2,user,Zhang.2"), "{}", rest.text);
    assert_eq!(rest.header("link"), "");
    let asked = api.get(&format!("{path}&format=csv")).await;
    assert_eq!(asked.text, table.text);
    let plain = format!("{path}&format=json");
    let json = api.call(Method::GET, &plain, &csv, None).await;
    assert_eq!(json.json["items"][0]["seq"], 1);
    assert_eq!(json.header("link").replace("format=json&", ""), link);
}

#[tokio::test]
async fn rows_come_in_no_other_form() {
    let api = Api::with_source().await;
    api.add_run("run-1", RunStatus::Held);
    let path = "/sources/hq/runs/run-1/rows";
    let refused = api
        .call(Method::GET, path, &[("accept", "text/html")], None)
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (406, "not_acceptable")
    );
    let odd = api.get(&format!("{path}?format=xlsx")).await;
    assert_eq!((odd.status.as_u16(), odd.code()), (400, "bad_parameter"));
    assert_eq!(odd.pointers(), ["?format"]);
    for taken in ["application/json", "text/csv, */*;q=0.1", "application/*"] {
        let answer = api
            .call(Method::GET, path, &[("accept", taken)], None)
            .await;
        assert_eq!(answer.status, 200, "{taken}");
    }
}

#[tokio::test]
async fn an_unknown_run_is_404() {
    let api = Api::with_source().await;
    for path in ["/sources/hq/runs/nope", "/sources/hq/runs/nope/rows"] {
        let refused = api.get(path).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (404, "not_found")
        );
    }
}
