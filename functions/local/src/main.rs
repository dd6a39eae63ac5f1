//! The binary `wecom-sync`.

use std::process::ExitCode;

use clap::Parser;
use lambda_boot::{Failure, environment, init_logging};
use local::cli::{Cli, Command};
use local::{demo, serve};

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Demo(args) => demo::demo(&args).await,
        Command::Serve(args) => match init_logging("local", environment) {
            Ok(()) => serve::serve(&args).await,
            Err(error) => Err(error.into()),
        },
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => Failure::new(error).exit(),
    }
}
