//! One module per thing that the API shows. Each route: take the request apart, call one use case,
//! give its answer a shape.

pub mod agents;
pub mod checks;
pub mod clearing;
pub mod conflicts;
pub mod contacts;
pub mod directory;
pub mod giving_back;
pub mod held;
pub mod history;
pub mod kept;
pub mod login_apps;
pub mod preview;
pub mod range;
pub mod rows;
pub mod runs;
pub mod service;
pub mod sources;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use source_admin::ports::PageRequest;
use utoipa::IntoParams;

use crate::extract::etag;
use crate::problem::Problem;

const PAGE_ITEMS_DEFAULT: u32 = 100;
const PAGE_ITEMS_MAX: u32 = 1_000;

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// `next` of the page before.
    cursor: Option<String>,
    /// At most so many items; 100 if nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

impl Paging {
    fn request(self) -> Result<PageRequest, Problem> {
        let limit = self.limit.unwrap_or(PAGE_ITEMS_DEFAULT);
        if !(1..=PAGE_ITEMS_MAX).contains(&limit) {
            let message = format!("it is a number from 1 to {PAGE_ITEMS_MAX}");
            return Err(Problem::bad_parameter("?limit", message));
        }
        Ok(PageRequest {
            cursor: self.cursor,
            limit,
        })
    }
}

/// One thing with its version.
fn tagged<T: Serialize>(version: u64, shape: T) -> Response {
    ([(header::ETAG, etag(version))], Json(shape)).into_response()
}

/// The answer to a `PUT`: 201 with its place, or 200.
fn put_answer<T: Serialize>(created: bool, place: String, version: u64, shape: T) -> Response {
    let answer = tagged(version, shape);
    match created {
        true => (StatusCode::CREATED, [(header::LOCATION, place)], answer).into_response(),
        false => answer,
    }
}
