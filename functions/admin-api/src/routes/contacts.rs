//! `/sources/{source}/contacts`.

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{At, Body};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{Nothing, TestNotice};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default().routes(routes!(test))
}

/// Send a test notice to a source's contacts
///
/// It says that nothing happened to the directory. It leaves at once or not at all: after a 503
/// nothing is sent later.
#[utoipa::path(
    post, path = "/sources/{source}/contacts/test", operation_id = "testContacts",
    tag = "sources",
    params(("source" = String, Path, description = "The source's name")),
    responses(
        (status = 200, description = "Sent", body = TestNotice),
        refusals::Testing,
    )
)]
async fn test(
    State(desk): State<Desk>,
    At(source): At<String>,
    caller: Caller,
    body: Body,
) -> Result<Json<TestNotice>, Problem> {
    let Nothing {} = body.parse()?;
    let sent = desk.admin.test_contacts(&source, &caller.0).await?;
    Ok(Json(sent.into()))
}
