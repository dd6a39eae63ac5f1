//! `wecom-sync serve`: the API on loopback, with schedules and housekeeping.

use std::sync::Arc;

use anyhow::{Context, bail};
use axum::Router;
use jiff::SignedDuration;
use sync_org::SystemClock;
use sync_run::ports::NoProgress;
use tokio::net::TcpListener;
use wecom_client::WecomClient;

use crate::House;
use crate::cli::ServeArgs;
use crate::host_guard::only_loopback_names;
use crate::schedule::tick;

/// Serves until it is interrupted; runs that are under way are finished first.
///
/// # Errors
/// If the address is not on loopback or taken, or the data folder cannot be opened.
pub async fn serve(args: &ServeArgs) -> anyhow::Result<()> {
    if !args.listen.ip().is_loopback() {
        bail!(
            "{} is not a loopback address: this server knows no callers",
            args.listen
        );
    }
    let wecom = WecomClient::new(Arc::new(SystemClock));
    let invocation = SignedDuration::from_secs(args.invocation_seconds.into());
    let house = House::open(&args.data, wecom, Arc::new(NoProgress), invocation).await?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("{} cannot be listened on", args.listen))?;
    let address = listener.local_addr()?;
    println!(
        "wecom-sync serves http://{address} (data in {})",
        args.data.display()
    );
    println!(
        "openapi: http://{address}/openapi.json  notices: {}",
        house.notices().display()
    );
    let ticking = tokio::spawn(tick(house.clone()));
    axum::serve(listener, api(&house))
        .with_graceful_shutdown(interrupted())
        .await?;
    ticking.abort();
    println!("finishing the runs under way");
    house.starter().finish().await;
    Ok(())
}

/// The API as the Lambda serves it, behind the guard that loopback needs.
pub fn api(house: &House) -> Router {
    let guard = axum::middleware::from_fn(only_loopback_names);
    admin_api::router(house.admin()).layer(guard)
}

async fn interrupted() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a way to be interrupted there is nothing to wait for but the end of the process.
    if interrupt.await.is_err() {
        std::future::pending::<()>().await;
    }
}
