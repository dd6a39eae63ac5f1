//! `sync-run`.
