//! Template, functions, adapters and environment say the same.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::collections::BTreeSet;

use serde_norway::Value;
use tidy::{crates, read, sources};

fn template() -> Value {
    serde_norway::from_str(&read("template.yaml")).unwrap()
}

/// Looks through `!Ref`, `!Sub` and their like.
fn plain(value: &Value) -> &Value {
    match value {
        Value::Tagged(tagged) => plain(&tagged.value),
        other => other,
    }
}

fn resources(kind: &str) -> Vec<(String, Value)> {
    let template = template();
    let all = template["Resources"].as_mapping().unwrap();
    let wanted = all
        .iter()
        .filter(|(_, resource)| resource["Type"].as_str() == Some(kind));
    wanted
        .map(|(id, resource)| (id.as_str().unwrap().to_owned(), resource.clone()))
        .collect()
}

fn actions_of(role: &Value) -> BTreeSet<String> {
    let mut actions = BTreeSet::new();
    for policy in role["Properties"]["Policies"].as_sequence().unwrap() {
        for statement in policy["PolicyDocument"]["Statement"].as_sequence().unwrap() {
            match plain(&statement["Action"]) {
                Value::String(action) => drop(actions.insert(action.clone())),
                Value::Sequence(list) => {
                    actions.extend(
                        list.iter()
                            .map(|action| action.as_str().unwrap().to_owned()),
                    );
                }
                other => panic!("an action that is no text: {other:?}"),
            }
        }
    }
    actions
}

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

/// The verbs of the SDK that the adapters use, as IAM spells them.
fn actions_in_use() -> BTreeSet<String> {
    const VERBS: [(&str, &str); 26] = [
        (".batch_get_item()", "dynamodb:BatchGetItem"),
        (".batch_write_item()", "dynamodb:BatchWriteItem"),
        (".get_item()", "dynamodb:GetItem"),
        (".put_item()", "dynamodb:PutItem"),
        (".update_item()", "dynamodb:UpdateItem"),
        (".delete_item()", "dynamodb:DeleteItem"),
        (".query()", "dynamodb:Query"),
        ("ConditionCheck::builder()", "dynamodb:ConditionCheckItem"),
        (".scan()", "dynamodb:Scan"),
        (".publish()", "sns:Publish"),
        (".subscribe()", "sns:Subscribe"),
        (".unsubscribe()", "sns:Unsubscribe"),
        (
            ".list_subscriptions_by_topic()",
            "sns:ListSubscriptionsByTopic",
        ),
        (
            ".get_subscription_attributes()",
            "sns:GetSubscriptionAttributes",
        ),
        (
            ".set_subscription_attributes()",
            "sns:SetSubscriptionAttributes",
        ),
        (".put_events()", "events:PutEvents"),
        (".create_secret()", "secretsmanager:CreateSecret"),
        (".get_secret_value()", "secretsmanager:GetSecretValue"),
        (".delete_secret()", "secretsmanager:DeleteSecret"),
        (".put_secret_value()", "secretsmanager:PutSecretValue"),
        (".tag_resource()", "secretsmanager:TagResource"),
        (".create_schedule()", "scheduler:CreateSchedule"),
        (".update_schedule()", "scheduler:UpdateSchedule"),
        (".get_schedule()", "scheduler:GetSchedule"),
        (".delete_schedule()", "scheduler:DeleteSchedule"),
        (".invoke()", "lambda:InvokeFunction"),
    ];
    let rooms = ["dynamo-store", "aws-services"];
    let files: Vec<_> = sources()
        .into_iter()
        .filter(|f| rooms.contains(&f.room()))
        .collect();
    let shipped: Vec<_> = files.iter().filter(|f| f.path.contains("/src/")).collect();
    let used = |verb: &str| shipped.iter().any(|file| file.shipped().contains(verb));
    VERBS
        .iter()
        .filter(|(verb, _)| used(verb))
        .map(|(_, action)| (*action).to_owned())
        .collect()
}

/// What AWS itself does in a role's name, and why.
const BESIDE_THE_ADAPTERS: [(&str, &str); 4] = [
    ("logs:CreateLogStream", "Lambda writes what a function says"),
    ("logs:PutLogEvents", "Lambda writes what a function says"),
    ("sqs:SendMessage", "Lambda reports a failed invocation"),
    (
        "iam:PassRole",
        "a schedule is made with the role it will use",
    ),
];

/// What a role may do with a table, by the statement's `Resource`.
fn actions_on(role: &str, table: &str) -> BTreeSet<String> {
    let roles = resources("AWS::IAM::Role");
    let (_, role) = roles.into_iter().find(|(id, _)| id == role).unwrap();
    let mut found = BTreeSet::new();
    for policy in role["Properties"]["Policies"].as_sequence().unwrap() {
        for statement in policy["PolicyDocument"]["Statement"].as_sequence().unwrap() {
            let resource = plain(&statement["Resource"]).as_str();
            if resource == Some(&format!("{table}.Arn")) {
                let actions = &statement["Action"];
                let actions = actions.as_sequence().unwrap().iter();
                found.extend(actions.map(|action| action.as_str().unwrap().to_owned()));
            }
        }
    }
    found
}

#[test]
fn administrators_read_the_directory_and_delete_nothing() {
    let directory = actions_on("AdminApiRole", "DirectoryTable");
    assert_eq!(
        directory.iter().collect::<Vec<_>>(),
        ["dynamodb:GetItem", "dynamodb:Query"]
    );
    let sync = actions_on("AdminApiRole", "SyncTable");
    assert!(sync.contains("dynamodb:PutItem"));
    assert!(!sync.contains("dynamodb:DeleteItem"));
    let runs = actions_on("SyncOrgRole", "DirectoryTable");
    assert!(runs.contains("dynamodb:PutItem"));
    assert!(
        !runs.contains("dynamodb:UpdateItem"),
        "items are written whole"
    );
}

#[test]
fn what_the_adapters_do_is_what_iam_grants() {
    let granted: BTreeSet<String> = resources("AWS::IAM::Role")
        .iter()
        .flat_map(|(_, role)| actions_of(role))
        .collect();
    let used = actions_in_use();
    for action in &used {
        assert!(granted.contains(action), "no role grants {action}");
    }
    let named: BTreeSet<&str> = BESIDE_THE_ADAPTERS
        .iter()
        .map(|(action, _)| *action)
        .collect();
    for action in &granted {
        let needed = used.contains(action) || named.contains(action.as_str());
        assert!(needed, "nobody needs {action}");
    }
    for action in named {
        assert!(
            granted.contains(action),
            "{action} is no exception any more"
        );
        assert!(!used.contains(action), "an adapter uses {action}");
    }
    assert!(
        granted.iter().all(|action| !action.contains('*')),
        "no wildcards"
    );
    assert!(
        !granted.contains("dynamodb:Scan"),
        "nobody may scan a table"
    );
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
