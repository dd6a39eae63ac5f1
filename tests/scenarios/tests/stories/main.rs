//! The stories of this system, each by its number, on real adapters. One binary, so that they are
//! linked once and run side by side. Which test tells which story: `README.md` of this crate.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod accepting;
mod cancel;
mod clearing;
mod crash_points;
mod crashes;
mod departments;
mod desk;
mod failing_fast;
mod fields;
mod first_days;
mod incomplete;
mod index;
mod kept;
mod leak;
mod neighbours;
mod notices;
mod overlapping;
mod people;
mod protection;
mod range;
mod restore_resolve;
mod segments;
mod settings;
mod squid;
mod stale_plan;
mod store_faults;
mod undo;
mod unreachable;
