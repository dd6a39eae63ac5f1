//! The HTTP API of administrators.
//!
//! - **For:** the routes of DESIGN.md §6 as one axum router, served by a Lambda function and by the
//!   local runner alike.
//! - **Knows:** paths, headers, status codes, the JSON shapes, and the OpenAPI document they make.
//! - **Must never know:** what a use case does, how anything is stored, or a secret's value.
//! - **Keeps invariant 6 of ARCHITECTURE.md:** no answer repeats a secret, and every refusal says
//!   who should do what.

mod caller;
mod csv;
mod extract;
mod form;
pub mod lambda;
mod language;
mod openapi;
mod parameters;
mod plain;
mod problem;
mod routes;
mod shapes;
mod wiring;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use source_admin::Admin;

pub use caller::Caller;
pub use openapi::document;
pub use problem::{FieldProblem, Problem};
pub use wiring::from_environment;

/// A body of settings is a few kilobytes; a long list of exceptions tens of them.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// What every route may use.
#[derive(Clone)]
pub(crate) struct Desk {
    admin: Admin,
    openapi: Arc<str>,
}

/// All routes over these use cases. The caller is taken from API Gateway's request context, else
/// from a [`Caller`] that an outer layer put into the request's extensions, else it is `local`.
pub fn router(admin: Admin) -> Router {
    let (routes, document) = openapi::routes();
    let parameters = parameters::Parameters::of(&document);
    let desk = Desk {
        admin,
        openapi: openapi::pretty(&document).into(),
    };
    routes
        .route_layer(from_fn_with_state(parameters, parameters::refuse_unknown))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(problem::refuse_other_sites))
        .with_state(desk)
}
