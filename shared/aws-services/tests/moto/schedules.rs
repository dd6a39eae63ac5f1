use std::collections::BTreeSet;

use aws_services::{ScheduleRoute, SchedulerSchedules};
use org_model::SourceId;
use serde_json::{Value, json};
use source_admin::ports::Schedules;
use source_settings::Schedule;

use crate::server::{moto, text};

const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:sync-org";
const ROLE: &str = "arn:aws:iam::123456789012:role/schedules";

fn schedules(group: &str) -> SchedulerSchedules {
    moto().ask(
        "scheduler",
        "create_schedule_group",
        json!({ "Name": group }),
    );
    let route = ScheduleRoute {
        group: group.to_owned(),
        function_arn: FUNCTION.to_owned(),
        role_arn: ROLE.to_owned(),
    };
    SchedulerSchedules::new(&moto().config(), route)
}

fn stored(group: &str, name: &str) -> Value {
    moto().ask(
        "scheduler",
        "get_schedule",
        json!({ "GroupName": group, "Name": name }),
    )
}

#[tokio::test]
async fn a_new_source_gets_a_schedule_that_starts_its_runs_without_retries() {
    let schedules = schedules("new");
    let schedule = Schedule::default();
    schedules
        .put(&SourceId::new("hq"), &schedule)
        .await
        .unwrap();

    let stored = stored("new", "hq");
    assert_eq!(stored["State"], "ENABLED");
    assert!(schedule.cron().starts_with("cron("), "{}", schedule.cron());
    assert_eq!(stored["ScheduleExpression"], schedule.cron());
    assert_eq!(stored["ScheduleExpressionTimezone"], "Asia/Shanghai");
    assert_eq!(stored["FlexibleTimeWindow"], json!({ "Mode": "OFF" }));
    let invoked = &stored["Target"];
    assert_eq!(invoked["Arn"], FUNCTION);
    assert_eq!(invoked["RoleArn"], ROLE);
    let retry = json!({ "MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 300 });
    assert_eq!(invoked["RetryPolicy"], retry);
    let input: Value = serde_json::from_str(&text(&invoked["Input"])).unwrap();
    let expected = json!({
        "source": "hq", "trigger": "schedule",
        "run": "<aws.scheduler.execution-id>", "scheduled_at": "<aws.scheduler.scheduled-time>",
    });
    assert_eq!(input, expected);
}

#[tokio::test]
async fn a_changed_schedule_replaces_the_old_one_and_a_disabled_one_stays_switched_off() {
    let schedules = schedules("changed");
    let source = SourceId::new("hq");
    schedules.put(&source, &Schedule::default()).await.unwrap();
    let changed = Schedule {
        enabled: false,
        every: "24h".parse().unwrap(),
        timezone: "Europe/Berlin".to_owned(),
        ..Schedule::default()
    };
    for _ in 0..2 {
        schedules.put(&source, &changed).await.unwrap();
        let stored = stored("changed", "hq");
        assert_eq!(stored["State"], "DISABLED");
        assert_eq!(stored["ScheduleExpression"], changed.cron());
        assert_eq!(stored["ScheduleExpressionTimezone"], "Europe/Berlin");
        assert_eq!(stored["Target"]["Arn"], FUNCTION);
    }
    let listed = moto().ask(
        "scheduler",
        "list_schedules",
        json!({ "GroupName": "changed" }),
    );
    assert_eq!(listed["Schedules"].as_array().unwrap().len(), 1);
}

fn names(group: &str) -> BTreeSet<String> {
    let listed = moto().ask("scheduler", "list_schedules", json!({ "GroupName": group }));
    let listed = listed["Schedules"].as_array().unwrap().iter();
    listed.map(|schedule| text(&schedule["Name"])).collect()
}

#[tokio::test]
async fn a_removed_schedule_leaves_the_others_and_removing_it_again_changes_nothing() {
    let schedules = schedules("removed");
    for source in ["hq", "labs"] {
        let source = SourceId::new(source);
        schedules.put(&source, &Schedule::default()).await.unwrap();
    }
    assert_eq!(names("removed"), ["hq", "labs"].map(str::to_owned).into());
    for _ in 0..2 {
        schedules.remove(&SourceId::new("hq")).await.unwrap();
        assert_eq!(names("removed"), ["labs"].map(str::to_owned).into());
    }
    let never = SourceId::new("never");
    schedules.remove(&never).await.unwrap();
    let back = SourceId::new("hq");
    schedules.put(&back, &Schedule::default()).await.unwrap();
    assert_eq!(names("removed"), ["hq", "labs"].map(str::to_owned).into());
}
