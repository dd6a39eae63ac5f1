//! How a function starts.
//!
//! - **For:** the environment as typed [`Settings`], the log, the SDK's configuration, and one
//!   printed line for an error with all its causes.
//! - **Knows:** the names in DESIGN.md §7, and that logs carry ids and counts only.
//! - **Must never know:** what a run or an administrator's call does, or any other room.
//! - **Keeps invariant 6 of ARCHITECTURE.md:** no log line of a third party below `warn`, so that
//!   no URL with a token in its query is ever written.

mod failure;
mod logging;
mod sdk;
mod settings;

pub use failure::Failure;
pub use logging::{LOG_VARIABLES, filter, init_logging, subscriber};
pub use sdk::{ATTEMPT_TIMEOUT, CONNECT_TIMEOUT, OPERATION_TIMEOUT, aws_config};
pub use settings::{EnvironmentError, EnvironmentProblem, Settings};

/// The process's own environment, as the lookup that everything here takes. A value that is not
/// Unicode counts as missing.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
