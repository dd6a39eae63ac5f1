//! What to do about a refusal, as a sentence.

use sync_run::ports::StoreError;

use crate::AdminError;

impl AdminError {
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
            Self::SourceCleared(_, left) | Self::BeingCleared(_, left) => match left.is_empty() {
                true => "wait: it goes on by itself; its people can be looked up meanwhile",
                false => "repeat the call that replaced or deleted it: `errors` names what is left",
            },
            Self::SourceVacant(_) => {
                "PUT settings to set it up anew, or DELETE it; its people can be looked up"
            }
            Self::NoContacts => "add contacts to the source's settings",
            Self::Notifier(_) => "try again later; if it lasts, look at the notice topic",
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
            _ => self.remedy_of_a_decision(),
        }
    }

    /// What to do where a run or a person's decision is in the way.
    fn remedy_of_a_decision(&self) -> &'static str {
        match self {
            Self::RunLive { .. } => "wait until that run has ended, or follow it",
            Self::ApprovalInUse { .. } => "cancel that run or wait for its end, then reject again",
            Self::KeyReused { .. } => "use a new key for each new request",
            Self::UnknownPlan => {
                "ask for a run in the mode `plan`, look at its rows, and name the plan it shows"
            }
            Self::RunOver { .. } => {
                "look at its rows; what it deleted or disabled, undo gives back"
            }
            Self::RunNotOver { .. } => "wait until it is over, or cancel it first",
            Self::NothingToUndo { .. } => "nothing: look at its rows for what it did",
            Self::NotDeleted { .. } => "nothing: only who was deleted can be restored",
            Self::NoConflict { .. } => "nothing: look at the person, who may be resolved by now",
            Self::OtherConflict { .. } => {
                "look at the person again, and name the record that `conflict` shows"
            }
            Self::NotWaiting { .. } => {
                "look at the source's held lists for one that waits, and at its kept marks for \
                 whom an earlier decision keeps"
            }
            Self::NoRangeWaits => "nothing: look at the source's range and its latest runs",
            Self::StaleRange { .. } => {
                "look at the range again, and accept the fingerprint that stands now"
            }
            Self::RangeDecided => {
                "nothing can be changed until a run has read the range again: look at it then"
            }
            _ => "look at the function's log",
        }
    }
}
