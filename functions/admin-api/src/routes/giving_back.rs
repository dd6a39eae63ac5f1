//! Stopping a run, undoing one, and restoring a person.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use source_admin::Stopping;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::runs::queued;
use crate::extract::{At, Body, IdempotencyKey};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{Nothing, Run};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(cancel))
        .routes(routes!(undo))
        .routes(routes!(restore))
}

/// Cancel a run
///
/// A queued run never starts. A live one stops at its next row boundary and tells in its rows what
/// it did: 202, and the run is `cancelled` soon after. Repeating the call changes nothing.
#[utoipa::path(
    post, path = "/sources/{source}/runs/{run}/cancel", operation_id = "cancelRun", tag = "runs",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("run" = String, Path, description = "The run's id"),
    ),
    responses(
        (status = 200, description = "It is cancelled", body = Run),
        (status = 202, description = "It is live, and was asked to stop", body = Run),
        refusals::Deciding,
    )
)]
async fn cancel(
    State(desk): State<Desk>,
    At((source, run)): At<(String, String)>,
    caller: Caller,
    body: Body,
) -> Result<Response, Problem> {
    let Nothing {} = body.parse()?;
    let (status, record) = match desk.admin.cancel_run(&source, &run, &caller.0).await? {
        Stopping::Stopped(record) => (StatusCode::OK, record),
        Stopping::Asked(record) => (StatusCode::ACCEPTED, record),
    };
    Ok((status, Json(Run::from(record))).into_response())
}

/// Undo a run
///
/// Asks for a run that gives back whom that run's rows name as deleted or disabled, and keeps them:
/// no later run takes them away again until they are seen in WeCom or the mark is cleared. Whom it
/// may have been about to remove is kept as well; removals that it had not begun are not. WeCom is
/// not asked. Refused while that run, or any other, is not over. Without a key, repeating the call
/// gives the same run as long as it is not over.
#[utoipa::path(
    post, path = "/sources/{source}/runs/{run}/undo", operation_id = "undoRun", tag = "runs",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("run" = String, Path, description = "The id of the run to undo"),
        ("Idempotency-Key" = Option<String>, Header,
            description = "The same key again gives the same run"),
    ),
    responses(
        (status = 202, description = "Queued", body = Run,
            headers(("Location" = String, description = "Where to follow it"))),
        refusals::AskingForRun,
    )
)]
async fn undo(
    State(desk): State<Desk>,
    At((source, run)): At<(String, String)>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<Response, Problem> {
    let Nothing {} = body.parse()?;
    let asked = desk
        .admin
        .undo_run(&source, &run, key.as_deref(), &caller.0)
        .await?;
    Ok(queued(&source, asked))
}

/// Restore a deleted person
///
/// Asks for a run that gives them back with the same internal id, and keeps them. WeCom is not
/// asked. Without a key, repeating the call gives the same run as long as it is not over.
#[utoipa::path(
    post, path = "/sources/{source}/users/{userid}/restore", operation_id = "restoreUser",
    tag = "directory",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("userid" = String, Path, description = "The person's id in WeCom, ignoring case"),
        ("Idempotency-Key" = Option<String>, Header,
            description = "The same key again gives the same run"),
    ),
    responses(
        (status = 202, description = "Queued", body = Run,
            headers(("Location" = String, description = "Where to follow it"))),
        refusals::AskingForRun,
    )
)]
async fn restore(
    State(desk): State<Desk>,
    At((source, userid)): At<(String, String)>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    body: Body,
) -> Result<Response, Problem> {
    let Nothing {} = body.parse()?;
    let asked = desk
        .admin
        .restore_user(&source, &userid, key.as_deref(), &caller.0)
        .await?;
    Ok(queued(&source, asked))
}
