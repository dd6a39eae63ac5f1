//! `/agents`.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{put_answer, tagged};
use crate::extract::{At, Body, IfMatch};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{Agent, Deleted, List};
use crate::{Caller, Desk};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(get, put, delete))
}

/// All egress agents
#[utoipa::path(
    get, path = "/agents", operation_id = "listAgents", tag = "agents",
    responses(
        (status = 200, description = "All agents", body = List<Agent>),
        refusals::Plain,
    )
)]
async fn list(State(desk): State<Desk>) -> Result<Json<List<Agent>>, Problem> {
    Ok(Json(List::whole(desk.admin.agents().await?)))
}

/// One egress agent
#[utoipa::path(
    get, path = "/agents/{agent}", operation_id = "getAgent", tag = "agents",
    params(("agent" = String, Path, description = "The agent's name")),
    responses(
        (status = 200, description = "The agent", body = Agent,
            headers(("ETag" = String, description = "Its version, for If-Match"))),
        refusals::Reading,
    )
)]
async fn get(State(desk): State<Desk>, At(agent): At<String>) -> Result<Response, Problem> {
    let view = desk.admin.agent(&agent).await?;
    Ok(tagged(view.stored.version, Agent::from(view)))
}

/// Make or replace an egress agent
///
/// Credentials, in the URL's user part or as `username` and `password`, are kept as a secret and
/// never returned. Without them, what is stored stays.
#[utoipa::path(
    put, path = "/agents/{agent}", operation_id = "putAgent", tag = "agents",
    params(
        ("agent" = String, Path, description = "1 to 40 of a-z, 0-9 and hyphens"),
        ("If-Match" = Option<String>, Header, 
            description = "The ETag the change is based on; required unless the agent is new"),
    ),
    request_body = Agent,
    responses(
        (status = 200, description = "Replaced", body = Agent,
            headers(("ETag" = String, description = "Its new version"))),
        (status = 201, description = "Made", body = Agent,
            headers(
                ("ETag" = String, description = "Its version"),
                ("Location" = String, description = "Where it stands"),
            )),
        refusals::PuttingAgent,
    )
)]
async fn put(
    State(desk): State<Desk>,
    At(agent): At<String>,
    caller: Caller,
    IfMatch(precondition): IfMatch,
    body: Body,
) -> Result<Response, Problem> {
    let put = desk
        .admin
        .put_agent(&agent, &body.0, &precondition, &caller.0)
        .await?;
    let version = put.view.stored.version;
    let place = format!("/agents/{agent}");
    Ok(put_answer(
        put.created,
        place,
        version,
        Agent::from(put.view),
    ))
}

/// Delete an egress agent
///
/// Refused while a source names it.
#[utoipa::path(
    delete, path = "/agents/{agent}", operation_id = "deleteAgent", tag = "agents",
    params(
        ("agent" = String, Path, description = "The agent's name"),
        ("If-Match" = Option<String>, Header, description = "Its ETag; required"),
    ),
    responses(
        (status = 200, description = "It is gone", body = Deleted),
        refusals::DeletingAgent,
    )
)]
async fn delete(
    State(desk): State<Desk>,
    At(agent): At<String>,
    IfMatch(precondition): IfMatch,
) -> Result<Json<Deleted>, Problem> {
    let deleted = desk.admin.delete_agent(&agent, &precondition).await?;
    Ok(Json(deleted.into()))
}
