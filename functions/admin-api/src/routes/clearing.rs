//! `/sources/{source}/replace`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{At, Body, IfMatch};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{Clearance, ReplaceBody};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default().routes(routes!(replace))
}

/// Clear a source, to set it up anew
///
/// Settings, schedule, contacts, the secret and the logs go; people and departments stay, detached:
/// no run ever removes them, and whoever is found again by userid and name is adopted. Refused
/// while a run is live or queued. It goes on in the background; repeating the call completes what
/// is left.
#[utoipa::path(
    post, path = "/sources/{source}/replace", operation_id = "replaceSource", tag = "sources",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("If-Match" = Option<String>, Header,
            description = "The ETag of the settings; required unless they are gone already"),
    ),
    request_body = ReplaceBody,
    responses(
        (status = 202, description = "Begun, or done already", body = Clearance),
        refusals::Replacing,
    )
)]
async fn replace(
    State(desk): State<Desk>,
    At(source): At<String>,
    caller: Caller,
    IfMatch(precondition): IfMatch,
    body: Body,
) -> Result<Response, Problem> {
    let asked: ReplaceBody = body.parse()?;
    let cleared = desk
        .admin
        .replace_source(&source, &asked.source, &precondition, &caller.0)
        .await?;
    Ok((StatusCode::ACCEPTED, Json(Clearance::from(cleared))).into_response())
}
