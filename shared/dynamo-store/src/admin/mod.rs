//! The ports of `source-admin`.

mod cursor;
mod decisions;
mod directory;
mod queue;
mod settings;
