//! The tests of this crate in one program: each program of its own would link everything again.

mod agreement;
mod edges;
mod grants;
mod routes;
mod style;
