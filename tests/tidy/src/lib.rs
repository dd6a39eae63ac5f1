//! `tidy`.
