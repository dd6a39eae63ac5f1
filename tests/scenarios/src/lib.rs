//! `scenarios`.
