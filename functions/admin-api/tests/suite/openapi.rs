//! The OpenAPI document: made from the routes, served, and checked in.

use std::collections::BTreeSet;

use crate::common::Api;
use serde_json::Value;

const CHECKED_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

fn document() -> Value {
    serde_json::from_str(&admin_api::document()).unwrap()
}

/// To refresh it: `UPDATE_OPENAPI=1 cargo test -p admin-api --test suite openapi`.
#[test]
fn the_checked_in_document_is_what_the_code_says() {
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(CHECKED_IN, admin_api::document()).unwrap();
    }
    let checked_in = std::fs::read_to_string(CHECKED_IN).unwrap();
    assert!(
        checked_in == admin_api::document(),
        "refresh it: UPDATE_OPENAPI=1 cargo test -p admin-api --test suite openapi"
    );
}

#[tokio::test]
async fn the_document_is_served() {
    let served = Api::new().get("/openapi.json").await;
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.text, admin_api::document());
}

#[test]
fn the_document_has_the_routes_of_the_design() {
    let document = document();
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            found.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let expected = [
        "GET /agents",
        "GET /agents/{agent}",
        "PUT /agents/{agent}",
        "DELETE /agents/{agent}",
        "POST /agents/{agent}/check",
        "GET /login-apps",
        "GET /login-apps/{app}",
        "PUT /login-apps/{app}",
        "DELETE /login-apps/{app}",
        "POST /sources/{source}/credentials/import",
        "POST /sources/{source}/check",
        "POST /sources/{source}/preview",
        "GET /sources",
        "GET /sources/{source}",
        "PUT /sources/{source}",
        "DELETE /sources/{source}",
        "POST /sources/{source}/replace",
        "POST /sources/{source}/contacts/test",
        "GET /sources/{source}/history",
        "GET /sources/{source}/range",
        "GET /sources/{source}/range/affected",
        "POST /sources/{source}/range/accept",
        "GET /sources/{source}/runs",
        "POST /sources/{source}/runs",
        "GET /sources/{source}/runs/{run}",
        "GET /sources/{source}/runs/{run}/rows",
        "POST /sources/{source}/runs/{run}/cancel",
        "POST /sources/{source}/runs/{run}/undo",
        "GET /sources/{source}/held",
        "GET /sources/{source}/held/{fingerprint}/items",
        "POST /sources/{source}/held/{fingerprint}/approve",
        "POST /sources/{source}/held/{fingerprint}/reject",
        "GET /sources/{source}/kept",
        "DELETE /sources/{source}/kept/{kind}/{id}",
        "GET /sources/{source}/users",
        "GET /sources/{source}/users/{userid}",
        "POST /sources/{source}/users/{userid}/restore",
        "POST /sources/{source}/users/{userid}/resolve",
        "GET /sources/{source}/departments",
        "GET /sources/{source}/departments/{id}/users",
        "GET /health",
        "GET /openapi.json",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
}

#[test]
fn every_route_says_which_problems_it_answers_with() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        if ["/health", "/openapi.json"].contains(&path.as_str()) {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            let refusals = responses
                .iter()
                .filter(|(status, _)| status.as_str() >= "400");
            let mut count = 0;
            for (status, response) in refusals {
                let content = &response["content"]["application/problem+json"];
                let schema = &content["schema"]["$ref"];
                assert_eq!(
                    schema, "#/components/schemas/Problem",
                    "{method} {path} {status}"
                );
                count += 1;
            }
            assert!(count >= 2, "{method} {path}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value, document: &Value) {
        match value {
            Value::Object(map) => {
                if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.trim_start_matches('#');
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                map.values().for_each(|inner| walk(inner, document));
            }
            Value::Array(items) => items.iter().for_each(|inner| walk(inner, document)),
            _ => {}
        }
    }
    let document = document();
    walk(&document, &document);
}
