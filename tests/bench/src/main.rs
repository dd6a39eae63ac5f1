//! `bench`: prints what runs cost. Each run is a process of its own.

use bench::cli::{Arguments, Command};
use clap::Parser;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match arguments.command {
        Some(Command::RunCase) => runtime.block_on(bench::case::run_in_this_process()),
        None => runtime.block_on(bench::plan::run_all(&arguments)),
    }
}
