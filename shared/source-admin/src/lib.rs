//! What an administrator does.
//!
//! - **For:** agents, login apps and sources put, checked, replaced and deleted, a mapping tried on
//!   a real person, runs asked for, cancelled and undone, held lists, kept marks, conflicts and
//!   ranges decided on, the directory looked at; each a use case of [`Admin`] over the ports in
//!   [`ports`].
//! - **Knows:** settings as a whole, who asked, and what may follow from it.
//! - **Must never know:** HTTP, AWS, or how anything is stored.
//! - **Keeps invariant 5 of ARCHITECTURE.md:** a person's decision is durable before it is
//!   answered, and repeating the call changes nothing.

mod access;
mod admin;
mod agent_check;
mod agents;
mod body;
mod check;
mod clearing;
mod conflicts;
mod contacts;
mod directory;
mod error;
#[cfg(any(test, feature = "fakes"))]
pub mod fakes;
mod giving_back;
mod held;
mod history;
mod import;
mod kept;
mod login_apps;
pub mod ports;
mod precondition;
mod preview;
mod range;
mod run_asked;
mod runs;
mod secrets;
mod settle;
mod source_state;
mod sources;
#[cfg(test)]
mod tests;
mod warning;
pub mod wording;

pub use admin::{Admin, Ports, Put};
pub use agent_check::CheckedAgent;
pub use agents::{AgentView, Deleted};
pub use check::CheckedSource;
pub use clearing::ClearanceView;
pub use conflicts::{Conflict, PersonView, ResolvedConflict};
pub use contacts::{ContactView, TestNotice};
pub use error::AdminError;
pub use giving_back::Stopping;
pub use held::{Approval, Exception, HeldView};
pub use login_apps::LoginAppView;
pub use precondition::Precondition;
pub use preview::{PersonChange, Preview, PreviewAction, PreviewOutcome, PreviewedPerson};
pub use range::{RangeApproval, RangeView};
pub use runs::{Asked, RunRequest};
pub use source_state::SourceView;
pub use warning::Warning;
