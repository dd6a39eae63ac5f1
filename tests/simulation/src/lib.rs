//! A world in memory for `sync-run`: seeded, with drift, crashes, late zombies and odd approvals.
//!
//! - **For:** proving the run itself, step by step, without a network: safety after every step,
//!   liveness once faults stop.
//! - **Knows:** the ports of `sync-run`, and everything that may go wrong behind them.
//! - **Must never know:** how the real adapters work; they are proved in `tests/scenarios`.
//! - **Keeps:** one seed gives one trace, so that a failure can be run again.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly")]

mod acts;
mod asking;
mod corp;
mod deciding;
mod faults;
mod process;
mod rounds;
mod shelf;
mod story;
mod world;

pub use corp::{Corp, Person};
pub use faults::Faults;
pub use process::Process;
pub use rounds::faults_at;
pub use shelf::Shelf;
pub use story::{tell, try_seeds};
pub use world::{World, settings};
