//! The stories of this system, each by its number, on real adapters. One binary, so that they are
//! linked once and run side by side.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod accepting;
mod clearing;
mod crashes;
mod departments;
mod desk;
mod fields;
mod first_days;
mod incomplete;
mod neighbours;
mod notices;
mod overlapping;
mod people;
mod protection;
mod range;
mod settings;
mod squid;
mod store_faults;
mod unreachable;
