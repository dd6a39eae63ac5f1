//! The tests of this crate in one program: each program of its own would link everything again.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests fail loudly")]

mod burials;
mod cancelling;
mod crashes;
mod failing_fast;
mod housekeeping;
mod kept_marks;
mod kept_twice;
mod large;
mod lost_answers;
mod many_at_once;
mod poison;
mod purge;
mod ranges;
mod replace;
mod resolving;
mod review;
mod rolling_day;
mod runs;
mod seeded;
mod segments;
mod stale_plans;
mod told;
mod undo;
