//! `sync-org`.
