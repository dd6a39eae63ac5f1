//! The template's routes and the API's document name the same calls, so that IAM can tell apart
//! who changes what.

use std::collections::BTreeSet;

use serde_json::Value;
use tidy::{read, resources};

/// The keys of the template's routes, `$default` aside.
fn routes() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (id, route) in resources("AWS::ApiGatewayV2::Route") {
        let properties = &route["Properties"];
        let key = properties["RouteKey"].as_str().unwrap();
        assert_eq!(
            properties["AuthorizationType"].as_str(),
            Some("AWS_IAM"),
            "{id}"
        );
        assert!(keys.insert(key.to_owned()), "{key} twice");
    }
    assert!(keys.remove("$default"), "no default route");
    keys
}

/// `PUT /sources/{source}` and its like, as the document served by the API names them.
fn operations() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(&read("functions/admin-api/openapi.json")).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut operations = BTreeSet::new();
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys() {
            operations.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    operations
}

#[test]
fn whatever_is_no_get_has_a_route_of_its_own() {
    let routes = routes();
    for operation in operations() {
        assert!(
            operation.starts_with("GET ") || routes.contains(&operation),
            "no route of its own: {operation}"
        );
    }
}

#[test]
fn every_route_is_one_that_the_api_serves() {
    let operations = operations();
    for route in routes() {
        assert!(operations.contains(&route), "{route} is served by nobody");
    }
}

#[test]
fn the_api_answers_before_the_gateway_gives_up() {
    let functions = resources("AWS::Serverless::Function");
    let api = functions.iter().find(|(id, _)| id == "AdminApiFunction");
    let timeout = &api.unwrap().1["Properties"]["Timeout"];
    let integrations = resources("AWS::ApiGatewayV2::Integration");
    let patience = &integrations[0].1["Properties"]["TimeoutInMillis"];
    // The longest that API Gateway allows.
    assert_eq!(patience.as_u64(), Some(30_000));
    // A check takes 25 s at most (DESIGN.md §6), and there is something before and after it.
    assert_eq!(timeout.as_u64(), Some(29));
}

#[test]
fn both_functions_reach_agents_inside_a_vpc() {
    for (id, function) in resources("AWS::Serverless::Function") {
        let own = function["Properties"].get("VpcConfig");
        assert!(own.is_none(), "{id} does not share the VPC of the others");
    }
    let globals = &tidy::template()["Globals"]["Function"];
    assert!(globals.get("VpcConfig").is_some());
    for (id, role) in resources("AWS::IAM::Role") {
        let lambda = serde_norway::to_string(&role["Properties"]["AssumeRolePolicyDocument"]);
        if lambda.unwrap().contains("lambda.amazonaws.com") {
            let managed = role["Properties"].get("ManagedPolicyArns").is_some();
            assert!(managed, "{id} may not make network interfaces");
        }
    }
}
