//! Only what the document names may stand in a query: a misspelled filter would show everything,
//! and nobody would notice.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::extract::{MatchedPath, Query, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::IgnoredAny;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use crate::problem::{FieldProblem, Problem};

/// The names that each operation takes in its query. One that refuses nothing, by the document,
/// takes anything: a monitor may ask `/health` as it likes.
pub(crate) struct Parameters(HashMap<(Method, String), BTreeSet<String>>);

impl Parameters {
    pub fn of(document: &OpenApi) -> Arc<Self> {
        let items = document.paths.paths.iter();
        let operations = items.flat_map(|(path, item)| {
            let operations = [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::DELETE, &item.delete),
            ];
            let there = operations
                .into_iter()
                .filter_map(|(method, operation)| Some((method, operation.as_ref()?)));
            let strict =
                there.filter(|(_, operation)| operation.responses.responses.contains_key("400"));
            strict.map(|(method, operation)| ((method, path.clone()), names(operation)))
        });
        Arc::new(Self(operations.collect()))
    }
}

fn names(operation: &Operation) -> BTreeSet<String> {
    let all = operation.parameters.iter().flatten();
    let inline = all.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    });
    let asked = inline.filter(|parameter| parameter.parameter_in == ParameterIn::Query);
    asked.map(|Parameter { name, .. }| name.clone()).collect()
}

pub(crate) async fn refuse_unknown(
    State(known): State<Arc<Parameters>>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let method = match request.method() {
        &Method::HEAD => Method::GET,
        other => other.clone(),
    };
    let Some(names) = known.0.get(&(method, path.as_str().to_owned())) else {
        return next.run(request).await;
    };
    let given = Query::<Vec<(String, IgnoredAny)>>::try_from_uri(request.uri());
    // What is no query at all is told by whoever takes one.
    let given = given.map(|Query(given)| given).unwrap_or_default();
    match given.into_iter().find(|(name, _)| !names.contains(name)) {
        Some((name, _)) => Problem::bad_query(unknown(&name, names)).into_response(),
        None => next.run(request).await,
    }
}

fn unknown(name: &str, names: &BTreeSet<String>) -> FieldProblem {
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    FieldProblem {
        pointer: format!("?{name}"),
        message: "nothing of this name is taken here".to_owned(),
        remedy: match known.as_slice() {
            [] => "leave it out: this call takes no parameters".to_owned(),
            known => format!("leave it out, or spell it as one of {}", known.join(", ")),
        },
    }
}
