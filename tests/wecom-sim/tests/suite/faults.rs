//! Faults strike where they are set, as often as they are set, and a real client sees them.

use std::time::Duration;

use crate::common::{Reader, errcode, small};
use serde_json::json;
use wecom_sim::{At, Command, SettingsPatch, SimConfig, Times, View, What};

fn fault(reader: &Reader, at: At, times: Times, what: What) {
    reader
        .control()
        .fault(at, times, what)
        .expect("the fault is set");
}

fn every_call(reader: &Reader, what: What) {
    fault(reader, At::EveryCall, Times::Once, what);
}

#[tokio::test]
async fn a_fault_at_a_call_index_strikes_that_call_only() {
    let reader = Reader::start(small()).await;
    fault(&reader, At::CallIndex(2), Times::Once, What::Errcode(-1));
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(reader.errcode("department/list").await);
    }
    assert_eq!(codes, [0, 0, -1, 0]);
}

#[tokio::test]
async fn a_fault_for_ever_strikes_from_its_index_until_it_is_cleared() {
    let reader = Reader::start(small()).await;
    fault(
        &reader,
        At::CallIndex(1),
        Times::Forever,
        What::Errcode(6000),
    );
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(reader.errcode("department/list").await);
    }
    assert_eq!(codes, [0, 6000, 6000, 6000]);
    reader.control().clear_faults().expect("clears");
    assert_eq!(reader.errcode("department/list").await, 0);
}

#[tokio::test]
async fn a_fault_of_a_kind_counts_calls_of_that_kind() {
    let reader = Reader::start(small()).await;
    fault(
        &reader,
        At::Kind("user/list".into(), 1),
        Times::Count(2),
        What::Errcode(45009),
    );
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(reader.errcode("department/list").await);
        codes.push(reader.errcode("user/list?department_id=2").await);
    }
    assert_eq!(codes, [0, 0, 0, 45009, 0, 45009, 0, 0]);
}

#[tokio::test]
async fn indexes_start_again_when_counts_are_reset() {
    let reader = Reader::start(small()).await;
    reader.department_ids().await;
    reader.control().reset_counts().expect("resets");
    fault(&reader, At::CallIndex(0), Times::Once, What::Errcode(-1));
    assert_eq!(reader.errcode("department/list").await, -1);
}

#[tokio::test]
async fn an_errcode_fault_answers_200_with_empty_arrays() {
    let reader = Reader::start(small()).await;
    every_call(&reader, What::Errcode(50003));
    let body = reader.get("user/list?department_id=2").await;
    assert_eq!(errcode(&body), 50003);
    assert_eq!(body["userlist"], json!([]));
}

#[tokio::test]
async fn an_http_status_is_given_with_a_page() {
    let reader = Reader::start(small()).await;
    every_call(&reader, What::HttpStatus(503));
    let response = reader.send("department/list").await.expect("an answer");
    assert_eq!(response.status(), 503);
    assert!(response.text().await.expect("text").contains("<html>"));
}

#[tokio::test]
async fn a_login_page_comes_with_status_200() {
    let reader = Reader::start(small()).await;
    every_call(&reader, What::HtmlWith200);
    let response = reader.send("department/list").await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "text/html; charset=utf-8"
    );
    assert!(
        response
            .json::<serde_json::Value>()
            .await
            .expect_err("no json")
            .is_decode()
    );
}

async fn truncation_is_seen(config: SimConfig) {
    let reader = Reader::start(config).await;
    every_call(&reader, What::TruncatedBody);
    let response = reader
        .send("department/list")
        .await
        .expect("the head arrives");
    assert_eq!(response.status(), 200);
    let announced = response.content_length().expect("a length");
    assert!(announced > 500);
    let broken = response.bytes().await.expect_err("the body breaks off");
    assert!(
        broken.is_body() || broken.is_decode() || broken.is_request(),
        "{broken:?}"
    );
    assert_eq!(
        reader.errcode("department/list").await,
        0,
        "the next call is served"
    );
}

#[tokio::test]
async fn a_truncated_body_announces_more_than_it_sends() {
    truncation_is_seen(small()).await;
}

#[tokio::test]
async fn a_body_is_truncated_over_tls_as_well() {
    truncation_is_seen(SimConfig {
        tls: true,
        ..small()
    })
    .await;
}

/// The operating system's word for it, somewhere in the chain of causes.
fn was_reset(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionReset) {
            return true;
        }
        cause = error.source();
    }
    false
}

async fn a_reset_is_seen(config: SimConfig) {
    let reader = Reader::start(config).await;
    fault(&reader, At::CallIndex(0), Times::Once, What::Reset);
    let error = reader
        .send("department/list")
        .await
        .expect_err("the connection breaks");
    assert!(was_reset(&error), "{error:?}");
    assert_eq!(
        reader.errcode("department/list").await,
        0,
        "the next call is served"
    );
    assert_eq!(reader.sim.calls()["department/list"], 2);
}

#[tokio::test]
async fn a_reset_connection_is_reset_and_not_merely_closed() {
    a_reset_is_seen(small()).await;
}

