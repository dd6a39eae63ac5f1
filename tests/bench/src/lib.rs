//! What a run costs, measured: calls, requests, units, memory, CPU time, wall time.
//!
//! - **For:** one number for each promise of cost, at several sizes, next to the least that the
//!   work could cost; and a fast stand-in for DynamoDB, so that the run is measured and not the
//!   database.
//! - **Knows:** how ports are wired, DynamoDB's protocol and its rules of units, and `/proc`.
//! - **Must never know:** what a run decides; it only counts what the run did.
//! - **Keeps invariant 6 of ARCHITECTURE.md:** cost grows with what changed, shown in numbers that
//!   were measured in a process of their own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement that cannot be made fails loudly"
)]

pub mod case;
pub mod cli;
pub mod minimum;
pub mod plan;
pub mod process;
pub mod report;
pub mod stage;
pub mod standin;
pub mod watch;
