//! Two records that may be one person, and a person's word on them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{At, Body};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{Resolution, ResolveBody};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default().routes(routes!(resolve))
}

/// Say whether two records are one person
///
/// About the conflict that the person's record shows: a record that was moved aside when its userid
/// was given to somebody else, a detached record with another name, or somebody whose deletion is
/// held as a suspected rename (of that one, `new` only ends the conflict: the deletion stays held).
/// The word is durable before the answer; the run that was asked for, or else the next one, carries
/// it out. A later word replaces an earlier one; the same word again changes nothing.
#[utoipa::path(
    post, path = "/sources/{source}/users/{userid}/resolve", operation_id = "resolveUser",
    tag = "directory",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("userid" = String, Path,
            description = "The id in WeCom of whoever has it now, ignoring case"),
    ),
    request_body = ResolveBody,
    responses(
        (status = 202, description = "It will be carried out", body = Resolution),
        refusals::Deciding,
    )
)]
async fn resolve(
    State(desk): State<Desk>,
    At((source, userid)): At<(String, String)>,
    caller: Caller,
    body: Body,
) -> Result<Response, Problem> {
    let asked: ResolveBody = body.parse()?;
    let with = asked.with.as_deref();
    let resolved = desk
        .admin
        .resolve(&source, &userid, asked.choice, with, &caller.0)
        .await?;
    Ok((StatusCode::ACCEPTED, Json(Resolution::from(resolved))).into_response())
}
