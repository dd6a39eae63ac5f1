//! What routes take from a request, with refusals as problems.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use source_admin::{AdminError, Precondition};
use source_settings::{SettingsProblem, nesting_problem};

use crate::plain;
use crate::problem::Problem;

/// Parts of the path.
pub struct At<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(found)) => Ok(Self(found)),
            // Every part is taken as text: there is nothing else that can be wrong with one.
            Err(_) => Err(Problem::bad_parameter("path", "it is not UTF-8")),
        }
    }
}

/// Parameters of the query.
pub struct Asks<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asks<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(found)) => Ok(Self(found)),
            Err(error) => Err(Problem::bad_query(plain::of_query(&error.body_text()))),
        }
    }
}

/// The text of a JSON body; empty if there is none.
pub struct Body(pub String);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let json = says_json(request.headers());
        let body = Bytes::from_request(request, state);
        let body = body.await.map_err(unreadable)?;
        if !body.is_empty() && !json {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json_type",
                "the body does not say that it is JSON",
                "send the header Content-Type: application/json",
            ));
        }
        let text = String::from_utf8(body.to_vec());
        let text = text.map_err(|_| not_json("the body is not UTF-8"))?;
        match nesting_problem(&text) {
            Some(problem) => Err(too_deep(&text, problem)),
            None => Ok(Self(text)),
        }
    }
}

fn too_deep(text: &str, problem: SettingsProblem) -> Problem {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => AdminError::TooDeep(vec![problem]).into(),
        Err(_) => not_json("the body is not JSON"),
    }
}

impl Body {
    /// The body as `T`; no body at all counts as `{}`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let text = match self.0.trim() {
            "" => "{}",
            text => text,
        };
        // A text is judged as a whole before anybody looks at what it says.
        serde_json::from_str::<IgnoredAny>(text).map_err(|_| not_json("the body is not JSON"))?;
        let mut json = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut json)
            .map_err(|error| Problem::bad_body(plain::of_body(&error)))
    }
}

/// A form, which a browser would send from any page, is never taken for JSON.
fn says_json(headers: &HeaderMap) -> bool {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = given.map(|text| text.split(';').next().unwrap_or_default().trim());
    essence.is_some_and(|essence| {
        let essence = essence.to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json")
    })
}

fn unreadable(rejection: BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("the body is larger than {} bytes", crate::BODY_BYTES_MAX),
            "send a smaller body",
        ),
        _ => not_json("the body did not arrive as a whole"),
    }
}

fn not_json(detail: &str) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "not_json",
        detail,
        "send one JSON object",
    )
}

/// `If-Match`, as versions. Weak tags never match (RFC 9110 §13.1.1).
pub struct IfMatch(pub Precondition);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _state: &S,
    ) -> Result<Self, std::convert::Infallible> {
        let given: Vec<&str> = parts
            .headers
            .get_all(header::IF_MATCH)
            .iter()
            .flat_map(|value| value.to_str().unwrap_or_default().split(','))
            .map(str::trim)
            .collect();
        Ok(Self(if given.is_empty() {
            Precondition::Unstated
        } else if given.contains(&"*") {
            Precondition::Exists
        } else {
            Precondition::OneOf(given.iter().filter_map(|tag| version_of(tag)).collect())
        }))
    }
}

/// The version that an ETag of ours names.
fn version_of(tag: &str) -> Option<u64> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    digits.parse().ok()
}

/// The ETag of a version.
pub fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

/// `Idempotency-Key`, if the caller gave one.
pub struct IdempotencyKey(pub Option<String>);

const KEY_CHARS_MAX: usize = 255;

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Some(given) = parts.headers.get("idempotency-key") else {
            return Ok(Self(None));
        };
        let text = given.to_str().unwrap_or_default();
        if text.is_empty() || text.len() > KEY_CHARS_MAX {
            let message = format!("it has 1 to {KEY_CHARS_MAX} visible ASCII characters");
            return Err(Problem::bad_parameter("Idempotency-Key", message));
        }
        Ok(Self(Some(text.to_owned())))
    }
}
