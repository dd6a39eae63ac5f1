//! `/sources`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{put_answer, tagged};
use crate::extract::{At, Body, IfMatch};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{Clearance, List, Source, Sources};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(get, put, delete))
}

/// All sources, and those that were replaced or are being deleted
#[utoipa::path(
    get, path = "/sources", operation_id = "listSources", tag = "sources",
    responses(
        (status = 200, description = "All sources", body = Sources),
        refusals::Plain,
    )
)]
async fn list(State(desk): State<Desk>) -> Result<Json<Sources>, Problem> {
    let cleared = desk.admin.cleared_sources().await?;
    let List { items, next } = List::whole(desk.admin.sources().await?);
    Ok(Json(Sources {
        items,
        next,
        cleared: cleared.into_iter().map(Clearance::from).collect(),
    }))
}

/// One source, with what the system knows about it
#[utoipa::path(
    get, path = "/sources/{source}", operation_id = "getSource", tag = "sources",
    params(("source" = String, Path, description = "The source's name")),
    responses(
        (status = 200, description = "The source", body = Source,
            headers(("ETag" = String, description = "Its version, for If-Match"))),
        refusals::Reading,
    )
)]
async fn get(State(desk): State<Desk>, At(source): At<String>) -> Result<Response, Problem> {
    let view = desk.admin.source(&source).await?;
    Ok(tagged(view.stored.version, Source::from(view)))
}

/// Make or replace a source's settings
///
/// The secret is stored first, the settings are the one commit point, then schedule and contacts
/// follow. What fails after the settings are stored stands in `state.warnings`, of this answer and
/// of every later look, until the call is repeated with the new ETag. One that changes nothing
/// makes no new version and completes what is left.
#[utoipa::path(
    put, path = "/sources/{source}", operation_id = "putSource", tag = "sources",
    params(
        ("source" = String, Path, description = "1 to 40 of a-z, 0-9 and hyphens"),
        ("If-Match" = Option<String>, Header,
            description = "The ETag the change is based on; required unless the source is new"),
    ),
    request_body = Source,
    responses(
        (status = 200, description = "Replaced", body = Source,
            headers(("ETag" = String, description = "Its new version"))),
        (status = 201, description = "Made", body = Source,
            headers(
                ("ETag" = String, description = "Its version"),
                ("Location" = String, description = "Where it stands"),
            )),
        refusals::PuttingSource,
    )
)]
async fn put(
    State(desk): State<Desk>,
    At(source): At<String>,
    caller: Caller,
    IfMatch(precondition): IfMatch,
    body: Body,
) -> Result<Response, Problem> {
    let put = desk
        .admin
        .put_source(&source, &body.0, &precondition, &caller.0)
        .await?;
    let version = put.view.stored.version;
    let place = format!("/sources/{source}");
    Ok(put_answer(
        put.created,
        place,
        version,
        Source::from(put.view),
    ))
}

/// Delete a source
///
/// As replacing it, and then nothing is left of it but its people and departments, detached.
#[utoipa::path(
    delete, path = "/sources/{source}", operation_id = "deleteSource", tag = "sources",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("If-Match" = Option<String>, Header,
            description = "The ETag of the settings; required unless they are gone already"),
    ),
    responses(
        (status = 202, description = "Begun", body = Clearance),
        refusals::Deleting,
    )
)]
async fn delete(
    State(desk): State<Desk>,
    At(source): At<String>,
    caller: Caller,
    IfMatch(precondition): IfMatch,
) -> Result<Response, Problem> {
    let cleared = desk
        .admin
        .delete_source(&source, &precondition, &caller.0)
        .await?;
    Ok((StatusCode::ACCEPTED, Json(Clearance::from(cleared))).into_response())
}
