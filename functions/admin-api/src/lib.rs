//! `admin-api`.
