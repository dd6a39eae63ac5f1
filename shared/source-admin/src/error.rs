//! Why an administrator's call was refused, and who should do what.

use org_model::{Fingerprint, RunId, SourceId};
use source_settings::SettingsProblem;
use sync_run::ports::{Remedy, SendError, StoreError};
use sync_run::{Clearance, HeldState};

use crate::Warning;
use crate::ports::READ_A_CURSOR;

/// A refused or failed call. Unless it says otherwise, nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    #[error("there is no {what} {id}")]
    NotFound { what: &'static str, id: String },
    /// Every problem of the body, by JSON pointer.
    #[error("the body has {} problem(s)", .0.len())]
    Invalid(Vec<SettingsProblem>),
    /// The body is nested too deeply; nobody looked into it.
    #[error("the body is nested too deeply")]
    TooDeep(Vec<SettingsProblem>),
    /// The body is not JSON at all.
    #[error("the body is not JSON")]
    NotJson(Vec<SettingsProblem>),
    #[error("a change must say which version it is based on")]
    PreconditionRequired,
    #[error("it was changed since you read it")]
    Stale,
    /// The source has a mirror of one organisation and the settings name another.
    #[error("the settings name another organisation than the one whose people are here")]
    OtherOrganisation,
    #[error("run {run} is live")]
    RunLive { run: RunId },
    #[error("this idempotency key was used for a different request")]
    KeyReused { run: RunId },
    #[error("held list {fingerprint} is {} already", held_state_word(*.state))]
    NotWaiting {
        fingerprint: Fingerprint,
        state: HeldState,
    },
    #[error("approving all but some is not available yet")]
    ExceptNotAvailable,
    /// The page asked for is not one that a list named.
    #[error("the cursor is none that this list gave")]
    BadCursor,
    #[error("the agent is named by {}", names(.0))]
    AgentInUse(Vec<SourceId>),
    /// The body names a login app that is not there.
    #[error("the body names a login app that is not there")]
    NoSuchLoginApp(Vec<SettingsProblem>),
    /// The body names a login app of another WeCom server than the source's.
    #[error("the login app belongs to another WeCom server than the source")]
    OtherServer(Vec<SettingsProblem>),
    #[error("the stored settings of this source cannot be read")]
    SourceUnreadable,
    #[error("no secret is stored for it")]
    NoSecret,
    #[error("the source names the agent {0}, which does not exist")]
    MissingAgent(String),
    #[error("the stored credentials of the agent {0} cannot be read")]
    AgentCredentials(String),
    #[error("a secret could not be read")]
    SecretUnread(#[source] SendError),
    /// With what is left to do outside the store.
    #[error("the source was {} and is still being cleared", cleared_word(.0))]
    SourceCleared(Clearance, Vec<Warning>),
    #[error("the source was replaced; its people are here, its settings are not")]
    SourceVacant(Clearance),
    /// Nothing can be made here before that is over.
    #[error("the source was {} and is still being cleared", cleared_word(.0))]
    BeingCleared(Clearance, Vec<Warning>),
    #[error("the source has no contacts")]
    NoContacts,
    #[error("the notice could not be sent")]
    Notifier(#[source] SendError),
    #[error("no range waits to be accepted")]
    NoRangeWaits,
    #[error("the range that waits is another one than was accepted")]
    StaleRange { fingerprint: Fingerprint },
    #[error("this range was accepted before, with another word for the people")]
    RangeDecided,
    #[error("a secret could not be stored")]
    Vault(#[source] SendError),
    #[error("the store failed")]
    Store(#[source] StoreError),
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unreadable { act, .. } if act == READ_A_CURSOR => Self::BadCursor,
            other => Self::Store(other),
        }
    }
}

impl AdminError {
    /// Problems of a body: not JSON at all, or JSON that is wrong.
    pub(crate) fn of_body(body: &str, problems: Vec<SettingsProblem>) -> Self {
        match serde_json::from_str::<serde::de::IgnoredAny>(body) {
            Ok(_) if problems.iter().any(SettingsProblem::is_too_deep) => Self::TooDeep(problems),
            Ok(_) => Self::Invalid(problems),
            Err(_) => Self::NotJson(problems),
        }
    }

    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Invalid(_) => "invalid",
            Self::TooDeep(_) => "too_deep",
            Self::NotJson(_) => "not_json",
            Self::PreconditionRequired => "precondition_required",
            Self::Stale => "stale",
            Self::OtherOrganisation => "other_organisation",
            Self::RunLive { .. } => "run_live",
            Self::KeyReused { .. } => "idempotency_key_reused",
            Self::NotWaiting { .. } => "not_waiting",
            Self::ExceptNotAvailable => "except_not_available_yet",
            Self::BadCursor => "bad_cursor",
            Self::SourceCleared(..) | Self::SourceVacant(_) => "source_cleared",
            Self::BeingCleared(..) => "being_cleared",
            Self::NoContacts => "no_contacts",
            Self::Notifier(_) => "notices_unavailable",
            Self::NoRangeWaits => "no_range_waits",
            Self::StaleRange { .. } => "stale_range",
            Self::RangeDecided => "range_decided",
            Self::AgentInUse(_) => "agent_in_use",
            Self::NoSuchLoginApp(_) => "no_such_login_app",
            Self::OtherServer(_) => "other_server",
            Self::SourceUnreadable => "source_unreadable",
            Self::NoSecret => "no_secret",
            Self::MissingAgent(_) => "missing_agent",
            Self::AgentCredentials(_) => "agent_credentials",
            Self::Vault(_) | Self::SecretUnread(_) => "secrets_unavailable",
            Self::Store(StoreError::Unavailable { .. }) => "store_unavailable",
            Self::Store(StoreError::Conflict { .. }) => "store_busy",
            Self::Store(StoreError::Refused { .. }) => "store_refused",
            Self::Store(StoreError::Unreadable { .. }) => "store_unreadable",
            Self::Store(StoreError::LeaseLost { .. }) => "lease_lost",
        }
    }

    /// Who should act.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Vault(_)
            | Self::SecretUnread(_)
            | Self::RunLive { .. }
            | Self::SourceCleared(..)
            | Self::BeingCleared(..)
            | Self::Notifier(_)
            | Self::Store(StoreError::Unavailable { .. } | StoreError::Conflict { .. }) => {
                Remedy::RetryLater
            }
            Self::Store(_) => Remedy::Bug,
            _ => Remedy::FixSettings,
        }
    }

    /// What to do, as a sentence.
    pub fn remedy_text(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "check the id against the list it should be in",
            Self::Invalid(_) => "correct what `errors` names and send the whole body again",
            Self::NotJson(_) => "send one JSON object",
            Self::TooDeep(_) => "send a flatter body: none of this API is that deep",
            Self::PreconditionRequired => "read it, and send its ETag as If-Match",
            Self::Stale => {
                "read it again, repeat the change on what you get, and send its new ETag"
            }
            Self::BadCursor => "begin again without a cursor, and give back `next` as it came",
            Self::OtherOrganisation => {
                "make a new source for the other organisation, or replace this one"
            }
            Self::RunLive { .. } => "wait until that run has ended, or follow it",
            Self::KeyReused { .. } => "use a new key for each new request",
            Self::NotWaiting { .. } => "look at the source's held lists for one that waits",
            Self::ExceptNotAvailable => {
                "approve the whole list, or leave it: a held deletion waits until it expires"
            }
            Self::SourceCleared(_, left) | Self::BeingCleared(_, left) => match left.is_empty() {
                true => "wait: it goes on by itself; its people can be looked up meanwhile",
                false => "repeat the call that replaced or deleted it: `errors` names what is left",
            },
            Self::SourceVacant(_) => {
                "PUT settings to set it up anew, or DELETE it; its people can be looked up"
            }
            Self::NoContacts => "add contacts to the source's settings",
            Self::Notifier(_) => "try again later; if it lasts, look at the notice topic",
            Self::NoRangeWaits => "nothing: look at the source's range and its latest runs",
            Self::StaleRange { .. } => {
                "look at the range again, and accept the fingerprint that stands now"
            }
            Self::RangeDecided => {
                "nothing can be changed until a run has read the range again: look at it then"
            }
            Self::AgentInUse(_) => "take the agent out of the settings of those sources first",
            Self::NoSuchLoginApp(_) => "look at /login-apps for what there is, or make it first",
            Self::OtherServer(_) => {
                "use a login app with the same base_url, or enter the credentials themselves"
            }
            Self::SourceUnreadable => "put the whole settings of the source again",
            Self::NoSecret => "put the settings with the app's secret",
            Self::MissingAgent(_) => "make that agent, or take it out of the source's settings",
            Self::AgentCredentials(_) => "put the agent again with its user name and password",
            Self::SecretUnread(_) => {
                "try again later; if it lasts, check that the secret was not deleted and that \
                 admin-api may read it"
            }
            Self::Vault(_)
            | Self::Store(StoreError::Unavailable { .. } | StoreError::Conflict { .. }) => {
                "try again later"
            }
            Self::Store(_) => "look at the function's log and its permissions",
        }
    }
}

fn names(sources: &[SourceId]) -> String {
    let names: Vec<&str> = sources.iter().map(SourceId::as_str).collect();
    names.join(", ")
}

fn cleared_word(clearance: &Clearance) -> &'static str {
    match clearance.remove {
        true => "deleted",
        false => "replaced",
    }
}

/// The word of the API for a list's state.
fn held_state_word(state: HeldState) -> &'static str {
    match state {
        HeldState::Waiting => "waiting",
        HeldState::Approved => "approved",
        HeldState::Rejected => "rejected",
        HeldState::Expired => "expired",
        HeldState::Superseded => "superseded",
    }
}
