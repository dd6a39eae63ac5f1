//! The arguments of `bench`.

use clap::{Parser, Subcommand, ValueEnum};

/// Measures the first sync, a quiet run and 1 % churn at several sizes.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub struct Arguments {
    /// Sizes of the organisation, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000")]
    pub people: Vec<u32>,
    /// People per department: so many departments has an organisation.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub people_per_department: u32,
    /// Which database answers.
    #[arg(long, value_enum, default_value_t = DatabaseKind::StandIn)]
    pub database: DatabaseKind,
    /// JSON instead of tables.
    #[arg(long)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// One run, described on standard input; used by `bench` itself.
    #[command(hide = true)]
    RunCase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DatabaseKind {
    /// In memory, counts units by DynamoDB's rules.
    StandIn,
    /// The embedded database of tests and demo; slow at size.
    Embedded,
}
