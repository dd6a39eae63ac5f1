//! `/sources/{source}/held`.

use axum::Json;
use axum::extract::State;
use source_admin::Exception;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Paging;
use crate::extract::{Asks, At, Body};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{Approval, ApproveBody, HeldItem, HeldList, List};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(items))
        .routes(routes!(approve))
}

/// A source's held lists, latest first
#[utoipa::path(
    get, path = "/sources/{source}/held", operation_id = "listHeld", tag = "held",
    params(("source" = String, Path, description = "The source's name")),
    responses(
        (status = 200, description = "Those that stand, and recent others", body = List<HeldList>),
        refusals::Reading,
    )
)]
async fn list(
    State(desk): State<Desk>,
    At(source): At<String>,
) -> Result<Json<List<HeldList>>, Problem> {
    Ok(Json(List::whole(desk.admin.held_lists(&source).await?)))
}

/// Whom a held list is about
#[utoipa::path(
    get, path = "/sources/{source}/held/{fingerprint}/items", operation_id = "listHeldItems",
    tag = "held",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("fingerprint" = String, Path, description = "The list's fingerprint"),
        Paging,
    ),
    responses(
        (status = 200, description = "One page of items", body = List<HeldItem>),
        refusals::Listing,
    )
)]
async fn items(
    State(desk): State<Desk>,
    At((source, fingerprint)): At<(String, String)>,
    Asks(paging): Asks<Paging>,
) -> Result<Json<List<HeldItem>>, Problem> {
    let page = paging.request()?;
    let items = desk.admin.held_items(&source, &fingerprint, &page).await?;
    Ok(Json(List::page(items)))
}

/// Approve exactly this list
///
/// The approval is durable before the answer; the run that was asked for, or else the next sealed
/// run, applies it. Each item is confirmed gone once more. Repeating the call changes nothing, but
/// asks for another run if the one asked for is over and did not apply it.
#[utoipa::path(
    post, path = "/sources/{source}/held/{fingerprint}/approve", operation_id = "approveHeld",
    tag = "held",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("fingerprint" = String, Path, description = "The list's fingerprint"),
    ),
    request_body = Option<ApproveBody>,
    responses(
        (status = 200, description = "Approved", body = Approval),
        refusals::Approving,
    )
)]
async fn approve(
    State(desk): State<Desk>,
    At((source, fingerprint)): At<(String, String)>,
    caller: Caller,
    body: Body,
) -> Result<Json<Approval>, Problem> {
    let asked: ApproveBody = body.parse()?;
    let except: Vec<Exception> = asked.except.into_iter().map(Exception::from).collect();
    let approval = desk
        .admin
        .approve(&source, &fingerprint, &except, &caller.0)
        .await?;
    Ok(Json(approval.into()))
}
