//! `/sources/{source}/runs`.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use source_admin::{Asked, RunRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Paging;
use crate::extract::{Asks, At, Body, IdempotencyKey};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{List, Run, RunBody, WishedMode};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(list, ask))
        .routes(routes!(get))
}

/// Ask for a run now
///
/// The run is queued durably, then started. A `plan` run ends at its decision and changes nothing.
/// With `plan` it applies exactly what a run in that mode showed, or says in its rows what is
/// different by now.
#[utoipa::path(
    post, path = "/sources/{source}/runs", operation_id = "askForRun", tag = "runs",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("Idempotency-Key" = Option<String>, Header,
            description = "The same key again gives the same run"),
    ),
    request_body = Option<RunBody>,
    responses(
        (status = 202, description = "Queued", body = Run,
            headers(("Location" = String, description = "Where to follow it"))),
        refusals::AskingForRun,
    )
)]
async fn ask(
    State(desk): State<Desk>,
    At(source): At<String>,
    caller: Caller,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    body: Body,
) -> Result<Response, Problem> {
    let request = run_request(body.parse()?, idempotency_key)?;
    let asked = desk.admin.request_run(&source, &request, &caller.0).await?;
    Ok(queued(&source, asked))
}

/// The answer to a wish for a run.
pub fn queued(source: &str, asked: Asked) -> Response {
    let place = format!("/sources/{source}/runs/{}", asked.record.run);
    let shape = Json(Run::from(asked));
    (StatusCode::ACCEPTED, [(header::LOCATION, place)], shape).into_response()
}

fn run_request(body: RunBody, idempotency_key: Option<String>) -> Result<RunRequest, Problem> {
    let refuse = |detail: &str| {
        let remedy = "name the plan that a run in the mode `plan` made, or none";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail, remedy)
    };
    let plan = match body.plan.as_deref().map(str::parse) {
        Some(Err(_)) => return Err(refuse("a plan's fingerprint has 32 hexadecimal digits")),
        Some(Ok(_)) if body.mode == WishedMode::Plan => {
            return Err(refuse("a plan is named to apply it, with the mode `apply`"));
        }
        Some(Ok(plan)) => Some(plan),
        None => None,
    };
    Ok(RunRequest {
        mode: body.mode.into(),
        plan,
        idempotency_key,
    })
}

/// A source's runs, latest first
#[utoipa::path(
    get, path = "/sources/{source}/runs", operation_id = "listRuns", tag = "runs",
    params(("source" = String, Path, description = "The source's name"), Paging),
    responses(
        (status = 200, description = "One page of runs", body = List<Run>),
        refusals::Listing,
    )
)]
async fn list(
    State(desk): State<Desk>,
    At(source): At<String>,
    Asks(paging): Asks<Paging>,
) -> Result<Json<List<Run>>, Problem> {
    let page = desk.admin.runs(&source, &paging.request()?).await?;
    Ok(Json(List::page(page)))
}

/// One run
#[utoipa::path(
    get, path = "/sources/{source}/runs/{run}", operation_id = "getRun", tag = "runs",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("run" = String, Path, description = "The run's id"),
    ),
    responses(
        (status = 200, description = "The run", body = Run),
        refusals::Reading,
    )
)]
async fn get(
    State(desk): State<Desk>,
    At((source, run)): At<(String, String)>,
) -> Result<Json<Run>, Problem> {
    Ok(Json(desk.admin.run(&source, &run).await?.into()))
}
