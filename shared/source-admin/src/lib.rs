//! `source-admin`.
