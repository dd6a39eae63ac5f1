//! The acts, in order. Each changes the organisation or decides something, and judges the outcome.

mod days;
mod deciding;
mod departure;
mod people;

use std::future::Future;
use std::pin::Pin;

use anyhow::ensure;
use serde_json::Value;

use super::stage::Stage;

type Played<'a> = Pin<Box<dyn Future<Output = anyhow::Result<String>> + 'a>>;

pub struct Act {
    pub title: &'static str,
    pub play: for<'a> fn(&'a Stage) -> Played<'a>,
}

pub fn all() -> Vec<Act> {
    let mut acts = days::acts();
    acts.extend(departure::acts());
    acts.extend(deciding::acts());
    acts.extend(people::acts());
    acts
}

fn expect_status(run: &Value, status: &str) -> anyhow::Result<()> {
    ensure!(
        run["status"] == status,
        "the run ended {} instead of {status}: {} {}",
        run["status"],
        run["error"],
        run["unsealed_reasons"]
    );
    Ok(())
}

/// How many rows of a run are of this kind, action and result.
fn rows(run: &Value, kind: &str, action: &str, result: &str) -> u64 {
    run["counts"][kind][action][result]
        .as_u64()
        .unwrap_or_default()
}

/// A run that had nothing to do.
fn expect_no_rows(run: &Value) -> anyhow::Result<()> {
    let none = run["counts"]
        .as_object()
        .is_some_and(|counts| counts.is_empty());
    ensure!(none, "a quiet run has rows: {}", run["counts"]);
    Ok(())
}
