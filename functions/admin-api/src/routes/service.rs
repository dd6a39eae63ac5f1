//! `/health` and `/openapi.json`.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Desk;

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(health))
        .routes(routes!(openapi))
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
}

/// Is the API alive? Says nothing about what lies behind it
#[utoipa::path(
    get, path = "/health", operation_id = "health", tag = "service",
    responses((status = 200, description = "It is", body = Health))
)]
async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// This document
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "service",
    responses((status = 200, description = "An OpenAPI document", body = serde_json::Value))
)]
async fn openapi(State(desk): State<Desk>) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, desk.openapi.to_string()).into_response()
}
