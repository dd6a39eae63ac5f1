//! Checks that ask WeCom: of a source, and of an agent.

use axum::extract::State;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Desk;
use crate::extract::{At, Body};
use crate::language::{Speaks, spoken};
use crate::openapi::refusals;
use crate::problem::Problem;
use crate::shapes::{AgentCheck, AgentCheckBody, SourceCheck};

pub fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
        .routes(routes!(check_source))
        .routes(routes!(check_agent))
}

/// Check a source step by step
///
/// Agent, TLS, token, trusted IP, visible range, department read, member read, with the stored
/// settings and within 25 s. A step that fails is no error of the call. A wrong secret is tried
/// once.
#[utoipa::path(
    post, path = "/sources/{source}/check", operation_id = "checkSource", tag = "sources",
    params(
        ("source" = String, Path, description = "The source's name"),
        ("Accept-Language" = Option<String>, Header,
            description = "`zh` for sentences in Chinese, else they are in English"),
    ),
    responses(
        (status = 200, description = "What every step found", body = SourceCheck,
            headers(("Content-Language" = String, description = "`en` or `zh-CN`"))),
        refusals::Checking,
    )
)]
async fn check_source(
    State(desk): State<Desk>,
    At(source): At<String>,
    Speaks(language): Speaks,
    body: Body,
) -> Result<Response, Problem> {
    let checked = desk.admin.check_source(&source, &body.0).await?;
    Ok(spoken(language, SourceCheck::of(checked, language)))
}

/// Check an agent
///
/// WeCom is asked through it for nothing but its refusal, which names the address it saw; then,
/// with the app of a source, whether WeCom trusts that address. What was found stands under the
/// agent's `state` until its settings change.
#[utoipa::path(
    post, path = "/agents/{agent}/check", operation_id = "checkAgent", tag = "agents",
    params(
        ("agent" = String, Path, description = "The agent's name"),
        ("Accept-Language" = Option<String>, Header,
            description = "`zh` for sentences in Chinese, else they are in English"),
    ),
    request_body = Option<AgentCheckBody>,
    responses(
        (status = 200, description = "What was found", body = AgentCheck,
            headers(("Content-Language" = String, description = "`en` or `zh-CN`"))),
        refusals::Checking,
    )
)]
async fn check_agent(
    State(desk): State<Desk>,
    At(agent): At<String>,
    Speaks(language): Speaks,
    body: Body,
) -> Result<Response, Problem> {
    let checked = desk.admin.check_agent(&agent, &body.0).await?;
    Ok(spoken(language, AgentCheck::of(checked, language)))
}
