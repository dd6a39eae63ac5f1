use std::collections::BTreeMap;

use super::Settings;

fn whole() -> BTreeMap<&'static str, String> {
    let values = [
        "wecom-directory",
        "wecom-sync",
        "arn:aws-cn:sns:cn-north-1:123456789012:notices",
        "wecom-sync",
        "arn:aws-cn:lambda:cn-north-1:123456789012:function:wecom-sync-org",
        "wecom-sync-sources",
        "arn:aws-cn:iam::123456789012:role/schedules",
        "wecom-sync/",
    ];
    let owned = values.map(str::to_owned);
    Settings::VARIABLES.into_iter().zip(owned).collect()
}

fn read(variables: &BTreeMap<&'static str, String>) -> Result<Settings, String> {
    Settings::read(|name| variables.get(name).cloned()).map_err(|error| error.to_string())
}

#[test]
fn a_whole_environment_becomes_settings_field_by_field() {
    let settings = read(&whole()).unwrap();
    let fields = [
        settings.directory_table,
        settings.sync_table,
        settings.notice_topic_arn,
        settings.event_bus_name,
        settings.sync_function_arn,
        settings.schedule_group,
        settings.schedule_role_arn,
        settings.secret_prefix,
    ];
    let read: BTreeMap<_, _> = Settings::VARIABLES.into_iter().zip(fields).collect();
    assert_eq!(read, whole());
}

#[test]
fn an_empty_environment_reports_every_variable_at_once() {
    let error = read(&BTreeMap::new()).unwrap_err();
    assert_eq!(
        error,
        "8 problems in the environment: DIRECTORY_TABLE is missing; SYNC_TABLE is missing; \
         NOTICE_TOPIC_ARN is missing; EVENT_BUS_NAME is missing; SYNC_FUNCTION_ARN is missing; \
         SCHEDULE_GROUP is missing; SCHEDULE_ROLE_ARN is missing; SECRET_PREFIX is missing"
    );
}

#[test]
fn different_problems_stand_in_one_sentence_and_no_value_is_repeated() {
    let mut variables = whole();
    variables.insert("SYNC_TABLE", String::new());
    variables.insert("NOTICE_TOPIC_ARN", "arn:aws:sqs:eu:1:s3cret".to_owned());
    variables.insert("SECRET_PREFIX", "s3cret prefix".to_owned());
    assert_eq!(
        read(&variables).unwrap_err(),
        "3 problems in the environment: SYNC_TABLE is empty; \
         NOTICE_TOPIC_ARN is not the ARN of an SNS topic; \
         SECRET_PREFIX is not the prefix of a secret's name"
    );
}

#[test]
fn every_variable_is_judged_by_its_shape() {
    for variable in Settings::VARIABLES {
        for bad in [
            " ",
            "a name with spaces",
            "arn:aws:s3:::bucket",
            "arn:aws:sns:eu:1",
        ] {
            let mut variables = whole();
            variables.insert(variable, bad.to_owned());
            let error = read(&variables).unwrap_err();
            let expected = format!("a problem in the environment: {variable} is not the ");
            assert!(error.starts_with(&expected), "{variable}={bad}: {error}");
        }
    }
}

#[test]
fn names_have_the_lengths_of_their_service() {
    for (variable, too_long) in [("DIRECTORY_TABLE", 256), ("SCHEDULE_GROUP", 65)] {
        let mut variables = whole();
        variables.insert(variable, "n".repeat(too_long));
        assert!(read(&variables).is_err(), "{variable}");
        variables.insert(variable, "n".repeat(too_long - 1));
        assert!(read(&variables).is_ok(), "{variable}");
    }
}
