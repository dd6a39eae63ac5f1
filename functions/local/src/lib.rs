//! `wecom-sync` on a laptop: both functions in one process, on an embedded DynamoDB.
//!
//! - **For:** `demo`, which shows every promise against a simulated WeCom, and `serve`, which runs
//!   the API, the schedules and the housekeeping against a real or simulated one.
//! - **Knows:** the local stand-ins for SNS, EventBridge, Scheduler and Secrets Manager, and the
//!   one data folder they live in.
//! - **Must never know:** another way to run, plan or decide than the deployed functions have.
//! - **Keeps invariant 7 of ARCHITECTURE.md:** it listens on loopback only, and one process at a
//!   time owns a data folder.

pub mod cli;
pub mod demo;
mod host_guard;
mod house;
mod schedule;
pub mod serve;
mod standins;

pub use house::House;
