//! The tests of this crate in one program: each program of its own would link everything again.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod accepted;
mod approved_record;
mod asking;
mod clearing;
mod companies;
mod continuation;
mod day;
mod giving_back;
mod giving_back_laws;
mod kept;
mod laws;
mod mapping;
mod orgs;
mod protection;
mod protection_laws;
mod rehire;
mod renames;
mod resolving;
mod rules;
mod stories;
mod suspected;
mod tree;
mod untold;
mod word_laws;
