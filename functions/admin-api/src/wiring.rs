//! The real world, plugged in.

use std::sync::Arc;

use aws_services::{
    LambdaStarter, ScheduleRoute, SchedulerSchedules, SecretManagerVault, SnsContacts, SnsNotifier,
    VaultSecrets,
};
use dynamo_store::{DynamoStore, TableNames};
use jiff::Timestamp;
use lambda_boot::{Failure, Settings, aws_config, environment};
use source_admin::{Admin, Ports};
use sync_run::ports::Clock;
use wecom_client::{Pace, WecomClient};

/// The time of the machine.
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Reads the environment and connects. No request leaves yet.
///
/// # Errors
/// Every problem of the environment together.
pub async fn from_environment() -> Result<Admin, Failure> {
    let settings = Settings::read(environment)?;
    let config = aws_config().await;
    let clock = Arc::new(SystemClock);
    let tables = TableNames {
        directory: settings.directory_table,
        sync: settings.sync_table,
    };
    let store = Arc::new(DynamoStore::connect(&config, tables, clock.clone()));
    let route = ScheduleRoute {
        group: settings.schedule_group,
        function_arn: settings.sync_function_arn.clone(),
        role_arn: settings.schedule_role_arn,
    };
    Ok(Admin::new(Ports {
        settings: store.clone(),
        agent_checks: store.clone(),
        login_apps: store.clone(),
        history: store.clone(),
        clearings: store.clone(),
        vault: Arc::new(SecretManagerVault::new(&config, settings.secret_prefix)),
        secrets: Arc::new(VaultSecrets::new(&config)),
        wecom: Arc::new(WecomClient::new(clock.clone()).with_pace(Pace::of_a_call())),
        schedules: Arc::new(SchedulerSchedules::new(&config, route)),
        contacts: Arc::new(SnsContacts::new(&config, settings.notice_topic_arn.clone())),
        notifier: Arc::new(SnsNotifier::new(&config, settings.notice_topic_arn)),
        queue: store.clone(),
        held: store.clone(),
        kept: store.clone(),
        ranges: store.clone(),
        directory: store,
        starter: Arc::new(LambdaStarter::new(&config, settings.sync_function_arn)),
        clock,
    }))
}
