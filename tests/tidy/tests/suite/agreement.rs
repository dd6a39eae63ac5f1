//! Template, functions, adapters and environment say the same.

use std::collections::BTreeSet;

use tidy::{crates, read, resources, template};

#[test]
fn every_function_of_the_template_is_a_crate_with_its_name() {
    let crates = crates();
    let functions = resources("AWS::Serverless::Function");
    assert_eq!(functions.len(), 2);
    for (logical_id, function) in functions {
        let binary = function["Metadata"]["BuildProperties"]["Binary"]
            .as_str()
            .unwrap();
        assert_eq!(crates[binary].folder, format!("functions/{binary}"));
        let words = binary
            .split('-')
            .map(|word| word[..1].to_uppercase() + &word[1..]);
        assert_eq!(logical_id, words.collect::<String>() + "Function");
        assert_eq!(
            function["Metadata"]["BuildMethod"].as_str(),
            Some("rust-cargolambda")
        );
    }
}

#[test]
fn the_template_sets_every_variable_that_the_functions_read() {
    let template = template();
    let set = &template["Globals"]["Function"]["Environment"]["Variables"];
    let set: BTreeSet<&str> = set
        .as_mapping()
        .unwrap()
        .keys()
        .map(|k| k.as_str().unwrap())
        .collect();
    let read_by_us = [
        "DIRECTORY_TABLE",
        "SYNC_TABLE",
        "NOTICE_TOPIC_ARN",
        "EVENT_BUS_NAME",
        "SYNC_FUNCTION_ARN",
        "SCHEDULE_GROUP",
        "SCHEDULE_ROLE_ARN",
        "SECRET_PREFIX",
    ];
    let boot = read("shared/lambda-boot/src/settings.rs");
    for variable in read_by_us {
        assert!(
            set.contains(variable),
            "the template does not set {variable}"
        );
        assert!(
            boot.contains(&format!("\"{variable}\"")),
            "nobody reads {variable}"
        );
    }
}

#[test]
fn what_must_not_be_lost_is_retained() {
    let kinds = ["AWS::DynamoDB::Table", "AWS::SNS::Topic"];
    for (id, resource) in kinds.iter().flat_map(|kind| resources(kind)) {
        assert_eq!(resource["DeletionPolicy"].as_str(), Some("Retain"), "{id}");
        assert_eq!(
            resource["UpdateReplacePolicy"].as_str(),
            Some("Retain"),
            "{id}"
        );
    }
}

#[test]
fn the_directory_is_protected_and_never_expires() {
    let tables = resources("AWS::DynamoDB::Table");
    let properties =
        |id: &str| tables.iter().find(|(name, _)| name == id).unwrap().1["Properties"].clone();
    let directory = properties("DirectoryTable");
    assert_eq!(directory["DeletionProtectionEnabled"].as_bool(), Some(true));
    assert!(directory.get("TimeToLiveSpecification").is_none());
    assert!(directory.get("StreamSpecification").is_some());
    for table in [directory, properties("SyncTable")] {
        let recovery = &table["PointInTimeRecoverySpecification"];
        assert_eq!(recovery["PointInTimeRecoveryEnabled"].as_bool(), Some(true));
        assert_eq!(table["BillingMode"].as_str(), Some("PAY_PER_REQUEST"));
    }
}
