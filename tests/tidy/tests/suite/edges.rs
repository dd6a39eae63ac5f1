//! Arrows point one way (ARCHITECTURE.md, code map).

use std::collections::BTreeMap;

use tidy::crates;

/// Which rooms each room may enter. Everything else is a wrong turn.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let pure = ["org-model", "field-map", "org-plan", "source-settings"];
    let captains = [&pure[..], &["sync-run"]].concat();
    let adapters = [&captains[..], &["source-admin"]].concat();
    let functions = [
        &adapters[..],
        &[
            "wecom-client",
            "dynamo-store",
            "aws-services",
            "lambda-boot",
        ],
    ]
    .concat();
    BTreeMap::from([
        ("org-model", vec![]),
        ("field-map", vec!["org-model"]),
        ("org-plan", vec!["org-model"]),
        (
            "source-settings",
            vec!["org-model", "field-map", "org-plan"],
        ),
        ("sync-run", pure.to_vec()),
        ("source-admin", captains.clone()),
        ("wecom-client", adapters.clone()),
        ("dynamo-store", adapters.clone()),
        ("aws-services", adapters),
        ("lambda-boot", vec![]),
        ("sync-org", functions.clone()),
        ("admin-api", functions.clone()),
        (
            "local",
            [
                &functions[..],
                &["sync-org", "admin-api", "testkit", "wecom-sim"],
            ]
            .concat(),
        ),
    ])
}

#[test]
fn every_room_enters_only_the_rooms_it_may() {
    let crates = crates();
    let ours: Vec<&String> = crates.keys().collect();
    for (room, may) in allowed() {
        let edges = crates
            .get(room)
            .unwrap_or_else(|| panic!("the room {room} is missing"));
        for entered in edges.all.iter().filter(|name| ours.contains(name)) {
            assert!(
                may.contains(&entered.as_str()),
                "{room} must not depend on {entered}"
            );
        }
    }
}

#[test]
fn every_crate_has_the_name_of_its_folder_and_a_place_in_the_house() {
    let allowed = allowed();
    for (name, edges) in crates() {
        let folder = edges.folder.rsplit('/').next().unwrap();
        assert_eq!(folder, name, "folder and crate agree");
        let tests = edges.folder.starts_with("tests/");
        assert!(
            tests || allowed.contains_key(name.as_str()),
            "{name} has no place in the house"
        );
    }
}

#[test]
fn only_the_rooms_that_speak_to_aws_name_it() {
    let may = ["dynamo-store", "aws-services", "lambda-boot"];
    for (name, edges) in crates() {
        let aws = edges
            .all
            .iter()
            .find(|d| d.starts_with("aws-") && *d != "aws-services");
        let free = may.contains(&name.as_str()) || edges.folder.starts_with("tests/");
        assert!(
            free || aws.is_none(),
            "{name} must not name {}",
            aws.unwrap()
        );
    }
}

#[test]
fn pure_rooms_have_no_runtime_no_network_and_no_log() {
    let forbidden = [
        "tokio",
        "reqwest",
        "tracing",
        "axum",
        "futures",
        "async-trait",
        "anyhow",
    ];
    let crates = crates();
    for room in ["org-model", "field-map", "org-plan", "source-settings"] {
        let edges = &crates[room].all;
        let found = forbidden.iter().find(|name| edges.contains(**name));
        assert!(
            found.is_none(),
            "{room} must not depend on {}",
            found.unwrap()
        );
    }
}

#[test]
fn the_captain_knows_no_http_and_no_environment() {
    let forbidden = ["reqwest", "axum", "hyper", "lambda_http", "lambda_runtime"];
    let crates = crates();
    for room in ["sync-run", "source-admin"] {
        let found = forbidden
            .iter()
            .find(|name| crates[room].all.contains(**name));
        assert!(
            found.is_none(),
            "{room} must not depend on {}",
            found.unwrap()
        );
    }
}
