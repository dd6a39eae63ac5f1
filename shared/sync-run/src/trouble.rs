//! What stops a run, in words for the record and the notice.

use field_map::MappingProblem;

use crate::ports::{ReadError, SendError, StoreError};
use crate::{RunError, RunRecord};

/// Why the work of a run ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error(transparent)]
    Read(Box<ReadError>),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Refused(Refusal),
    /// The invocation's time ran out; this many changes are left.
    #[error("the time of this run ended with {left} changes left")]
    OutOfTime { left: usize },
    /// The same of a run that gives back: no later run goes on with it.
    #[error("the time of this run ended with {left} items not given back")]
    BackInPart { left: usize },
    /// A segment found other settings than its run began with.
    #[error("the settings changed before this run had done everything")]
    SettingsChanged,
    /// Somebody asked the run to stop.
    #[error("stopped because {by} asked")]
    Cancelled { by: String },
    /// WeCom refused this secret before: it is not sent again.
    #[error("{}", .0.message)]
    RefusedBefore(RunError),
    /// The plan that was to be applied is not the plan any more.
    #[error("{0}")]
    StalePlan(Difference),
}

/// What changed since a plan was shown, in rows of that plan and of the one of now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    pub new: usize,
    pub gone: usize,
    pub changed: usize,
    /// The rows of the plan that was shown are known: without them nothing can be compared.
    pub is_known: bool,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the organisation or the directory changed since the plan was shown")?;
        if self.is_known {
            let Self {
                new, gone, changed, ..
            } = self;
            write!(
                f,
                " ({new} rows are new, {gone} are gone, {changed} are different)"
            )?;
        }
        f.write_str("; nothing was applied")
    }
}

/// A run that will not begin as things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: &'static str,
    pub message: String,
    pub remedy: &'static str,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Self {
        Self::Read(Box::new(error))
    }
}

impl Trouble {
    pub(crate) fn nothing_to_undo() -> Self {
        refused(
            "nothing_to_undo",
            "the run deleted and disabled nobody, or its rows have expired".to_owned(),
            "look at the rows of the run",
        )
    }

    pub(crate) fn nobody_to_restore() -> Self {
        refused(
            "not_found",
            "nobody in the directory has this userid".to_owned(),
            "look for them under another userid; who was purged cannot be given back",
        )
    }

    /// Whoever asked sees the answer; nobody else has to do anything.
    pub(crate) fn is_for_the_asker(&self) -> bool {
        matches!(self, Self::StalePlan(_) | Self::Cancelled { .. })
    }

    pub(crate) fn no_secret() -> Self {
        refused(
            "no_secret",
            "the source has no secret".to_owned(),
            "put the settings with the app's secret",
        )
    }

    pub(crate) fn missing_agent(id: &str) -> Self {
        refused(
            "missing_agent",
            format!("the source names the agent {id}, which does not exist"),
            "put that agent, or take it out of the source's settings",
        )
    }

    pub(crate) fn agent_credentials(id: &str) -> Self {
        refused(
            "agent_credentials",
            format!("the stored credentials of the agent {id} cannot be read"),
            "put the agent again with its user name and password",
        )
    }

    pub(crate) fn secret_unavailable(error: &SendError) -> Self {
        refused(
            "secret_unavailable",
            error.to_string(),
            "check that sync-org may read the secret and that it was not deleted",
        )
    }

    pub(crate) fn mapping(problems: &[MappingProblem]) -> Self {
        refused(
            "mapping_invalid",
            format!("{} mapping rules cannot be used", problems.len()),
            "put the settings again with valid expressions",
        )
    }

    /// For the record that this run ends with. That nothing was changed is said of a reading that
    /// stood at the beginning of everything: segments before this one may have written thousands.
    pub(crate) fn error_of(&self, record: &RunRecord) -> RunError {
        let mut error = self.to_error();
        if record.mode.gives_back()
            && let Some(remedy) = self.remedy_of_giving_back()
        {
            remedy.clone_into(&mut error.remedy);
        }
        let is_reading = matches!(self, Self::Read(_) | Self::RefusedBefore(_));
        if is_reading && record.segments <= 1 && record.counts.is_empty() {
            error
                .message
                .push_str("; nothing in the directory was changed");
        }
        error
    }

    /// Where another run would do the rest by itself: none does, of one that gives back.
    fn remedy_of_giving_back(&self) -> Option<&'static str> {
        match self {
            Self::Store(StoreError::Unavailable { .. }) => Some(
                "ask for it again: whoever is back stays back; if it repeats, look at the \
                 throttling and the health of DynamoDB",
            ),
            Self::Store(StoreError::Conflict { .. }) | Self::Cancelled { .. } => {
                Some("ask for it again: whoever is back stays back")
            }
            _ => None,
        }
    }

    /// Code, what happened and what it means, what to do; whatever the run did before.
    pub fn to_error(&self) -> RunError {
        match self {
            Self::Read(error) => RunError {
                code: error.code.to_owned(),
                message: error.to_string(),
                remedy: error.remedy_text.clone(),
            },
            Self::Store(error) => store_error(error),
            Self::Refused(refusal) => RunError {
                code: refusal.code.to_owned(),
                message: refusal.message.clone(),
                remedy: refusal.remedy.to_owned(),
            },
            Self::OutOfTime { .. } => RunError {
                code: "out_of_time".to_owned(),
                message: format!("{self}; what was written is complete row by row"),
                remedy: "nothing: the next run goes on from here; start one now to be sooner"
                    .to_owned(),
            },
            Self::BackInPart { .. } => RunError {
                code: "back_in_part".to_owned(),
                message: format!("{self}; all of them are kept, and what was written is complete"),
                remedy: "ask for the same undo again: whoever is back stays back".to_owned(),
            },
            Self::SettingsChanged => RunError {
                code: "settings_changed".to_owned(),
                message: format!("{self}; what was written is complete row by row"),
                remedy: "nothing: the next run does the rest under the new settings".to_owned(),
            },
            Self::Cancelled { by } => cancelled(by),
            Self::RefusedBefore(error) => error.clone(),
            Self::StalePlan(difference) => RunError {
                code: "stale_plan".to_owned(),
                message: difference.to_string(),
                remedy: "ask for a new plan, look at it, and apply that one".to_owned(),
            },
        }
    }
}

/// Why a run ended that somebody stopped, also one that died before it could hear of it.
fn cancelled(by: &str) -> RunError {
    RunError {
        code: "cancelled".to_owned(),
        message: format!("stopped because {by} asked; what was written is complete row by row"),
        remedy: "nothing: the next run goes on from what it finds".to_owned(),
    }
}

fn refused(code: &'static str, message: String, remedy: &'static str) -> Trouble {
    Trouble::Refused(Refusal {
        code,
        message,
        remedy,
    })
}

fn store_error(error: &StoreError) -> RunError {
    let (code, remedy) = match error {
        StoreError::Unavailable { .. } => (
            "store_unavailable",
            "nothing: the next run tries again; if it repeats, look at the \
              throttling and the health of DynamoDB",
        ),
        StoreError::Refused { .. } => (
            "store_refused",
            "check the function's rights and that its tables exist",
        ),
        StoreError::LeaseLost { .. } => (
            "lease_lost",
            "nothing: another run took over and does the work",
        ),
        StoreError::Unreadable { .. } => (
            "store_unreadable",
            "look at the named item; it was written by another program or \
              version",
        ),
        StoreError::Conflict { .. } => ("store_conflict", "nothing: the next run tries again"),
    };
    RunError {
        code: code.to_owned(),
        message: error.to_string(),
        remedy: remedy.to_owned(),
    }
}
