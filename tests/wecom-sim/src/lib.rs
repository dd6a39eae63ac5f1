//! `wecom-sim`.
