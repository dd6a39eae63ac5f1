//! `wecom-sim`: a simulated WeCom on 127.0.0.1 until ctrl-c.

mod cli;

use clap::Parser;
use wecom_sim::Sim;

fn main() -> anyhow::Result<()> {
    let arguments = cli::Arguments::parse();
    let sim = Sim::start(arguments.config())?;
    arguments.write_ca(&sim)?;
    println!("{}", arguments.greeting(&sim));
    let waiting = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    waiting.block_on(cli::told_to_stop())?;
    println!("{}", cli::farewell(&sim));
    Ok(())
}
