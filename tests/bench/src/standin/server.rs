//! The stand-in over HTTP on loopback, on threads of its own.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use tokio::sync::oneshot;

use super::{Database, Failed, Refusal, UnitCounts};

const PREFIX: &str = "DynamoDB_20120810.";

/// A running stand-in, without tables. Stops on drop.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    database: Arc<Mutex<Database>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

fn locked(database: &Mutex<Database>) -> MutexGuard<'_, Database> {
    database.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StandIn {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If it cannot listen.
    pub fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("the stand-in cannot listen")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let database = Arc::new(Mutex::new(Database::default()));
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&database);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new()
            .name("dynamodb-stand-in".to_owned())
            .spawn(move || {
                runtime.block_on(serve(listener, served, stopped));
                runtime.shutdown_background();
            })?;
        Ok(Self {
            address,
            database,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked and consumed since the start or the last [`StandIn::reset_counts`].
    pub fn counts(&self) -> UnitCounts {
        locked(&self.database).counts.clone()
    }

    pub fn reset_counts(&self) {
        locked(&self.database).counts = UnitCounts::default();
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // If it panicked it has told so on stderr.
            let _ended = thread.join();
        }
    }
}

async fn serve(
    listener: TcpListener,
    database: Arc<Mutex<Database>>,
    stopped: oneshot::Receiver<()>,
) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("the socket is good");
    let router = Router::new()
        .fallback(answer)
        .layer(DefaultBodyLimit::disable())
        .with_state(database);
    tokio::select! {
        served = async { axum::serve(listener, router).await } => served.expect("it serves"),
        _ = stopped => {}
    }
}

type HttpAnswer = (StatusCode, [(&'static str, &'static str); 1], String);

async fn answer(
    State(database): State<Arc<Mutex<Database>>>,
    headers: HeaderMap,
    body: Bytes,
) -> HttpAnswer {
    let named = headers.get("x-amz-target").and_then(|it| it.to_str().ok());
    let operation = named.and_then(|it| it.strip_prefix(PREFIX)).unwrap_or("");
    let done = locked(&database).answer(operation, &body);
    let (status, text) = match done {
        Ok(text) => (StatusCode::OK, text),
        Err(refusal) => (StatusCode::BAD_REQUEST, refused(operation, refusal)),
    };
    let kind = [("content-type", "application/x-amz-json-1.0")];
    (status, kind, text)
}

fn refused(operation: &str, refusal: Refusal) -> String {
    let (code, message, more) = match refusal {
        Refusal::Unsupported(what) => {
            eprintln!("the DynamoDB stand-in refuses {operation}: {what}");
            ("ValidationException", what, String::new())
        }
        Refusal::TableExists(name) => ("ResourceInUseException", name, String::new()),
        Refusal::ConditionFailed(item) => {
            let item = item.map(|item| format!(r#","Item":{item}"#));
            let message = "The conditional request failed".to_owned();
            (
                "ConditionalCheckFailedException",
                message,
                item.unwrap_or_default(),
            )
        }
        Refusal::Cancelled(failed) => {
            let reasons: Vec<String> = failed.into_iter().map(reason).collect();
            let reasons = format!(r#","CancellationReasons":[{}]"#, reasons.join(","));
            let message = "Transaction cancelled".to_owned();
            ("TransactionCanceledException", message, reasons)
        }
    };
    let message = serde_json::Value::from(message);
    let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
    format!(r#"{{"__type":"{kind}","message":{message}{more}}}"#)
}

fn reason(failed: Option<Failed>) -> String {
    match failed {
        None => r#"{"Code":"None"}"#.to_owned(),
        Some(Failed(item)) => {
            let item = item.map(|item| format!(r#","Item":{item}"#));
            let item = item.unwrap_or_default();
            format!(r#"{{"Code":"ConditionalCheckFailed","Message":"failed"{item}}}"#)
        }
    }
}
