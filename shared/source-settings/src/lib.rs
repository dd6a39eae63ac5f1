//! `source-settings`.
