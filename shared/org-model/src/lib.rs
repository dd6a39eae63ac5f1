//! `org-model`.
