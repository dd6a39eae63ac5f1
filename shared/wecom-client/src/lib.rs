//! `wecom-client`.
