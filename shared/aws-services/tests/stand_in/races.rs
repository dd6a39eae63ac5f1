use aws_services::{ScheduleRoute, SchedulerSchedules, VaultSecrets};
use org_model::SourceId;
use secrecy::ExposeSecret;
use source_admin::ports::Schedules;
use source_settings::{Schedule, SecretRef};
use sync_run::ports::{Secrets, SendError};

use crate::neighbour::Neighbour;

const MISSING: (u16, &str) = (
    404,
    r#"{"__type":"ResourceNotFoundException","Message":"no"}"#,
);
const THERE: (u16, &str) = (409, r#"{"__type":"ConflictException","Message":"there"}"#);
const WRITTEN: (u16, &str) = (
    200,
    r#"{"ScheduleArn":"arn:aws:scheduler:eu:1:schedule/g/hq"}"#,
);

fn schedules(scheduler: &Neighbour) -> SchedulerSchedules {
    let route = ScheduleRoute {
        group: "g".to_owned(),
        function_arn: "arn:aws:lambda:eu:1:function:sync-org".to_owned(),
        role_arn: "arn:aws:iam::1:role/schedules".to_owned(),
    };
    SchedulerSchedules::new(&scheduler.config(), route)
}

async fn put(scheduler: &Neighbour) -> Result<(), SendError> {
    schedules(scheduler)
        .put(&SourceId::new("hq"), &Schedule::default())
        .await
}

#[tokio::test]
async fn a_schedule_that_somebody_creates_between_our_two_calls_is_updated() {
    let scheduler = Neighbour::answering([MISSING, THERE, WRITTEN]).await;
    put(&scheduler).await.unwrap();
    let requests = scheduler.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.path == "/schedules/hq")
    );
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn a_schedule_group_that_is_not_there_is_an_error() {
    let scheduler = Neighbour::answering([MISSING, MISSING]).await;
    let error = put(&scheduler).await.unwrap_err();
    assert_eq!(error.service, "EventBridge Scheduler");
    assert_eq!(error.reason, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_schedule_that_the_scheduler_would_not_delete_is_an_error_until_it_is_gone() {
    let down = (
        500,
        r#"{"__type":"InternalServerException","Message":"hq"}"#,
    );
    let scheduler = Neighbour::answering([down, (200, "{}"), MISSING]).await;
    let schedules = schedules(&scheduler);
    let source = SourceId::new("hq");
    let error = schedules.remove(&source).await.unwrap_err();
    let told = "EventBridge Scheduler did not take the message: InternalServerException";
    assert_eq!(error.to_string(), told);
    for _ in 0..2 {
        schedules.remove(&source).await.unwrap();
    }
    let requests = scheduler.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.path == "/schedules/hq")
    );
}

#[tokio::test]
async fn a_version_is_asked_for_once_and_another_version_again() {
    let values = ["one", "two"].map(|value| (200, format!(r#"{{"SecretString":"{value}"}}"#)));
    let service = Neighbour::answering(values).await;
    let secrets = VaultSecrets::new(&service.config());
    let reference = |version: &str| SecretRef {
        arn: "arn:aws:secretsmanager:eu:1:secret:wecom-sync/hq-abcdef".to_owned(),
        version: version.to_owned(),
    };
    for (version, value) in [("v1", "one"), ("v1", "one"), ("v2", "two"), ("v1", "one")] {
        let secret = secrets.secret(&reference(version)).await.unwrap();
        assert_eq!(secret.expose_secret(), value);
    }
    let requests = service.requests();
    let versions: Vec<_> = requests
        .iter()
        .map(|request| request.body.contains("\"v2\""))
        .collect();
    assert_eq!(versions, [false, true]);
}
