//! What an administrator does.
//!
//! - **For:** agents and sources put and read, runs asked for, held lists approved, the directory
//!   looked at; each a use case over the ports in [`ports`].
//! - **Knows:** settings as a whole, who asked, and what may follow from it.
//! - **Must never know:** HTTP, AWS, or how anything is stored.
//! - **Keeps invariant 5 of ARCHITECTURE.md:** a person's decision is durable before it is
//!   answered, and repeating the call changes nothing.

pub mod ports;
