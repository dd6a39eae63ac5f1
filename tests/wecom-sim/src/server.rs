//! HTTP: routes, the way of one call from arrival to answer, and the control endpoints.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{any, get, post};
use serde_json::{Value, json};

use crate::answers::{self, Question};
use crate::calls::Call;
use crate::command::{Command, CommandError, Outcome};
use crate::control::OrgSummary;
use crate::faults::What;
use crate::net::Peer;
use crate::refusal::{self, Refusal};
use crate::world::{Arrival, World};

/// A control body may name every userid of a large organisation.
const CONTROL_BODY_MAX: usize = 256 * 1024 * 1024;
const LOGIN_PAGE: &str = "<!DOCTYPE html><html><head><title>登录</title></head>\
    <body><form>请登录</form></body></html>";

pub(crate) fn router(world: Arc<World>) -> Router {
    let prefix = world.settings().path_prefix.clone();
    let mut router = Router::new()
        .route("/sim/control", post(control))
        .route("/sim/calls", get(calls))
        .route("/sim/org", get(org))
        .fallback(any(move |world, peer, request| {
            serve(world, peer, Call::Unknown, request)
        }));
    for call in Call::ALL {
        let path = format!("{prefix}/cgi-bin/{}", call.name());
        router = router.route(
            &path,
            any(move |world, peer, request| serve(world, peer, call, request)),
        );
    }
    router
        .layer(DefaultBodyLimit::max(CONTROL_BODY_MAX))
        .with_state(world)
}

async fn serve(
    State(world): State<Arc<World>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    call: Call,
    request: Request,
) -> Response {
    let question = match question(call, &peer, request).await {
        Ok(question) => question,
        Err(status) => return status.into_response(),
    };
    let arrival = world.arrive(call, peer.ip());
    let latency = world.settings().latency + arrival.struck.delay;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    match &arrival.struck.what {
        None => honest(&world, &question, &arrival),
        Some(what) => struck(&world, &question, &arrival, &peer, what),
    }
}

async fn question(call: Call, peer: &Peer, request: Request) -> Result<Question, StatusCode> {
    let (parts, body) = request.into_parts();
    let query = Query::<BTreeMap<String, String>>::try_from_uri(&parts.uri)
        .map_err(|_| StatusCode::BAD_REQUEST)?;
    let body = axum::body::to_bytes(body, CONTROL_BODY_MAX)
        .await
        .map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok(Question {
        call,
        ip: peer.ip(),
        right_method: parts.method == call.method(),
        query: query.0,
        // A body that is no JSON lacks every parameter.
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

fn honest(world: &World, question: &Question, arrival: &Arrival) -> Response {
    if question.call == Call::Unknown {
        return StatusCode::NOT_FOUND.into_response();
    }
    json_body(true_body(world, question, arrival))
}

fn true_body(world: &World, question: &Question, arrival: &Arrival) -> Vec<u8> {
    let limit = u64::from(world.settings().concurrency);
    let answer = if limit > 0 && arrival.in_flight > limit {
        Err(refusal::TOO_MANY_AT_ONCE)
    } else {
        answers::answer(world, question)
    };
    answer.unwrap_or_else(|it| refused(world, question, arrival, it))
}

fn refused(world: &World, question: &Question, arrival: &Arrival, refusal: Refusal) -> Vec<u8> {
    let named = refusal != refusal::UNTRUSTED_IP || world.settings().untrusted_ip_named;
    refusal.body(question.call, named.then_some(question.ip), arrival.index)
}

fn json_body(body: Vec<u8>) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json; charset=UTF-8")],
        body,
    )
        .into_response()
}

fn struck(
    world: &World,
    question: &Question,
    arrival: &Arrival,
    peer: &Peer,
    what: &What,
) -> Response {
    match what {
        What::Errcode(code) => json_body(refused(world, question, arrival, Refusal(*code))),
        What::HttpStatus(code) => gateway_page(*code),
        What::HtmlWith200 => html(LOGIN_PAGE.to_owned()),
        What::TruncatedBody => truncated(true_body(world, question, arrival)),
        What::DelayMs(_) => honest(world, question, arrival),
        What::Reset => {
            peer.tear();
            StatusCode::OK.into_response()
        }
        What::EmptyLists => json_body(answers::ok(question.call.empty_lists())),
        What::EmptyObject => json_body(b"{}".to_vec()),
        What::ShortLists(rows) => shortened(true_body(world, question, arrival), *rows),
        What::Body(body) => json_body(body.clone().into_bytes()),
    }
}

fn html(page: String) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

fn gateway_page(code: u16) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_GATEWAY);
    (
        status,
        html(format!("<html><body><h1>{status}</h1></body></html>")),
    )
        .into_response()
}

/// Announces everything, sends half, and breaks off. The half is on the wire before the break: the
/// stream is pending once in between, which makes the server flush.
fn truncated(body: Vec<u8>) -> Response {
    let length = body.len();
    let half = Bytes::from(body).slice(..length / 2);
    let broken = async {
        tokio::task::yield_now().await;
        Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe))
    };
    let parts = futures::stream::iter([Ok(half)]);
    let parts = futures::StreamExt::chain(parts, futures::stream::once(broken));
    let headers = [
        (
            header::CONTENT_TYPE,
            "application/json; charset=UTF-8".to_owned(),
        ),
        (header::CONTENT_LENGTH, length.to_string()),
    ];
    (headers, Body::from_stream(parts)).into_response()
}

fn shortened(body: Vec<u8>, rows: u64) -> Response {
    let mut body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    for list in body
        .as_object_mut()
        .into_iter()
        .flat_map(|fields| fields.values_mut())
    {
        if let Value::Array(list) = list {
            list.truncate(usize::try_from(rows).unwrap_or(usize::MAX));
        }
    }
    json_body(body.to_string().into_bytes())
}

/// One command, or an array of them run in order until one is refused.
async fn control(State(world): State<Arc<World>>, body: Bytes) -> Response {
    match run_all(&world, &body) {
        Ok(outcome) => Json(json!({"ok": true, "outcome": outcome})).into_response(),
        Err(refused) => {
            let body = Json(json!({"ok": false, "error": refused.to_string()}));
            (StatusCode::BAD_REQUEST, body).into_response()
        }
    }
}

fn run_all(world: &World, body: &[u8]) -> Result<Outcome, CommandError> {
    let unreadable = |problem: serde_json::Error| CommandError::Unreadable(problem.to_string());
    let body: Value = serde_json::from_slice(body).map_err(unreadable)?;
    let commands = match body {
        Value::Array(commands) => commands,
        one => vec![one],
    };
    let read: Result<Vec<Command>, _> = commands.into_iter().map(serde_json::from_value).collect();
    let mut outcome = Outcome::default();
    for command in read.map_err(unreadable)? {
        outcome.absorb(world.run(command)?);
    }
    Ok(outcome)
}

async fn calls(State(world): State<Arc<World>>) -> Json<Value> {
    Json(call_report(&world))
}

/// Counts by kind, `max_in_flight`, counts by peer, and what a hook could not do.
fn call_report(world: &World) -> Value {
    let mut report = json!(world.calls());
    let failures: Vec<_> = world
        .hook_failures()
        .iter()
        .map(ToString::to_string)
        .collect();
    refusal::merge(
        &mut report,
        json!({
            "max_in_flight": world.max_in_flight(),
            "peers": world.calls_by_peer(),
            "hook_failures": failures,
        }),
    );
    report
}

async fn org(State(world): State<Arc<World>>) -> Json<OrgSummary> {
    Json(OrgSummary::of(&world))
}
