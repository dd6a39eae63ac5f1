//! `wecom-sync demo`: acts on a laptop, each judged by what the directory holds afterwards.

mod acts;
mod bars;
mod client;
mod compare;
mod stage;
mod table;

use anyhow::{Context, bail};

use crate::cli::DemoArgs;
use stage::Stage;

/// Plays all acts.
///
/// # Errors
/// If an act did not do what it says; what it found instead is in the error.
pub async fn demo(args: &DemoArgs) -> anyhow::Result<()> {
    println!(
        "A company of {} people in {} departments, on a simulated WeCom behind an agent.\n",
        args.people, args.departments
    );
    let stage = Stage::set(args)
        .await
        .context("the demo could not be set up")?;
    let acts = acts::all();
    let count = acts.len();
    let mut failed = Vec::new();
    for (number, act) in acts.into_iter().enumerate() {
        println!("{}/{count} {}", number + 1, act.title);
        match (act.play)(&stage).await {
            Ok(outcome) => println!("  ok: {outcome}\n"),
            Err(error) => {
                println!("  FAILED: {error:#}\n");
                failed.push(act.title);
                break;
            }
        }
    }
    stage.strike().await;
    if !failed.is_empty() {
        bail!("the demo ended at: {}", failed.join(", "));
    }
    println!("All {count} acts did what they say. What is left to look at:");
    println!("  the directory in {}", args.data.display());
    println!("  the notices in {}/notices.jsonl", args.data.display());
    println!("Next: `cargo run -- serve`, and README.md for the deployment.");
    Ok(())
}
