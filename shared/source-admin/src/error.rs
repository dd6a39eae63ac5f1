//! Why an administrator's call was refused, and who should do what.

mod remedies;

use org_model::{Fingerprint, RunId, SourceId, UserId};
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
    #[error("run {run} is live and may go by this approval")]
    ApprovalInUse { run: RunId },
    #[error("this idempotency key was used for a different request")]
    KeyReused { run: RunId },
    #[error("held list {fingerprint} is {} already", held_state_word(*.state))]
    NotWaiting {
        fingerprint: Fingerprint,
        state: HeldState,
    },
    /// No run showed it lately.
    #[error("no run in the mode plan showed this plan lately")]
    UnknownPlan,
    #[error("run {run} is over")]
    RunOver { run: RunId },
    #[error("run {run} is not over")]
    RunNotOver { run: RunId },
    #[error("run {run} deleted and disabled nobody")]
    NothingToUndo { run: RunId },
    #[error("{userid} is not deleted")]
    NotDeleted { userid: UserId },
    #[error("no other record may be {userid}")]
    NoConflict { userid: UserId },
    /// The caller named another record than the one that stands in conflict.
    #[error("the other record that may be {userid} is not the one that was named")]
    OtherConflict { userid: UserId },
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
            Self::RunLive { .. } | Self::ApprovalInUse { .. } => "run_live",
            Self::KeyReused { .. } => "idempotency_key_reused",
            Self::NotWaiting { .. } => "not_waiting",
            Self::UnknownPlan => "unknown_plan",
            Self::RunOver { .. } => "run_over",
            Self::RunNotOver { .. } => "run_not_over",
            Self::NothingToUndo { .. } => "nothing_to_undo",
            Self::NotDeleted { .. } => "not_deleted",
            Self::NoConflict { .. } => "no_conflict",
            Self::OtherConflict { .. } => "other_conflict",
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
            | Self::ApprovalInUse { .. }
            | Self::RunNotOver { .. }
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
