//! The adapters against moto's server, which speaks the services' protocols; what arrived is read
//! back by boto3.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
#![allow(clippy::expect_used, reason = "a test ends at the first surprise")]

mod contacts;
mod events;
mod notices;
mod schedules;
mod secrets;
mod server;
#[path = "../support/mod.rs"]
mod support;
