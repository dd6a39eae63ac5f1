//! The tests of this crate in one program: each program of its own would link everything again.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod agents;
mod check;
mod common;
mod faults;
mod lookups;
mod probe;
mod questions;
mod reading;
mod refusals;
mod roads;
mod secrecy;
