//! `/sources/{source}/preview`.

use axum::extract::State;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{At, Body};
use crate::language::{Speaks, spoken};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{Preview, PreviewBody};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default().routes(routes!(preview))
}

/// Map one real person
///
/// What WeCom says of them, what the mapping makes of it, what the next run would change in the
/// directory, and why something is missing. Writes nothing. Whoever is not found, or not visible,
/// is an answer with a cause.
#[utoipa::path(
    post, path = "/sources/{source}/preview", operation_id = "previewMapping", tag = "sources",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("Accept-Language" = Option<String>, Header,
            description = "`zh` for sentences in Chinese, else they are in English"),
    ),
    request_body = Option<PreviewBody>,
    responses(
        (status = 200, description = "The person, or why there is none to show", body = Preview,
            headers(("Content-Language" = String, description = "`en` or `zh-CN`"))),
        refusals::Checking,
    )
)]
async fn preview(
    State(desk): State<Desk>,
    At(source): At<String>,
    caller: Caller,
    Speaks(language): Speaks,
    body: Body,
) -> Result<Response, Problem> {
    let found = desk.admin.preview(&source, &body.0, &caller.0).await?;
    Ok(spoken(language, Preview::of(found, language)))
}
