//! The Lambda `sync-org`.

use jiff::Timestamp;
use lambda_boot::{Failure, environment, init_logging};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use sync_org::{Answer, SyncEvent, World, serve};

#[tokio::main]
async fn main() -> std::process::ExitCode {
    match start().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(failure) => failure.exit(),
    }
}

async fn start() -> Result<(), Failure> {
    init_logging("sync-org", environment)?;
    let world = World::from_environment().await?;
    let answer = |event| answer(&world, event);
    lambda_runtime::run(service_fn(answer))
        .await
        .map_err(Failure::new)
}

/// Reports a failure once, and tells Lambda, whose failure destination keeps the event.
async fn answer(world: &World, event: LambdaEvent<Value>) -> Result<Answer, Diagnostic> {
    respond(world, event).await.map_err(|failure| {
        failure.report();
        Diagnostic {
            error_type: "Failure".to_owned(),
            error_message: failure.to_string(),
        }
    })
}

async fn respond(world: &World, event: LambdaEvent<Value>) -> Result<Answer, Failure> {
    let deadline = i64::try_from(event.context.deadline)?;
    let deadline = Timestamp::from_millisecond(deadline)?;
    let event = SyncEvent::parse(&event.payload)?;
    let answer = serve(&world.ports(), event, deadline).await;
    answer.map_err(Failure::new)
}
