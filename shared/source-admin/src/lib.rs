//! What an administrator does.
//!
//! - **For:** agents and sources put and read, runs asked for, held lists approved, the directory
//!   looked at; each a use case of [`Admin`] over the ports in [`ports`].
//! - **Knows:** settings as a whole, who asked, and what may follow from it.
//! - **Must never know:** HTTP, AWS, or how anything is stored.
//! - **Keeps invariant 5 of ARCHITECTURE.md:** a person's decision is durable before it is
//!   answered, and repeating the call changes nothing.

mod admin;
mod agents;
mod directory;
mod error;
#[cfg(any(test, feature = "fakes"))]
pub mod fakes;
mod held;
pub mod ports;
mod precondition;
mod runs;
mod secrets;
mod source_state;
mod sources;
#[cfg(test)]
mod tests;
mod warning;

pub use admin::{Admin, Ports, Put};
pub use agents::AgentView;
pub use error::AdminError;
pub use held::{Approval, Exception, HeldView};
pub use precondition::Precondition;
pub use runs::{Asked, RunRequest};
pub use source_state::{ContactView, SourceView};
pub use warning::Warning;
