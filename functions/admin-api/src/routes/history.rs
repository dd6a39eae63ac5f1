//! `/sources/{source}/history`.

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Paging;
use crate::Desk;
use crate::extract::{Asks, At};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{HistoryEntry, List};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default().routes(routes!(list))
}

/// Who changed a source, when, and what; latest first
///
/// Each change of the settings with its author and what stood before and after; and, without a
/// version, each accepted range, each replacement and each mark of who is kept that was taken back.
/// A secret is only told of, never shown.
#[utoipa::path(
    get, path = "/sources/{source}/history", operation_id = "listHistory", tag = "sources",
    params(("source" = String, Path, description = "The source's name"), Paging),
    responses(
        (status = 200, description = "One page of changes", body = List<HistoryEntry>),
        refusals::Listing,
    )
)]
async fn list(
    State(desk): State<Desk>,
    At(source): At<String>,
    Asks(paging): Asks<Paging>,
) -> Result<Json<List<HistoryEntry>>, Problem> {
    let page = paging.request()?;
    Ok(Json(List::page(desk.admin.history(&source, &page).await?)))
}