#[tokio::test]
async fn a_connection_is_reset_over_tls_as_well() {
    a_reset_is_seen(SimConfig {
        tls: true,
        ..small()
    })
    .await;
}

#[tokio::test]
async fn a_delay_is_long_enough_to_time_out_and_only_that_call_waits() {
    let reader = Reader::start(small()).await;
    fault(
        &reader,
        At::CallIndex(0),
        Times::Once,
        What::DelayMs(60_000),
    );
    let url = reader.url(&format!("department/list?access_token={}", reader.token));
    let impatient = reader
        .client
        .get(url)
        .timeout(Duration::from_millis(200))
        .send()
        .await;
    assert!(impatient.expect_err("no answer in time").is_timeout());
    assert_eq!(reader.errcode("department/list").await, 0);
}

#[tokio::test]
async fn a_delayed_answer_is_the_true_one_and_may_carry_another_fault() {
    let reader = Reader::start(small()).await;
    every_call(&reader, What::DelayMs(20));
    assert_eq!(reader.department_ids().await.len(), 12);
    every_call(&reader, What::DelayMs(20));
    every_call(&reader, What::Errcode(-1));
    assert_eq!(reader.errcode("department/list").await, -1);
    assert_eq!(reader.errcode("department/list").await, 0);
}

#[tokio::test]
async fn empty_lists_and_an_empty_object_look_like_success() {
    let reader = Reader::start(small()).await;
    every_call(&reader, What::EmptyLists);
    let body = reader.get("user/list?department_id=2").await;
    assert_eq!(body, json!({"errcode": 0, "errmsg": "ok", "userlist": []}));
    every_call(&reader, What::EmptyLists);
    let body = reader.get("agent/get?agentid=1000002").await;
    assert_eq!(body["allow_partys"], json!({"partyid": []}));
    every_call(&reader, What::EmptyObject);
    assert_eq!(reader.get("department/list").await, json!({}));
}

#[tokio::test]
async fn a_list_can_come_short() {
    let reader = Reader::start(small()).await;
    every_call(&reader, What::ShortLists(4));
    assert_eq!(reader.department_ids().await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn any_body_can_be_put_in_place_of_the_true_one() {
    let reader = Reader::start(small()).await;
    every_call(
        &reader,
        What::Body(r#"{"errcode":"0","department":null}"#.into()),
    );
    assert_eq!(
        reader.get("department/list").await,
        json!({"errcode":"0","department":null})
    );
}

#[tokio::test]
async fn a_fault_strikes_gettoken_too() {
    let reader = Reader::start_without_token(small());
    every_call(&reader, What::Errcode(-1));
    assert_eq!(
        errcode(
            &reader
                .gettoken("wwsim0000000000001", "sim-app-secret")
                .await
        ),
        -1
    );
}

#[tokio::test]
async fn a_fault_for_an_unknown_call_is_refused() {
    let reader = Reader::start_without_token(small());
    let set = reader
        .control()
        .fault(At::Kind("user/all".into(), 0), Times::Once, What::Reset);
    assert_eq!(
        set.expect_err("refused").to_string(),
        "there is no call named user/all"
    );
}

#[tokio::test]
async fn a_command_on_a_call_runs_just_before_that_call() {
    let reader = Reader::start(small()).await;
    let somebody = reader.anybody_of(2).await;
    reader.control().reset_counts().expect("resets");
    let moved = Command::Move {
        userid: somebody.clone(),
        departments: vec![3],
        main_department: None,
    };
    reader.control().on_call(1, moved).expect("the hook is set");
    assert!(
        reader.userids(2).await.contains(&somebody),
        "call 0: still there"
    );
    assert!(!reader.userids(2).await.contains(&somebody), "call 1: gone");
    assert!(reader.userids(3).await.contains(&somebody));
}

#[tokio::test]
async fn a_hook_that_could_not_run_is_reported() {
    let reader = Reader::start(small()).await;
    let wrong = Command::Dismiss {
        userids: vec!["Nobody".into()],
    };
    reader.control().on_call(0, wrong).expect("the hook is set");
    assert_eq!(reader.errcode("department/list").await, 0);
    let failures = reader.control().hook_failures();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].to_string(), "nobody here has the userid Nobody");
}

#[tokio::test]
async fn latency_holds_up_every_call_but_not_the_control() {
    let reader = Reader::start(small()).await;
    let slow = SettingsPatch {
        latency_ms: Some(60_000),
        ..SettingsPatch::default()
    };
    reader.control().configure(slow).expect("configures");
    let url = reader.url("department/list");
    let impatient = reader
        .client
        .get(url)
        .timeout(Duration::from_millis(200))
        .send()
        .await;
    assert!(impatient.expect_err("no answer in time").is_timeout());
    let url = format!("{}/sim/org", reader.sim.origin());
    assert_eq!(
        reader
            .client
            .get(url)
            .send()
            .await
            .expect("an answer")
            .status(),
        200
    );
    assert_eq!(reader.control().members(View::Everything).count(), 60);
}
