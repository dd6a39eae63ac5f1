//! Which refusals a route may answer with: sets of problems for the document.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

macro_rules! sets {
    ($($(#[$doc:meta])* $name:ident: [$($status:literal),+];)+) => {$(
        $(#[$doc])*
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$($status),+].into_iter().map(problem).collect()
            }
        }
    )+};
}

sets! {
    Plain: [400, 500, 503];
    Reading: [400, 404, 500, 503];
    Listing: [400, 404, 500, 503];
    ListingRows: [400, 404, 406, 500, 503];
    PuttingAgent: [400, 403, 412, 413, 415, 422, 428, 500, 503];
    DeletingAgent: [400, 403, 404, 409, 412, 428, 500, 503];
    DeletingLoginApp: [400, 403, 404, 412, 428, 500, 503];
    Checking: [400, 403, 404, 409, 413, 415, 422, 500, 503];
    Importing: [400, 403, 404, 409, 412, 413, 415, 422, 428, 500, 503];
    PuttingSource: [400, 403, 409, 412, 413, 415, 422, 428, 500, 503];
    AskingForRun: [400, 403, 404, 409, 413, 415, 422, 500, 503];
    Testing: [400, 403, 404, 409, 413, 415, 422, 500, 503];
    Deciding: [400, 403, 404, 409, 413, 415, 422, 500, 503];
    Replacing: [400, 403, 404, 409, 412, 413, 415, 422, 428, 500, 503];
    Deleting: [400, 403, 404, 409, 412, 428, 500, 503];
    ClearingKept: [400, 403, 404, 500, 503];
}

fn problem(status: u16) -> (String, RefOr<Response>) {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new()
        .description(meaning(status))
        .content("application/problem+json", content)
        .build();
    (status.to_string(), RefOr::T(response))
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The body is not JSON, or a parameter cannot be used",
        403 => "Another web page sent it",
        404 => "There is no such thing",
        406 => "It does not come in the form that was asked for",
        409 => "It contradicts how things stand, such as a live run",
        412 => "It was changed since the version that If-Match names",
        413 => "The body is too large",
        415 => "The body does not say that it is JSON",
        422 => "The body is wrong; `errors` names everything that is",
        428 => "A change must say which version it is based on",
        500 => "The system failed; nothing that was promised is lost",
        503 => "Something behind the API does not answer; try again later",
        _ => "Refused",
    }
}
