//! A source's settings, and an egress agent's, parsed and judged as a whole.
//!
//! - **For:** turning the JSON of `PUT /sources/{source}` and `PUT /agents/{agent}` into settings
//!   that every other room may trust, or into the list of everything that is wrong with them.
//! - **Knows:** bounds, defaults, addresses that must not be reached, schedules and WeCom's quota.
//! - **Must never know:** where settings and secrets are kept, the clock, input and output.
//! - **Keeps invariant 6 of ARCHITECTURE.md:** a secret leaves only as [`NewSecret`] or
//!   [`AgentCredentials`]; no settings, problem or warning repeats one.

mod address;
mod agent;
mod contact;
mod every;
mod history;
mod ids;
mod login_app;
mod nesting;
mod parse;
mod problem;
mod protection;
mod schedule;
mod secret;
mod section;
mod settings;

pub use address::is_forbidden_address;
pub use agent::{AgentSettings, CredentialsChange, ParsedAgent};
pub use contact::Contact;
pub use every::{Every, NotAnInterval};
pub use history::{SettingsChange, settings_changes};
pub use ids::{AgentId, LoginAppId, NotAnId, parse_source_id};
pub use login_app::{LoginAppSettings, ParsedLoginApp};
pub use nesting::{LEVELS_MAX, nesting_problem};
pub use problem::{SettingsProblem, SettingsWarning};
pub use protection::protection_problems;
pub use schedule::{NotATime, Schedule, StartAt};
pub use secret::{AgentCredentials, NewSecret, SecretRef};
pub use settings::{
    Credentials, Deletions, ParsedSource, Protection, RetentionDays, Scope, SourceSettings,
};
