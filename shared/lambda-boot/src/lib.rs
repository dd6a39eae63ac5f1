//! `lambda-boot`.
