//! The tests of this crate in one program: each program of its own would link everything again.

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
