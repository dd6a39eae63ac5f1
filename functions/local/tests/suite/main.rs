//! The tests of this crate in one program: each program of its own would link everything again.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests fail loudly")]

mod demo;
mod serve;
