//! The AWS services beside the database.
//!
//! - **For:** notices and contacts on SNS, `Run Finished` on EventBridge, one schedule per source
//!   on EventBridge Scheduler, secrets in Secrets Manager, asynchronous starts of `sync-org`.
//! - **Knows:** each service's verbs, limits and error codes; every verb may be sent twice.
//! - **Must never know:** why something is sent, or what to do when it was not: it returns the
//!   service's error code, and whoever holds the outbox decides.
//! - **Keeps invariant 6 of ARCHITECTURE.md:** no secret, name or answer's text in an error or
//!   event, and a secret in memory only as a `secrecy` type.

mod contacts;
mod events;
mod notices;
mod schedules;
mod secrets;
mod send_error;
mod starter;
mod vault;

pub use contacts::SnsContacts;
pub use events::BusEvents;
pub use notices::SnsNotifier;
pub use schedules::{ScheduleRoute, SchedulerSchedules};
pub use secrets::VaultSecrets;
pub use starter::LambdaStarter;
pub use vault::SecretManagerVault;
