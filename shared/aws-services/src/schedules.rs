//! One schedule per source on EventBridge Scheduler.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::error::BuildError;
use aws_sdk_scheduler::types::{
    FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, ScheduleState, Target,
};
use org_model::SourceId;
use serde_json::json;
use source_admin::ports::Schedules;
use source_settings::Schedule;
use sync_run::ports::SendError;

use crate::send_error::{refusal, send_error};

const SERVICE: &str = "EventBridge Scheduler";

/// As long as Lambda keeps an event of its own (DESIGN.md §7): an older firing is not worth
/// delivering, the next one is due.
const EVENT_AGE_MAX_SECONDS: i32 = 300;

/// Where schedules live, and what they start.
#[derive(Clone, Debug)]
pub struct ScheduleRoute {
    pub group: String,
    /// `sync-org`.
    pub function_arn: String,
    /// The role that may invoke it.
    pub role_arn: String,
}

/// Keeps a schedule named like its source.
#[derive(Clone, Debug)]
pub struct SchedulerSchedules {
    client: Client,
    route: ScheduleRoute,
}

/// What creating and updating have in common.
struct Parts {
    expression: String,
    timezone: String,
    state: ScheduleState,
    window: FlexibleTimeWindow,
    invocation: Target,
}

impl SchedulerSchedules {
    pub fn new(config: &SdkConfig, route: ScheduleRoute) -> Self {
        Self {
            client: Client::new(config),
            route,
        }
    }

    fn parts(&self, source: &SourceId, schedule: &Schedule) -> Result<Parts, BuildError> {
        // Recovery is housekeeping's: a second delivery would be a second, older run.
        let retry = RetryPolicy::builder()
            .maximum_retry_attempts(0)
            .maximum_event_age_in_seconds(EVENT_AGE_MAX_SECONDS)
            .build();
        Ok(Parts {
            expression: schedule.cron(),
            timezone: schedule.timezone.clone(),
            state: if schedule.enabled {
                ScheduleState::Enabled
            } else {
                ScheduleState::Disabled
            },
            window: FlexibleTimeWindow::builder()
                .mode(FlexibleTimeWindowMode::Off)
                .build()?,
            invocation: Target::builder()
                .arn(&self.route.function_arn)
                .role_arn(&self.route.role_arn)
                .input(input(source))
                .retry_policy(retry)
                .build()?,
        })
    }

    /// `false`: there is none yet.
    async fn update(&self, source: &SourceId, parts: &Parts) -> Result<bool, SendError> {
        let updated = self
            .client
            .update_schedule()
            .group_name(&self.route.group)
            .name(source.as_str())
            .schedule_expression(&parts.expression)
            .schedule_expression_timezone(&parts.timezone)
            .state(parts.state.clone())
            .flexible_time_window(parts.window.clone())
            .target(parts.invocation.clone())
            .send()
            .await;
        match updated {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_resource_not_found_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(send_error(SERVICE, &error)),
        }
    }

    /// `false`: somebody else created it meanwhile.
    async fn create(&self, source: &SourceId, parts: &Parts) -> Result<bool, SendError> {
        let created = self
            .client
            .create_schedule()
            .group_name(&self.route.group)
            .name(source.as_str())
            .schedule_expression(&parts.expression)
            .schedule_expression_timezone(&parts.timezone)
            .state(parts.state.clone())
            .flexible_time_window(parts.window.clone())
            .target(parts.invocation.clone())
            .send()
            .await;
        match created {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_conflict_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(send_error(SERVICE, &error)),
        }
    }
}

#[async_trait]
impl Schedules for SchedulerSchedules {
    async fn put(&self, source: &SourceId, schedule: &Schedule) -> Result<(), SendError> {
        let parts = self
            .parts(source, schedule)
            .map_err(|_| refusal(SERVICE, "a request that cannot be made"))?;
        if self.update(source, &parts).await? || self.create(source, &parts).await? {
            return Ok(());
        }
        // Created between the two calls: the second update finds it.
        if self.update(source, &parts).await? {
            return Ok(());
        }
        Err(refusal(SERVICE, "a schedule that comes and goes"))
    }

    async fn remove(&self, source: &SourceId) -> Result<(), SendError> {
        let removed = self
            .client
            .delete_schedule()
            .group_name(&self.route.group)
            .name(source.as_str())
            .send()
            .await;
        match removed {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_resource_not_found_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(send_error(SERVICE, &error)),
        }
    }
}

/// What `sync-org` receives at each firing. Scheduler replaces what stands in angle brackets.
fn input(source: &SourceId) -> String {
    json!({
        "source": source,
        "trigger": "schedule",
        "run": "<aws.scheduler.execution-id>",
        "scheduled_at": "<aws.scheduler.scheduled-time>",
    })
    .to_string()
}
