//! A WeCom that can misbehave.
//!
//! - **For:** the calls a self-built app may make, served over real HTTP or HTTPS on loopback by a
//!   stateful, seeded organisation.
//! - **Knows:** WECOM.md: tokens, trusted IPs, the visible range, the privacy rule, error codes,
//!   quotas, and how a service fails: codes, statuses, delays, resets, short and empty answers.
//! - **Must never know:** anything of the product: it imports no other room of this house, and
//!   shares no decoder with it.
//! - **Keeps:** the same seed and the same commands give the same organisation, byte for byte.

mod access;
mod answers;
mod calls;
mod command;
mod config;
mod control;
mod faults;
mod limits;
mod members;
mod net;
pub mod org;
mod refusal;
mod running;
mod server;
mod tls;
mod wire;
mod world;

pub use calls::Call;
pub use command::{Command, CommandError, DepartmentPeople, Outcome, SettingsPatch};
pub use config::{AppAge, Listing, SimConfig, Withheld};
pub use control::{Control, DepartmentView, Member, Members, OrgSummary, View};
pub use faults::{At, Fault, Times, What};
pub use running::{RunningSim, Sim, StartError};
