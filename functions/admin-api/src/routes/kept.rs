//! `/sources/{source}/kept`: who stays because a person said so.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use org_model::ItemKind;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Paging;
use crate::extract::{Asks, At};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{KeptMark, KindWord, List};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(clear))
}

/// Who is kept, latest decision first
///
/// They are gone in WeCom, and a person said that they stay: excepted from an approval, on a list
/// that was rejected, given back by an undo or restored. No run removes them until they are seen
/// again or the mark is cleared.
#[utoipa::path(
    get, path = "/sources/{source}/kept", operation_id = "listKept", tag = "held",
    params(("source" = String, Path, description = "The source's name"), Paging),
    responses(
        (status = 200, description = "One page of marks", body = List<KeptMark>),
        refusals::Listing,
    )
)]
async fn list(
    State(desk): State<Desk>,
    At(source): At<String>,
    Asks(paging): Asks<Paging>,
) -> Result<Json<List<KeptMark>>, Problem> {
    let page = paging.request()?;
    Ok(Json(List::page(desk.admin.kept(&source, &page).await?)))
}

/// Keep somebody no longer
///
/// Takes back every mark that keeps this person or department, with an entry in the history. The
/// next sealed run judges them like everybody else, deletion protection included.
#[utoipa::path(
    delete, path = "/sources/{source}/kept/{kind}/{id}", operation_id = "clearKept", tag = "held",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("kind" = KindWord, Path, description = "`user` or `department`"),
        ("id" = String, Path, description = "As WeCom spells it; of people in any case"),
    ),
    responses(
        (status = 204, description = "Nothing keeps it any more"),
        refusals::ClearingKept,
    )
)]
async fn clear(
    State(desk): State<Desk>,
    At((source, kind, id)): At<(String, String, String)>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let kind = match kind.as_str() {
        "user" => ItemKind::User,
        "department" => ItemKind::Department,
        _ => {
            return Err(Problem::bad_parameter(
                "path",
                "a kind is `user` or `department`",
            ));
        }
    };
    desk.admin.clear_kept(&source, kind, &id, &caller.0).await?;
    Ok(StatusCode::NO_CONTENT)
}
