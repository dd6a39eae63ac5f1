//! The tests of this crate in one program: each program of its own would link everything again.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod agreement;
mod edges;
mod grants;
mod routes;
mod style;
