//! Why an administrator's call was refused, and who should do what.

use org_model::{Fingerprint, RunId};
use source_settings::SettingsProblem;
use sync_run::HeldState;
use sync_run::ports::{Remedy, SendError, StoreError};

use crate::ports::READ_A_CURSOR;

/// A refused or failed call. Unless it says otherwise, nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    #[error("there is no {what} {id}")]
    NotFound { what: &'static str, id: String },
    /// Every problem of the body, by JSON pointer.
    #[error("the body has {} problem(s)", .0.len())]
    Invalid(Vec<SettingsProblem>),
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
            Ok(_) => Self::Invalid(problems),
            Err(_) => Self::NotJson(problems),
        }
    }

    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Invalid(_) => "invalid",
            Self::NotJson(_) => "not_json",
            Self::PreconditionRequired => "precondition_required",
            Self::Stale => "stale",
            Self::OtherOrganisation => "other_organisation",
            Self::RunLive { .. } => "run_live",
            Self::KeyReused { .. } => "idempotency_key_reused",
            Self::NotWaiting { .. } => "not_waiting",
            Self::ExceptNotAvailable => "except_not_available_yet",
            Self::BadCursor => "bad_cursor",
            Self::Vault(_) => "secrets_unavailable",
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
            | Self::RunLive { .. }
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
            Self::Vault(_)
            | Self::Store(StoreError::Unavailable { .. } | StoreError::Conflict { .. }) => {
                "try again later"
            }
            Self::Store(_) => "look at the function's log and its permissions",
        }
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
