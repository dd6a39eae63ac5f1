//! Refusals as RFC 9457 `application/problem+json`.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use org_model::{Fingerprint, RunId};
use serde::Serialize;
use source_admin::{AdminError, Warning};
use source_settings::SettingsProblem;
use sync_run::ports::StoreError;
use utoipa::ToSchema;

/// A refused or failed call (RFC 9457). Unless it says otherwise, nothing was changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:wecom-sync:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: Box<str>,
    pub title: &'static str,
    pub status: u16,
    #[schema(value_type = String)]
    pub detail: Box<str>,
    /// Stable, for programs.
    pub code: &'static str,
    /// What to do, as a sentence.
    pub remedy: &'static str,
    /// Everything that is wrong with the body or the query, or that is left to do, in one answer.
    #[serde(skip_serializing_if = "is_empty")]
    #[schema(value_type = Vec<FieldProblem>, required = false)]
    pub errors: Box<[FieldProblem]>,
    /// The fingerprint that stands in place of the one that was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub fingerprint: Option<Box<Fingerprint>>,
    /// The run that is in the way, or that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub run: Option<Box<RunId>>,
}

fn is_empty(errors: &[FieldProblem]) -> bool {
    errors.is_empty()
}

/// One thing that is wrong. Never repeats the value that was given.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// RFC 6901, such as `/schedule/every`; `?limit` for a parameter of the query; empty for all.
    pub pointer: String,
    pub message: String,
    pub remedy: String,
}

impl From<SettingsProblem> for FieldProblem {
    fn from(problem: SettingsProblem) -> Self {
        Self {
            pointer: problem.pointer,
            message: problem.message,
            remedy: problem.remedy,
        }
    }
}

impl From<Warning> for FieldProblem {
    fn from(left: Warning) -> Self {
        Self {
            pointer: left.pointer.unwrap_or_default(),
            message: left.message,
            remedy: left.remedy,
        }
    }
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Box<str>>,
        remedy: &'static str,
    ) -> Self {
        Self {
            kind: format!("urn:wecom-sync:problem:{code}").into(),
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            remedy,
            errors: Box::default(),
            fingerprint: None,
            run: None,
        }
    }

    /// A parameter of the query, or a header, that nobody can use.
    pub(crate) fn bad_parameter(name: &str, message: impl Into<String>) -> Self {
        Self::bad_query(FieldProblem {
            pointer: name.to_owned(),
            message: message.into(),
            remedy: "correct that parameter".to_owned(),
        })
    }

    /// A body that is JSON and says something that nobody can use.
    pub(crate) fn bad_body(found: FieldProblem) -> Self {
        let place = match found.pointer.as_str() {
            "" => "the body",
            pointer => pointer,
        };
        let mut problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            format!("{place} cannot be used: {}", found.message),
            "correct what `errors` names and send the whole body again",
        );
        problem.errors = Box::new([found]);
        problem
    }

    /// The same of a query, judged already.
    pub(crate) fn bad_query(found: FieldProblem) -> Self {
        let mut problem = Self::new(
            StatusCode::BAD_REQUEST,
            "bad_parameter",
            format!("{} cannot be used: {}", found.pointer, found.message),
            "correct that parameter",
        );
        problem.errors = Box::new([found]);
        problem
    }
}

fn status_of(error: &AdminError) -> StatusCode {
    match error {
        AdminError::NotFound { .. }
        | AdminError::SourceCleared(..)
        | AdminError::SourceVacant(_) => StatusCode::NOT_FOUND,
        AdminError::NotJson(_) | AdminError::BadCursor => StatusCode::BAD_REQUEST,
        AdminError::Invalid(_) | AdminError::TooDeep(_) | AdminError::KeyReused { .. } => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        AdminError::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
        AdminError::Stale => StatusCode::PRECONDITION_FAILED,
        AdminError::OtherOrganisation
        | AdminError::RunLive { .. }
        | AdminError::ApprovalInUse { .. }
        | AdminError::AgentInUse(_)
        | AdminError::OtherServer(_)
        | AdminError::SourceUnreadable
        | AdminError::NoSecret
        | AdminError::MissingAgent(_)
        | AdminError::AgentCredentials(_)
        | AdminError::BeingCleared(..)
        | AdminError::NoContacts
        | AdminError::NoRangeWaits
        | AdminError::StaleRange { .. }
        | AdminError::RangeDecided
        | AdminError::RunOver { .. }
        | AdminError::RunNotOver { .. }
        | AdminError::NothingToUndo { .. }
        | AdminError::NotDeleted { .. }
        | AdminError::NoConflict { .. }
        | AdminError::OtherConflict { .. }
        | AdminError::NotWaiting { .. } => StatusCode::CONFLICT,
        AdminError::NoSuchLoginApp(_) | AdminError::UnknownPlan => StatusCode::UNPROCESSABLE_ENTITY,
        AdminError::Vault(_)
        | AdminError::SecretUnread(_)
        | AdminError::Notifier(_)
        | AdminError::Store(StoreError::Unavailable { .. } | StoreError::Conflict { .. }) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        AdminError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        let status = status_of(&error);
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        if status.is_server_error() {
            // The one place where a failed call is logged.
            let cause = cause.as_deref().unwrap_or_default();
            tracing::error!(code = error.code(), cause, "{error}");
        }
        let detail = match cause {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        let mut problem = Self::new(status, error.code(), detail, error.remedy_text());
        match error {
            AdminError::Invalid(found)
            | AdminError::TooDeep(found)
            | AdminError::NoSuchLoginApp(found)
            | AdminError::OtherServer(found)
            | AdminError::NotJson(found) => {
                problem.errors = found.into_iter().map(FieldProblem::from).collect();
            }
            AdminError::SourceCleared(_, left) | AdminError::BeingCleared(_, left) => {
                problem.errors = left.into_iter().map(FieldProblem::from).collect();
            }
            AdminError::StaleRange { fingerprint } => {
                problem.fingerprint = Some(Box::new(fingerprint));
            }
            AdminError::RunLive { run }
            | AdminError::ApprovalInUse { run }
            | AdminError::KeyReused { run }
            | AdminError::RunOver { run }
            | AdminError::RunNotOver { run }
            | AdminError::NothingToUndo { run } => {
                problem.run = Some(Box::new(run));
            }
            _ => {}
        }
        problem
    }
}

/// Throttled or unreachable: clients may come back after so many seconds.
const RETRY_AFTER_SECONDS: u16 = 5;

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let code = self.status;
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        }
        response
    }
}

/// A browser says from where a request came; other pages may look, not ask. The local runner has
/// no other identity to go by.
pub(crate) async fn refuse_other_sites(request: Request, next: Next) -> Response {
    let site = request.headers().get("sec-fetch-site");
    let own = site.is_none_or(|site| site == "same-origin" || site == "none");
    if own || request.method().is_safe() {
        return next.run(request).await;
    }
    let refused = Problem::new(
        StatusCode::FORBIDDEN,
        "other_site",
        "another web page sent this",
        "make the call yourself",
    );
    refused.into_response()
}

pub(crate) async fn no_such_path(uri: Uri) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no_such_path",
        format!("there is nothing at {}", uri.path()),
        "look at /openapi.json for what there is",
    )
}

pub(crate) async fn no_such_method(method: Method) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "no_such_method",
        format!("{method} is not for this path"),
        "use a method that the Allow header names",
    )
}
