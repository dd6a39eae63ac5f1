//! `org-plan`.
