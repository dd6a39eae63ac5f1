//! The tests of this crate in one program: each program of its own would link everything again.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod agents;
mod checks;
mod clearing;
mod common;
mod contacts;
mod directory;
mod giving_back;
mod held;
mod history;
mod http;
mod lambda;
mod login_apps;
mod openapi;
mod preview;
mod range;
mod runs;
mod sources;
