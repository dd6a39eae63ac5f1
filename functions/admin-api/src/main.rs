//! The Lambda `admin-api`.

use std::process::ExitCode;

use lambda_boot::{Failure, environment, init_logging};

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.exit(),
    }
}

async fn start() -> Result<(), Failure> {
    init_logging("admin-api", environment)?;
    let admin = admin_api::from_environment().await?;
    let served = admin_api::lambda::serve(admin_api::router(admin)).await;
    served.map_err(Failure::new)
}
