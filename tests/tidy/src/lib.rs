//! The architecture and the style, as tests.
//!
//! - **For:** keeping the house of ARCHITECTURE.md as it is drawn: edges, room cards, budgets, and
//!   the agreement of template, functions, adapters and events.
//! - **Knows:** the files of this repository, as text, and what cargo says of its crates.
//! - **Must never know:** an exception: what a rule forbids is changed, or the rule is.
//! - **Keeps:** every other room's invariants readable, by keeping the rooms small.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail loudly")]

mod crates;
mod files;
mod functions;
mod template;

pub use crates::{CrateEdges, crates};
pub use files::{SourceFile, code, read, root, sources, texts};
pub use functions::{Function, functions};
pub use template::{plain, resources, template};
