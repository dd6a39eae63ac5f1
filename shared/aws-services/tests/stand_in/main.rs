//! What moto cannot be made to say: contacts that wait, calls that fail in part, races, refusals.
//! A server on loopback records each request and gives the answers that the test laid out.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod contacts;
mod errors;
mod neighbour;
mod races;
mod starter;
#[path = "../support/mod.rs"]
mod support;
