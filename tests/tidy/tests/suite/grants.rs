//! IAM grants each function what its adapters do, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_norway::Value;
use tidy::{SourceFile, plain, read, resources, sources};

type Actions = BTreeSet<String>;

/// The verbs of the SDK, and how IAM spells them.
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

/// The functions, each with its role.
const ROLES: [(&str, &str); 2] = [("sync-org", "SyncOrgRole"), ("admin-api", "AdminApiRole")];

/// The actions of a role: all of them, or those on one resource as the template names it.
fn granted_to(role: &str, on: Option<&str>) -> Actions {
    let roles = resources("AWS::IAM::Role");
    let (_, role) = roles.into_iter().find(|(id, _)| id == role).unwrap();
    let mut actions = Actions::new();
    for policy in role["Properties"]["Policies"].as_sequence().unwrap() {
        for statement in policy["PolicyDocument"]["Statement"].as_sequence().unwrap() {
            let resource = plain(&statement["Resource"]).as_str();
            if on.is_none() || resource == on {
                actions.extend(actions_of(statement));
            }
        }
    }
    actions
}

fn actions_of(statement: &Value) -> Vec<String> {
    match plain(&statement["Action"]) {
        Value::String(action) => vec![action.clone()],
        Value::Sequence(list) => {
            let texts = list
                .iter()
                .map(|action| action.as_str().unwrap().to_owned());
            texts.collect()
        }
        other => panic!("an action that is no text: {other:?}"),
    }
}

/// What code that ships does.
fn used_in(wanted: impl Fn(&SourceFile) -> bool) -> Actions {
    let files = sources().into_iter().filter(|f| f.path.contains("/src/"));
    let files: Vec<_> = files
        .filter(|file| !file.is_test() && wanted(file))
        .collect();
    let used = |verb: &str| files.iter().any(|file| file.shipped().contains(verb));
    let found = VERBS.iter().filter(|(verb, _)| used(verb));
    found.map(|(_, action)| (*action).to_owned()).collect()
}

/// Each adapter that `aws-services` shows, with the module that it stands in.
fn adapters() -> BTreeMap<String, String> {
    let card = read("shared/aws-services/src/lib.rs");
    let mut adapters = BTreeMap::new();
    for line in card.lines() {
        let shown = line
            .strip_prefix("pub use ")
            .and_then(|it| it.strip_suffix(';'));
        let Some((module, names)) = shown.and_then(|shown| shown.split_once("::")) else {
            continue;
        };
        for name in names.trim_matches(['{', '}']).split(", ") {
            adapters.insert(name.to_owned(), module.to_owned());
        }
    }
    adapters
}

/// What the adapters do that this function plugs in, the store aside.
fn plugged_in(function: &str) -> Actions {
    let wiring = sources().into_iter().filter(|file| file.room() == function);
    let wiring: String = wiring.map(|file| file.shipped().to_owned()).collect();
    let adapters = adapters().into_iter();
    let modules: BTreeSet<String> = adapters
        .filter(|(adapter, _)| wiring.contains(&format!("{adapter}::new(")))
        .map(|(_, module)| module)
        .collect();
    assert!(!modules.is_empty(), "{function} plugs nothing in");
    used_in(|file| {
        let within = |module: &String| {
            let top = format!("shared/aws-services/src/{module}");
            file.path == format!("{top}.rs") || file.path.starts_with(&format!("{top}/"))
        };
        modules.iter().any(within)
    })
}

#[test]
fn each_function_is_granted_what_it_plugs_in_and_nothing_else() {
    for (function, role) in ROLES {
        let beside = |action: &String| {
            let exceptional = BESIDE_THE_ADAPTERS.iter().any(|(name, _)| name == action);
            exceptional || action.starts_with("dynamodb:")
        };
        let mut granted = granted_to(role, None);
        granted.retain(|action| !beside(action));
        assert_eq!(
            granted,
            plugged_in(function),
            "{role}: left granted, right used"
        );
    }
}

#[test]
fn what_the_store_does_is_granted_to_the_one_who_asks_it() {
    let in_store = |file: &SourceFile| file.room() == "dynamo-store";
    let mut granted = Actions::new();
    for (_, role) in ROLES {
        let dynamo = granted_to(role, None).into_iter();
        granted.extend(dynamo.filter(|action| action.starts_with("dynamodb:")));
    }
    assert_eq!(granted, used_in(in_store), "left granted, right used");
    let by_admins = used_in(|file| file.path.starts_with("shared/dynamo-store/src/admin/"));
    let to_admins = granted_to("AdminApiRole", None);
    for action in by_admins {
        assert!(to_admins.contains(&action), "admin-api lacks {action}");
    }
}

#[test]
fn administrators_read_the_directory_and_change_nothing_in_it() {
    let directory = granted_to("AdminApiRole", Some("DirectoryTable.Arn"));
    assert_eq!(
        directory.iter().collect::<Vec<_>>(),
        ["dynamodb:GetItem", "dynamodb:Query"]
    );
    let sync = granted_to("AdminApiRole", Some("SyncTable.Arn"));
    assert!(sync.contains("dynamodb:PutItem"));
    let runs = granted_to("SyncOrgRole", Some("DirectoryTable.Arn"));
    assert!(runs.contains("dynamodb:PutItem"));
}

#[test]
fn nothing_is_granted_that_nobody_needs() {
    let roles = resources("AWS::IAM::Role");
    let ids = roles.iter().map(|(id, _)| id);
    let granted: Actions = ids.flat_map(|id| granted_to(id, None)).collect();
    let used = used_in(|file| ["dynamo-store", "aws-services"].contains(&file.room()));
    for (action, _) in BESIDE_THE_ADAPTERS {
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
fn secrets_are_within_reach_by_their_prefix_only() {
    let mut statements = 0;
    for (_, role) in resources("AWS::IAM::Role") {
        for policy in role["Properties"]["Policies"].as_sequence().unwrap() {
            for statement in policy["PolicyDocument"]["Statement"].as_sequence().unwrap() {
                let secret = |action: &String| action.starts_with("secretsmanager:");
                if !actions_of(statement).iter().any(secret) {
                    continue;
                }
                let resource = plain(&statement["Resource"]).as_str().unwrap();
                assert!(
                    resource.ends_with(":secret:${AWS::StackName}/*"),
                    "{resource}"
                );
                statements += 1;
            }
        }
    }
    assert_eq!(statements, 2);
    let prefix = &tidy::template()["Globals"]["Function"]["Environment"]["Variables"];
    let prefix = plain(&prefix["SECRET_PREFIX"]).as_str();
    assert_eq!(prefix, Some("${AWS::StackName}/"));
}
