//! Story 29: whoever sends the notices is broken, and somebody hears of it all the same. The alarm
//! for a silent housekeeping counts a sentence in the log; somebody has to say it.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_norway::Value;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

#[test]
fn the_heartbeat_alarm_listens_to_a_sentence_that_sync_org_says() {
    let template = fs::read_to_string(project("template.yaml")).unwrap();
    let (_, pattern) = template.split_once("FilterPattern: '").unwrap();
    let (sentence, _) = pattern.split_once('\'').unwrap();
    assert!(sentence.len() > 2 && sentence.starts_with('"') && sentence.ends_with('"'));
    let says = |file: PathBuf| fs::read_to_string(file).unwrap().contains(sentence);
    let sources = fs::read_dir(project("functions/sync-org/src")).unwrap();
    let mut sources = sources.map(|entry| entry.unwrap().path());
    assert!(
        sources.any(|path| path.is_file() && says(path)),
        "sync-org never says {sentence}"
    );
}

/// A resource's properties.
fn properties(template: &Value, resource: &str) -> Value {
    template["Resources"][resource]["Properties"].clone()
}

fn text(value: &Value) -> String {
    serde_norway::to_string(value).unwrap()
}

#[test]
fn a_missing_heartbeat_reaches_the_operations_topic() {
    let template = fs::read_to_string(project("template.yaml")).unwrap();
    let template: Value = serde_norway::from_str(&template).unwrap();
    let (filter, alarm) = (
        properties(&template, "HousekeepingFinished"),
        properties(&template, "HeartbeatAlarm"),
    );
    let counted = &filter["MetricTransformations"][0];
    assert_eq!(alarm["MetricName"], counted["MetricName"]);
    assert_eq!(alarm["Namespace"], counted["MetricNamespace"]);
    assert!(text(&filter["LogGroupName"]).contains("SyncOrgLogs"));
    // No sentence at all is the alarm, and so is a metric that nobody writes any more.
    assert_eq!(alarm["TreatMissingData"], "breaching");
    assert_eq!(alarm["ComparisonOperator"], "LessThanThreshold");
    assert_eq!(alarm["Threshold"], 1);
    for (actions, others) in [
        ("AlarmActions", "NoticeTopic"),
        ("OKActions", "NoticeTopic"),
    ] {
        let told = text(&alarm[actions]);
        assert!(told.contains("OperationsTopicArn"), "{told}");
        assert!(
            !told.contains(others),
            "a watcher reports through another topic"
        );
    }
}

#[test]
fn several_rounds_of_housekeeping_are_due_before_their_silence_is_an_alarm() {
    let template = fs::read_to_string(project("template.yaml")).unwrap();
    let template: Value = serde_norway::from_str(&template).unwrap();
    let events = properties(&template, "SyncOrgFunction")["Events"].clone();
    assert!(
        text(&events).contains("rate(5 minutes)"),
        "{}",
        text(&events)
    );
    let alarm = properties(&template, "HeartbeatAlarm");
    assert_eq!(alarm["Period"], 900);
    assert_eq!(alarm["EvaluationPeriods"], 1);
}
