//! The documented bodies of WECOM.md in every variant, and everything that is no answer at all.

mod departments;
mod envelope;
mod laws;
mod members;
mod range;
