//! The ports of `source-admin`.

mod agents;
mod cancel;
mod clearings;
mod commit;
pub(crate) mod cursor;
mod decisions;
mod directory;
pub(crate) mod history;
mod kept;
mod login_apps;
mod queue;
mod ranges;
mod settings;
mod verdicts;
mod versions;
