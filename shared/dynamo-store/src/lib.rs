//! The directory, the sources and the log of runs in DynamoDB.
//!
//! - **For:** every store port of `sync-run` and `source-admin`, over the two tables of
//!   template.yaml.
//! - **Knows:** keys, pages, conditions, transactions, and what each call consumed.
//! - **Must never know:** WeCom, thresholds, why something is written, or a clock of its own.
//! - **Keeps invariant 4 of ARCHITECTURE.md:** every write of a run is conditional, may be sent
//!   twice, and removes nobody once the lease is lost.

mod admin;
mod clearing;
mod held;
mod kept;
mod lease;
mod mirror;
mod outbox;
mod range;
mod runs;
mod sources;
mod state;
mod store;
mod wire;

pub use store::{DynamoStore, TableNames};
