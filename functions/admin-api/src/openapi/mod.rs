//! The OpenAPI document, made from the routes themselves.

pub mod refusals;

use axum::Router;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::problem::Problem;
use crate::{Desk, routes};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "wecom-sync",
        description = "Keeps a directory in DynamoDB equal to a company's WeCom organisation. \
            Times are RFC 3339 in UTC; lists are paged by cursor; errors are RFC 9457 problems.",
        license(name = "Not licensed")
    ),
    components(schemas(Problem)),
    tags(
        (name = "agents", description = "Egress proxies with an address that WeCom trusts"),
        (name = "login-apps", description = "WeCom apps configured for sign-in"),
        (name = "sources", description = "Configured WeCom organisations"),
        (name = "range", description = "What the WeCom app may see, and what is missing of it"),
        (name = "runs", description = "Executions and their log"),
        (name = "held", description = "Deletions that wait for a person"),
        (name = "directory", description = "People and departments"),
        (name = "service", description = "The API itself"),
    )
)]
struct Head;

pub(crate) fn routes() -> (Router<Desk>, OpenApi) {
    OpenApiRouter::with_openapi(Head::openapi())
        .merge(routes::agents::routes())
        .merge(routes::login_apps::routes())
        .merge(routes::sources::routes())
        .merge(routes::checks::routes())
        .merge(routes::preview::routes())
        .merge(routes::contacts::routes())
        .merge(routes::history::routes())
        .merge(routes::range::routes())
        .merge(routes::clearing::routes())
        .merge(routes::runs::routes())
        .merge(routes::rows::routes())
        .merge(routes::giving_back::routes())
        .merge(routes::held::routes())
        .merge(routes::kept::routes())
        .merge(routes::directory::routes())
        .merge(routes::conflicts::routes())
        .merge(routes::service::routes())
        .split_for_parts()
}

/// The document, as it is checked in: `functions/admin-api/openapi.json`.
pub fn document() -> String {
    pretty(&routes().1)
}

pub(crate) fn pretty(document: &OpenApi) -> String {
    // A document of plain strings and maps: there is nothing in it that JSON cannot say.
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
