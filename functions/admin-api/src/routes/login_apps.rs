//! `/login-apps`, and credentials taken over from them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{put_answer, tagged};
use crate::extract::{At, Body, IfMatch};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{Deleted, ImportBody, List, LoginApp, Source};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(get, put, delete))
        .routes(routes!(import))
}

/// All login apps
#[utoipa::path(
    get, path = "/login-apps", operation_id = "listLoginApps", tag = "login-apps",
    responses(
        (status = 200, description = "All login apps", body = List<LoginApp>),
        refusals::Plain,
    )
)]
async fn list(State(desk): State<Desk>) -> Result<Json<List<LoginApp>>, Problem> {
    Ok(Json(List::whole(desk.admin.login_apps().await?)))
}

/// One login app
#[utoipa::path(
    get, path = "/login-apps/{app}", operation_id = "getLoginApp", tag = "login-apps",
    params(("app" = String, Path, description = "The login app's name")),
    responses(
        (status = 200, description = "The login app", body = LoginApp,
            headers(("ETag" = String, description = "Its version, for If-Match"))),
        refusals::Reading,
    )
)]
async fn get(State(desk): State<Desk>, At(app): At<String>) -> Result<Response, Problem> {
    let view = desk.admin.login_app(&app).await?;
    Ok(tagged(view.stored.version, LoginApp::from(view)))
}

/// Make or replace a login app
///
/// The secret is kept as a secret and never returned. Without it, what is stored stays.
#[utoipa::path(
    put, path = "/login-apps/{app}", operation_id = "putLoginApp", tag = "login-apps",
    params(
        ("app" = String, Path, description = "1 to 40 of a-z, 0-9 and hyphens"),
        ("If-Match" = Option<String>, Header,
            description = "The ETag the change is based on; required unless the app is new"),
    ),
    request_body = LoginApp,
    responses(
        (status = 200, description = "Replaced", body = LoginApp,
            headers(("ETag" = String, description = "Its new version"))),
        (status = 201, description = "Made", body = LoginApp,
            headers(
                ("ETag" = String, description = "Its version"),
                ("Location" = String, description = "Where it stands"),
            )),
        refusals::PuttingAgent,
    )
)]
async fn put(
    State(desk): State<Desk>,
    At(app): At<String>,
    caller: Caller,
    IfMatch(precondition): IfMatch,
    body: Body,
) -> Result<Response, Problem> {
    let put = desk
        .admin
        .put_login_app(&app, &body.0, &precondition, &caller.0)
        .await?;
    let version = put.view.stored.version;
    let place = format!("/login-apps/{app}");
    let shape = LoginApp::from(put.view);
    Ok(put_answer(put.created, place, version, shape))
}

/// Delete a login app
///
/// Sources that took its credentials over hold copies of their own and go on.
#[utoipa::path(
    delete, path = "/login-apps/{app}", operation_id = "deleteLoginApp", tag = "login-apps",
    params(
        ("app" = String, Path, description = "The login app's name"),
        ("If-Match" = Option<String>, Header, description = "Its ETag; required"),
    ),
    responses(
        (status = 200, description = "It is gone", body = Deleted),
        refusals::DeletingLoginApp,
    )
)]
async fn delete(
    State(desk): State<Desk>,
    At(app): At<String>,
    IfMatch(precondition): IfMatch,
) -> Result<Json<Deleted>, Problem> {
    let deleted = desk.admin.delete_login_app(&app, &precondition).await?;
    Ok(Json(deleted.into()))
}

/// Take credentials over from a login app
///
/// `corp_id`, `agent_id` and a copy of the secret replace the source's; everything else stays. The
/// login app must be on the same WeCom server.
#[utoipa::path(
    post, path = "/sources/{source}/credentials/import", operation_id = "importCredentials",
    tag = "login-apps",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("If-Match" = Option<String>, Header, description = "The source's ETag; required"),
    ),
    request_body = ImportBody,
    responses(
        (status = 200, description = "Taken over", body = Source,
            headers(("ETag" = String, description = "Its new version"))),
        refusals::Importing,
    )
)]
async fn import(
    State(desk): State<Desk>,
    At(source): At<String>,
    caller: Caller,
    IfMatch(precondition): IfMatch,
    body: Body,
) -> Result<Response, Problem> {
    let put = desk
        .admin
        .import_credentials(&source, &body.0, &precondition, &caller.0)
        .await?;
    Ok(tagged(put.view.stored.version, Source::from(put.view)))
}
