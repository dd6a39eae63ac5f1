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
use crate::shapes::{Approval, ApproveBody, HeldItem, HeldList, List, Nothing};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(items))
        .routes(routes!(approve))
        .routes(routes!(reject))
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

/// Approve exactly this list, or all but some of it
///
/// The approval is durable before the answer; the run that was asked for, or else the next sealed
/// run, applies it. Each item is confirmed gone once more. Whoever is named in `except` stays, and
/// is kept from then on; one unknown entry, and nothing is approved. Excepting everybody rejects
/// the list, and no run is asked for. Repeating the call changes nothing, but asks for another run
/// if the one asked for is over and did not apply it; with other exceptions it is refused.
#[utoipa::path(
    post, path = "/sources/{source}/held/{fingerprint}/approve", operation_id = "approveHeld",
    tag = "held",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("fingerprint" = String, Path, description = "The list's fingerprint"),
    ),
    request_body = Option<ApproveBody>,
    responses(
        (status = 200, description = "Approved; with everybody excepted, rejected",
            body = Approval),
        refusals::Deciding,
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

/// Reject exactly this list
///
/// Whoever is left of it stays, and is kept from then on: no run removes them until they are seen
/// again in WeCom or the mark is cleared. Nothing is left for a run to do. It takes an approval
/// back as well, unless that was carried out or is a day old; while a run is live, which may go by
/// it, that is refused with `run_live`. Repeating the call changes nothing.
#[utoipa::path(
    post, path = "/sources/{source}/held/{fingerprint}/reject", operation_id = "rejectHeld",
    tag = "held",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("fingerprint" = String, Path, description = "The list's fingerprint"),
    ),
    responses(
        (status = 200, description = "Rejected", body = HeldList),
        refusals::Deciding,
    )
)]
async fn reject(
    State(desk): State<Desk>,
    At((source, fingerprint)): At<(String, String)>,
    caller: Caller,
    body: Body,
) -> Result<Json<HeldList>, Problem> {
    let Nothing {} = body.parse()?;
    let rejected = desk.admin.reject(&source, &fingerprint, &caller.0).await?;
    Ok(Json(rejected.into()))
}
