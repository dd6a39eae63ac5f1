//! The ports of `source-admin`.

mod agents;
mod clearings;
mod commit;
mod cursor;
mod decisions;
mod directory;
mod history;
mod login_apps;
mod queue;
mod ranges;
mod settings;
mod versions;
