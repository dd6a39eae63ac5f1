//! The deployment as a whole, rehearsed on one machine before anybody deploys it.
//!
//! - **For:** building the real template with the real SAM CLI, deploying it to a stand-in for AWS
//!   that runs the built functions, and talking to what stands there as an administrator would.
//! - **Knows:** the project's tools, processes, request signatures, the template's outputs.
//! - **Must never know:** any room of the product; what it sees of it are HTTP, tables and queues.
//! - **Keeps invariant 7 of ARCHITECTURE.md:** everything listens on loopback and stops on drop.

mod api;
mod cloud;
mod patience;
mod process;
mod queue;
mod services;
mod signed;
mod workshop;

pub use api::{AdminApi, Answer};
pub use cloud::{Cloud, Outputs};
pub use patience::wait_for;
pub use queue::Queue;
pub use services::Services;
pub use signed::Caller;
pub use workshop::Workshop;

/// The stand-in knows every region; one is as good as another.
pub const REGION: &str = "eu-central-1";
