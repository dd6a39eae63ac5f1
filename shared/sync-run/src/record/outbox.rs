//! What leaves the system: notices for people, events for machines.

use jiff::Timestamp;
use org_model::{RunId, SourceId};
use serde::{Deserialize, Serialize};

use super::RunRecord;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    Held,
    HeldReminder,
    ClearingsSkipped,
    RunFailed,
    /// Some rows did not get through, or the run ended before it was done.
    RunPartial,
    RunUnsealed,
    /// The visible range became narrower and waits for a person's word.
    RangeShrank,
    /// An agent does not answer; the run went through another one.
    AgentDown,
    MappingFailing,
    Silence,
    /// What was told as trouble is over.
    Recovered,
    /// Sent because an administrator asked for it.
    Test,
}

/// What SNS carries to a contact. Ids and counts in the text, no phones or mails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub at: Timestamp,
    pub kind: NoticeKind,
    pub source: SourceId,
    pub run: Option<RunId>,
    /// ASCII, one line, under 100 characters.
    pub subject: String,
    /// For a person: English, then the same in Chinese.
    pub text: String,
    /// For a machine: what the text says, in the names of the API. An object.
    #[serde(default)]
    pub detail: serde_json::Value,
}

/// Something that must leave the system, durable until it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxItem {
    /// Same cause, same id: writing it twice leaves one.
    pub id: String,
    pub at: Timestamp,
    pub payload: OutboxPayload,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxPayload {
    Notice(Notice),
    /// The EventBridge event `Run Finished`.
    RunFinished(Box<RunRecord>),
}
