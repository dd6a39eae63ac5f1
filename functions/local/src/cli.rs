//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::RangedI64ValueParser;
use clap::{Args, Parser, Subcommand};

/// Keeps a directory equal to a company's WeCom organisation: the local runner.
#[derive(Debug, Parser)]
#[command(name = "wecom-sync", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows a first sync, a quiet run, a normal day, a mass departure that is held, approved with
    /// exceptions and undone, another that is rejected, returns and a new userid, against a
    /// simulated WeCom behind an agent. Exit code 0 only if each did what it says.
    Demo(DemoArgs),
    /// Serves the API on loopback, with schedules ticking, against a real or simulated WeCom.
    Serve(ServeArgs),
}

#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// How many people the simulated organisation has.
    #[arg(long, default_value_t = 2000, value_parser = people())]
    pub people: u32,
    /// How many departments, the root included.
    #[arg(long, default_value_t = 120, value_parser = departments())]
    pub departments: u32,
    /// The organisation's seed: one seed, one organisation.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where the demo keeps its database and notices; emptied at the start.
    #[arg(long, default_value = ".wecom-sync/demo")]
    pub data: PathBuf,
}

#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// A loopback address and port.
    #[arg(long, default_value = "127.0.0.1:9470")]
    pub listen: SocketAddr,
    /// Where the database, the secrets and the notices are kept.
    #[arg(long, default_value = ".wecom-sync")]
    pub data: PathBuf,
    /// How long one segment of a run may take, as an invocation of Lambda; a run that needs longer
    /// hands over to its next segment.
    #[arg(long, default_value_t = INVOCATION_SECONDS, value_parser = invocation_seconds())]
    pub invocation_seconds: u32,
}

/// As long as an invocation of Lambda may take.
pub const INVOCATION_SECONDS: u32 = 900;

/// Nothing is sent in the last ten seconds of an invocation: it needs some more before them.
fn invocation_seconds() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(12..=86_400)
}

/// The acts need somebody to stay when 400 leave.
fn people() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(600..=100_000)
}

/// WeCom's own limit is 30,000 (WECOM.md §6).
fn departments() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(2..=30_000)
}
