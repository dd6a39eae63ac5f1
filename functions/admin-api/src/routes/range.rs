//! `/sources/{source}/range`.

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Paging;
use crate::extract::{Asks, At, Body};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{AcceptBody, HeldItem, List, Range, RangeAccepted};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(get))
        .routes(routes!(affected))
        .routes(routes!(accept))
}

/// What the app may see, and what a later reading no longer shows
#[utoipa::path(
    get, path = "/sources/{source}/range", operation_id = "getRange", tag = "range",
    params(("source" = String, Path, description = "The source's name")),
    responses(
        (status = 200, description = "The range", body = Range),
        refusals::Reading,
    )
)]
async fn get(State(desk): State<Desk>, At(source): At<String>) -> Result<Json<Range>, Problem> {
    Ok(Json(desk.admin.range(&source).await?.into()))
}

/// Whom the range that waits does not show
#[utoipa::path(
    get, path = "/sources/{source}/range/affected", operation_id = "listAffected", tag = "range",
    params(("source" = String, Path, description = "The source's name"), Paging),
    responses(
        (status = 200, description = "One page of people and departments; none if nothing waits",
            body = List<HeldItem>),
        refusals::Listing,
    )
)]
async fn affected(
    State(desk): State<Desk>,
    At(source): At<String>,
    Asks(paging): Asks<Paging>,
) -> Result<Json<List<HeldItem>>, Problem> {
    let page = paging.request()?;
    let items = desk.admin.range_affected(&source, &page).await?;
    Ok(Json(List::page(items)))
}

/// Accept exactly this difference
///
/// The acceptance is durable before the answer; the run that was asked for, or else the next one
/// that reads exactly this range, applies it. It covers whom `affected` lists and nobody else.
/// Repeating the call changes nothing, but asks for another run if the one asked for is over.
#[utoipa::path(
    post, path = "/sources/{source}/range/accept", operation_id = "acceptRange", tag = "range",
    params(("source" = String, Path, description = "The source's name")),
    request_body = AcceptBody,
    responses(
        (status = 200, description = "Accepted", body = RangeAccepted),
        refusals::Deciding,
    )
)]
async fn accept(
    State(desk): State<Desk>,
    At(source): At<String>,
    caller: Caller,
    body: Body,
) -> Result<Json<RangeAccepted>, Problem> {
    let asked: AcceptBody = body.parse()?;
    let approval = desk
        .admin
        .accept_range(&source, &asked.fingerprint, asked.people, &caller.0)
        .await?;
    Ok(Json(approval.into()))
}
