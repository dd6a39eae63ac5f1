//! The ports of `source-admin`.

mod agents;
mod cancel;
mod clearings;
mod commit;
mod cursor;
mod decisions;
mod directory;
mod history;
mod kept;
mod login_apps;
mod queue;
mod ranges;
mod settings;
mod verdicts;
mod versions;
