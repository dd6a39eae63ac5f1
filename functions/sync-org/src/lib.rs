//! `sync-org`: a run, a segment of one, a clearing, or a round of housekeeping, per invocation.
//!
//! - **For:** turning an event into a call of `sync-run`, and its outcome into an answer.
//! - **Knows:** the events of DESIGN.md §7, how a run id is made, and where time comes from.
//! - **Must never know:** what a run decides, or how anything is read or stored.
//! - **Keeps invariant 6 of ARCHITECTURE.md:** an invocation that fails says so to Lambda, so that
//!   the failure destination and its alarm see it.

mod event;
mod serve;
mod wiring;

pub use event::{EventError, SyncEvent};
pub use serve::{Answer, SystemClock, new_run_id, serve};
pub use wiring::World;
