//! `Run Finished` on EventBridge.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use jiff::Timestamp;
use org_model::{RunId, SourceId};
use serde::Serialize;
use sync_run::ports::{Events, SendError};
use sync_run::{Counts, RunMode, RunRecord, RunStatus, Trigger};

use crate::send_error::{is_code, refusal, send_error};

const SERVICE: &str = "EventBridge";

/// Puts events on the one bus of this application.
#[derive(Clone, Debug)]
pub struct BusEvents {
    client: Client,
    bus: String,
}

impl BusEvents {
    /// `bus` is a bus's name or ARN.
    pub fn new(config: &SdkConfig, bus: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            bus: bus.into(),
        }
    }
}

/// The event's detail: the run as the API shows it (DESIGN.md §6) without whatever could name a
/// person: no requester, no messages.
#[derive(Serialize)]
struct RunFinished<'a> {
    run: &'a RunId,
    source: &'a SourceId,
    trigger: Trigger,
    mode: RunMode,
    status: RunStatus,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    sealed: Option<bool>,
    counts: &'a Counts,
    error: Option<ErrorCode<'a>>,
}

#[derive(Serialize)]
struct ErrorCode<'a> {
    code: &'a str,
}

impl<'a> RunFinished<'a> {
    fn of(record: &'a RunRecord) -> Self {
        Self {
            run: &record.run,
            source: &record.source,
            trigger: record.trigger,
            mode: record.mode,
            status: record.status,
            started_at: record.started_at,
            finished_at: record.finished_at,
            sealed: record.sealed,
            counts: &record.counts,
            error: record.error.as_ref().map(|error| ErrorCode {
                code: error.code.as_str(),
            }),
        }
    }
}

#[async_trait]
impl Events for BusEvents {
    async fn run_finished(&self, record: &RunRecord) -> Result<(), SendError> {
        let detail = serde_json::to_string(&RunFinished::of(record))
            .map_err(|_| refusal(SERVICE, "a record that is no JSON"))?;
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source("wecom-sync")
            .detail_type("Run Finished")
            .detail(detail)
            .set_time(
                record
                    .finished_at
                    .map(|at| DateTime::from_secs(at.as_second())),
            )
            .build();
        let answer = self
            .client
            .put_events()
            .entries(entry)
            .send()
            .await
            .map_err(|error| send_error(SERVICE, &error))?;
        if answer.failed_entry_count() == 0 {
            return Ok(());
        }
        // The call as a whole succeeds although the bus took nothing.
        let code = answer.entries().iter().find_map(|entry| entry.error_code());
        let code = code.filter(|code| is_code(code));
        Err(refusal(
            SERVICE,
            code.unwrap_or("an entry failed without a code"),
        ))
    }
}
