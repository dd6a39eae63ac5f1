//! `/sources/{source}/runs`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use org_model::ItemKind;
use org_plan::Action;
use serde::Deserialize;
use source_admin::RunRequest;
use source_admin::ports::RowFilter;
use sync_run::{RowResult, RunMode};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Paging;
use crate::extract::{Asks, At, Body, IdempotencyKey};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{ActionWord, KindWord, List, ResultWord, Row, Run, RunBody};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(list, ask))
        .routes(routes!(get))
        .routes(routes!(rows))
}

/// Ask for a run now
///
/// The run is queued durably, then started. A `plan` run ends at its decision and changes nothing.
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
    let place = format!("/sources/{source}/runs/{}", asked.record.run);
    let shape = Json(Run::from(asked));
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], shape).into_response())
}

fn run_request(body: RunBody, idempotency_key: Option<String>) -> Result<RunRequest, Problem> {
    let refuse = |detail: &str| {
        let remedy = "name the plan that a run in the mode `plan` made, or none";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail, remedy)
    };
    let plan = match body.plan.as_deref().map(str::parse) {
        Some(Err(_)) => return Err(refuse("a plan's fingerprint has 32 hexadecimal digits")),
        Some(Ok(_)) if body.mode == RunMode::Plan => {
            return Err(refuse("a plan is named to apply it, with the mode `apply`"));
        }
        Some(Ok(plan)) => Some(plan),
        None => None,
    };
    Ok(RunRequest {
        mode: body.mode,
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

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RowQuery {
    #[param(value_type = Option<KindWord>)]
    kind: Option<ItemKind>,
    #[param(value_type = Option<ActionWord>)]
    action: Option<Action>,
    #[param(value_type = Option<ResultWord>)]
    result: Option<RowResult>,
}

/// A run's rows
#[utoipa::path(
    get, path = "/sources/{source}/runs/{run}/rows", operation_id = "listRows", tag = "runs",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("run" = String, Path, description = "The run's id"),
        RowQuery,
        Paging,
    ),
    responses(
        (status = 200, description = "One page of rows", body = List<Row>),
        refusals::ListingRows,
    )
)]
async fn rows(
    State(desk): State<Desk>,
    At((source, run)): At<(String, String)>,
    Asks(asked): Asks<RowQuery>,
    Asks(paging): Asks<Paging>,
    headers: HeaderMap,
) -> Result<Json<List<Row>>, Problem> {
    only_json(&headers)?;
    let filter = RowFilter {
        kind: asked.kind,
        action: asked.action,
        result: asked.result,
    };
    let page = paging.request()?;
    let rows = desk.admin.rows(&source, &run, &filter, &page).await?;
    Ok(Json(List::page(rows)))
}

/// Rows are to come as `text/csv` too; until then, asking for it is refused.
fn only_json(headers: &HeaderMap) -> Result<(), Problem> {
    let asked = headers.get(header::ACCEPT);
    let asked = asked.and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    let takes = |range: &str| {
        let range = range.split(';').next().unwrap_or_default().trim();
        matches!(range, "" | "*/*" | "application/*" | "application/json")
    };
    match asked.split(',').any(takes) {
        true => Ok(()),
        false => Err(Problem::new(
            StatusCode::NOT_ACCEPTABLE,
            "not_acceptable",
            "rows come as application/json only",
            "send the header Accept: application/json",
        )),
    }
}
