//! The router behind API Gateway's events.

use crate::common::Api;
use lambda_http::lambda_runtime::{Context, LambdaEvent};
use lambda_http::request::LambdaRequest;
use lambda_http::tower::ServiceExt;
use serde_json::{Value, json};

fn event(method: &str, path: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": { "host": "a1b2c3.execute-api.eu-central-1.amazonaws.com" },
        "requestContext": {
            "accountId": "123456789012", "apiId": "a1b2c3", "stage": "$default",
            "domainName": "a1b2c3.execute-api.eu-central-1.amazonaws.com",
            "requestId": "r", "routeKey": "$default", "timeEpoch": 1_763_798_400_000_i64,
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1", "userAgent": "test" },
            "authorizer": { "iam": { "userArn": "arn:aws:iam::123456789012:user/carol" } }
        },
        "isBase64Encoded": false
    })
}

async fn answer(api: &Api, event: &Value) -> Value {
    let request: LambdaRequest = serde_json::from_str(&event.to_string()).unwrap();
    let service = admin_api::lambda::service(api.router.clone());
    let event = LambdaEvent::new(request, Context::default());
    let answer = service.oneshot(event).await.unwrap();
    serde_json::to_value(answer).unwrap()
}

fn body_of(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn an_event_of_api_gateway_is_answered() {
    let answered = answer(&Api::new(), &event("GET", "/health")).await;
    assert_eq!(answered["statusCode"], 200);
    assert_eq!(body_of(&answered), json!({ "status": "ok" }));
    assert_eq!(answered["isBase64Encoded"], false);
}

#[tokio::test]
async fn a_host_header_that_ends_in_a_number_does_not_panic() {
    for host in [
        "a.1",
        "1.2.3.4.5",
        "example.com:99999",
        "[::1",
        "a b",
        "\u{fc}:x",
    ] {
        let mut event = event("GET", "/health");
        event["headers"]["host"] = json!(host);
        event["requestContext"]["domainName"] = json!(host);
        event["headers"]["x-forwarded-proto"] = json!("no such scheme");
        assert_eq!(
            answer(&Api::new(), &event).await["statusCode"],
            200,
            "{host}"
        );
    }
}

/// When this fails, `lambda_http` has learnt it: take the guard away.
#[test]
fn without_the_guard_such_a_host_still_panics() {
    let mut event = event("GET", "/health");
    event["headers"]["host"] = json!("a.1");
    let parsed = std::panic::catch_unwind(|| lambda_http::request::from_str(&event.to_string()));
    assert!(parsed.is_err());
}

#[tokio::test]
async fn a_query_that_is_no_uri_does_not_panic() {
    for query in ["status=<active>", "a b", "a=\u{5f20}", "%", "#\"`{}|\\^[]"] {
        let mut event = event("GET", "/health");
        event["rawQueryString"] = json!(query);
        assert_eq!(
            answer(&Api::new(), &event).await["statusCode"],
            200,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_path_that_is_no_uri_does_not_panic() {
    for path in ["", "//", "health", "/a b", "/\u{5f20}#x", ":99999/", "/%"] {
        let status = answer(&Api::new(), &event("GET", path)).await["statusCode"].clone();
        assert!(
            [200, 404].map(Value::from).contains(&status),
            "{path}: {status}"
        );
    }
}

#[tokio::test]
async fn a_query_arrives_as_it_was_sent() {
    let api = Api::with_source().await;
    let mut event = event("GET", "/sources/hq/users");
    event["rawQueryString"] = json!("status=active&updated_since=2026-11-01T00%3A00%3A00%2B08:00");
    assert_eq!(answer(&api, &event).await["statusCode"], 200);
    event["rawQueryString"] = json!("status=%67one");
    assert_eq!(answer(&api, &event).await["statusCode"], 400);
}

#[tokio::test]
async fn the_author_is_the_callers_full_arn() {
    let api = Api::with_source().await;
    let answered = answer(&api, &event("POST", "/sources/hq/runs")).await;
    assert_eq!(answered["statusCode"], 202);
    assert_eq!(
        body_of(&answered)["requested_by"],
        "arn:aws:iam::123456789012:user/carol"
    );
}

#[tokio::test]
async fn the_author_is_the_subject_of_a_jwt() {
    let api = Api::with_source().await;
    let mut event = event("POST", "/sources/hq/runs");
    event["requestContext"]["authorizer"] =
        json!({ "jwt": { "claims": { "sub": "carol-7", "iss": "x" }, "scopes": [] } });
    let answered = answer(&api, &event).await;
    assert_eq!(body_of(&answered)["requested_by"], "carol-7");
}

#[tokio::test]
async fn a_caller_without_identity_is_not_taken_for_a_local_one() {
    let api = Api::with_source().await;
    let mut event = event("POST", "/sources/hq/runs");
    event["requestContext"]["authorizer"] = Value::Null;
    let answered = answer(&api, &event).await;
    assert_eq!(body_of(&answered)["requested_by"], "unidentified");
}

#[tokio::test]
async fn a_body_in_base64_is_read() {
    let api = Api::with_source().await;
    let mut event = event("POST", "/sources/hq/runs");
    event["headers"]["content-type"] = json!("application/json");
    event["isBase64Encoded"] = json!(true);
    event["body"] = json!("eyJtb2RlIjoicGxhbiJ9");
    let answered = answer(&api, &event).await;
    assert_eq!(body_of(&answered)["mode"], "plan");
}
