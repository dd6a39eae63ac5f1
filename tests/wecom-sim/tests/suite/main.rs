//! The tests of this crate in one program: each program of its own would link everything again.
#![allow(clippy::expect_used, reason = "tests fail loudly")]

mod access;
mod changes;
mod common;
mod faults;
mod over_http;
mod range;
mod reading;
