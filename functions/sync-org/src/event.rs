//! What `sync-org` receives.

use jiff::Timestamp;
use org_model::{RunId, SourceId};
use serde::Deserialize;
use serde_json::Value;
use sync_run::Trigger;

/// One invocation's task (DESIGN.md §7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncEvent {
    /// From the Scheduler. A retried delivery may carry another execution id, so the scheduled
    /// time is what tells deliveries apart.
    Scheduled {
        source: SourceId,
        scheduled_at: Timestamp,
        execution: Option<String>,
    },
    /// A run that stands queued under this id.
    Queued {
        source: SourceId,
        run: RunId,
        trigger: Trigger,
    },
    /// The continuation of a run.
    Segment {
        source: SourceId,
        run: RunId,
        segment: u32,
    },
    /// A source that is replaced or deleted.
    Clear {
        source: SourceId,
    },
    Housekeeping,
}

/// An event that nobody here sends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    #[error("the event is none of schedule, manual, approval, segment, clear and housekeeping")]
    Unknown,
    #[error("the event has no valid source id")]
    Source,
    #[error("a schedule's event needs scheduled_at, an RFC 3339 time")]
    ScheduledAt,
    #[error("a {0} event needs the id of its queued run")]
    Run(&'static str),
}

/// The event as it is written; which fields must be there depends on the trigger.
#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    housekeeping: bool,
    #[serde(default)]
    clear: bool,
    source: Option<String>,
    trigger: Option<Trigger>,
    run: Option<String>,
    scheduled_at: Option<Timestamp>,
    segment: Option<u32>,
}

impl SyncEvent {
    /// Reads an event's payload.
    ///
    /// # Errors
    /// [`EventError`] names what is missing; nothing of the payload is repeated.
    pub fn parse(payload: &Value) -> Result<Self, EventError> {
        let wire = Wire::deserialize(payload).map_err(|_| EventError::Unknown)?;
        if wire.housekeeping {
            return Ok(Self::Housekeeping);
        }
        let source = wire.source.as_deref().ok_or(EventError::Source)?;
        let source = source_settings::parse_source_id(source).map_err(|_| EventError::Source)?;
        if wire.clear && wire.trigger.is_none() && wire.segment.is_none() {
            return Ok(Self::Clear { source });
        }
        match (wire.trigger, wire.segment) {
            (None, Some(segment)) => Ok(Self::Segment {
                source,
                run: queued(wire.run, "segment")?,
                segment,
            }),
            (Some(Trigger::Schedule), _) => {
                let scheduled_at = wire.scheduled_at.ok_or(EventError::ScheduledAt)?;
                Ok(Self::Scheduled {
                    source,
                    scheduled_at,
                    execution: wire.run.filter(|id| is_execution_id(id)),
                })
            }
            (Some(trigger @ (Trigger::Manual | Trigger::Approval)), _) => Ok(Self::Queued {
                source,
                run: queued(wire.run, "manual or approval")?,
                trigger,
            }),
            (None, None) => Err(EventError::Unknown),
        }
    }
}

/// Nothing else that an event may carry gets into the log.
fn is_execution_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=64).contains(&id.len()) && id.bytes().all(plain)
}

fn queued(run: Option<String>, kind: &'static str) -> Result<RunId, EventError> {
    run.filter(|run| !run.is_empty())
        .map(RunId::new)
        .ok_or(EventError::Run(kind))
}
