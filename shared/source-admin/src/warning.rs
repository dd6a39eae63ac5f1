//! What worked and still needs somebody's attention.

use org_model::SourceId;
use source_settings::{SecretRef, SettingsWarning};
use sync_run::StandingRange;
use sync_run::ports::{SendError, StoreError};

/// Something an administrator should know, whenever the thing is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Stable.
    pub code: &'static str,
    /// RFC 6901, the part of the settings it is about; `None`: no part of them.
    pub pointer: Option<String>,
    pub message: String,
    pub remedy: String,
}

impl Warning {
    pub(crate) fn new(
        code: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code,
            pointer: None,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    fn at(mut self, pointer: &str) -> Self {
        self.pointer = Some(pointer.to_owned());
        self
    }

    /// An agent's settings work and are unwise: `http://` with credentials, off loopback.
    pub(crate) fn agent_credentials_in_clear(warning: SettingsWarning) -> Self {
        Self::new(
            "agent_credentials_in_clear",
            warning.message,
            warning.remedy,
        )
        .at(&warning.pointer)
    }

    pub(crate) fn no_confirmed_contact() -> Self {
        Self::new(
            "no_confirmed_contact",
            "nobody would hear of a held deletion or a failed run: no contact has confirmed",
            "add a contact, or have one confirm the subscription mail that SNS sent",
        )
        .at("/contacts")
    }

    pub(crate) fn contacts_unknown(error: &SendError) -> Self {
        Self::new(
            "contacts_unknown",
            format!("whether the contacts have confirmed could not be asked: {error}"),
            "read the source again later",
        )
        .at("/contacts")
    }

    pub(crate) fn contacts_not_reconciled(error: &impl std::fmt::Display) -> Self {
        Self::new(
            "contacts_not_reconciled",
            format!("the contacts are not subscribed as they should be yet: {error}"),
            "repeat the PUT with the new ETag",
        )
        .at("/contacts")
    }

    pub(crate) fn schedule_not_set(error: &impl std::fmt::Display) -> Self {
        Self::new(
            "schedule_not_set",
            format!("the schedule is not as it should be yet: {error}"),
            "repeat the PUT with the new ETag",
        )
        .at("/schedule")
    }

    pub(crate) fn secret_not_swept(reference: &SecretRef, error: &impl std::fmt::Display) -> Self {
        Self::new(
            "secret_not_swept",
            format!(
                "{} is no longer used and was not deleted: {error}",
                reference.arn
            ),
            "repeat the PUT with the new ETag, or delete that secret by hand",
        )
    }

    /// Where nobody keeps what was left: with agents and login apps.
    pub(crate) fn by_hand_alone(self) -> Self {
        Self {
            remedy: "delete that secret by hand: no call does it later".to_owned(),
            ..self
        }
    }

    /// The same while its source is cleared: there are no settings any more to be put again.
    pub(crate) fn in_a_clearing(self) -> Self {
        Self {
            pointer: None,
            remedy: "repeat the call that replaced or deleted the source".to_owned(),
            ..self
        }
    }

    /// Everything is done but writing down that it is.
    pub(crate) fn not_noted(error: &StoreError) -> Self {
        Self::new(
            "not_noted",
            format!("what followed the settings is done as said here, not as noted: {error}"),
            "repeat the PUT with the new ETag",
        )
    }

    /// Two sources write down the same people, each as its own.
    pub(crate) fn same_corp(others: &[&SourceId]) -> Self {
        let others: Vec<&str> = others.iter().map(|source| source.as_str()).collect();
        Self::new(
            "same_corp",
            format!(
                "the same organisation is read by {} as well: its people are here more than once",
                others.join(", ")
            ),
            "keep one of these sources, or give each a scope of its own",
        )
        .at("/credentials/corp_id")
    }

    pub(crate) fn range_waits(range: &StandingRange) -> Self {
        Self::new(
            "range_waits",
            format!(
                "the last reading showed less than the one before: {} people and {} departments \
                 are not in it; nobody is removed for it",
                range.affected_users, range.affected_departments
            ),
            "look at the source's range; widen it in WeCom or in the settings, or accept it",
        )
    }

    pub(crate) fn clearing_delayed(error: &SendError) -> Self {
        Self::new(
            "start_delayed",
            format!("the people could not begin to be detached at once: {error}"),
            "nothing: housekeeping starts it within minutes",
        )
    }

    pub(crate) fn source_unreadable(reason: &str) -> Self {
        Self::new(
            "source_unreadable",
            format!("this source is not run: {reason}; what is shown is what could be read of it"),
            "put the whole settings again, with the version shown as If-Match",
        )
    }

    pub(crate) fn state_incomplete(source: &SourceId, error: &StoreError) -> Self {
        Self::new(
            "state_incomplete",
            format!("the state of {source} could not be read as a whole: {error}"),
            "read the source again later",
        )
    }

    pub(crate) fn start_delayed(error: &SendError) -> Self {
        Self::new(
            "start_delayed",
            format!("the run is queued, but it could not be started at once: {error}"),
            "nothing: housekeeping starts it within minutes",
        )
    }

    pub(crate) fn approval_run_not_queued(error: &StoreError) -> Self {
        Self::new(
            "approval_run_not_queued",
            format!("the decision stands, but a run for it could not be queued: {error}"),
            "nothing: the next sealed run applies it; repeat the call to have it sooner",
        )
    }

    pub(crate) fn run_is_live(run: &org_model::RunId) -> Self {
        Self::new(
            "run_is_live",
            format!("the decision stands; run {run} is live, so no run was started for it"),
            "nothing: the next sealed run applies it",
        )
    }
}
