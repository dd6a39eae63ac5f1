//! The stage on which the stories of this system are told on real adapters.
//!
//! - **For:** whole runs: the real store over the wire, the real WeCom client over HTTPS through a
//!   forward proxy, a WeCom that misbehaves on command, and a clock that stands still until told.
//! - **Knows:** how ports are wired, and how to compare the directory, the log and the organisation
//!   item by item, from the stored bytes.
//! - **Must never know:** what a run decides: expectations come from the simulator and the stories.
//! - **Keeps invariant 7 of ARCHITECTURE.md:** everything listens on loopback and stops on drop.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly")]

mod compare;
mod deaths;
mod log;
mod segments;
mod stage;
mod standins;
mod tables;
mod words;

pub use compare::{assert_directory_equals, assert_directory_equals_but, live_people};
pub use deaths::{Death, deaths};
pub use log::assert_log_agrees;
pub use stage::{AGENT_IP, World, poison, small};
pub use standins::StandIns;
pub use tables::{Directory, TABLES, raw_items};
pub use words::people;
