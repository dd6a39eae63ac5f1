//! The tests of this crate in one program: each program of its own would link everything again.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod admin;
mod cancel;
mod clearing;
mod clearing_work;
mod common;
mod conflicts;
mod held;
mod housekeeping;
mod kept;
mod lease;
mod many_lists;
mod many_notices;
mod mirror;
mod moving;
mod noticed;
mod old_items;
mod outbox;
mod ranges;
mod removals;
mod runs;
mod segments;
mod settings;
mod units;
mod unreadable;
mod verdicts;
mod withdrawing;
