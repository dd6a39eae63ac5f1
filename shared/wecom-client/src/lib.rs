//! WeCom over HTTPS, through an agent: from its server API to a `RawOrg`.
//!
//! - **For:** the port `Wecom` of `sync-run`, one conversation with one corp per run; and the desk
//!   of `source-admin`: a check, a probe, a look at somebody.
//! - **Knows:** WeCom's wire format, error codes, tokens, limits and retries (WECOM.md), and
//!   forward proxies.
//! - **Must never know:** the directory, plans, thresholds, AWS; and it never logs or returns a
//!   URL, a token, a secret, a body or a name.
//! - **Keeps invariant 1 of ARCHITECTURE.md:** what was asked and not answered is a gap, never an
//!   empty list, so that nobody is missing because something was not read.

mod check;
mod client;
mod conversation;
mod corps;
mod desk;
mod errcode;
mod failure;
mod ground;
mod limits;
mod lookups;
mod pace;
mod question;
mod reading;
mod remedies;
mod routes;
mod sample;
mod scope;
mod session;
mod token;
mod transport;
mod walk;
mod width;
mod wire;

pub use client::WecomClient;
pub use errcode::{ErrorClass, class_of};
pub use pace::Pace;
pub use session::Session;
pub use wire::DepartmentPlace;
