//! A DynamoDB connection that fails on command.
//!
//! It stands where the SDK hands a signed request to the network, below the SDK's retries: what it
//! counts are requests as the service would see them, and what it sends twice is really sent twice.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents};
use aws_sdk_dynamodb::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_types::body::SdkBody;
use jiff::SignedDuration;
use tokio::sync::Semaphore;

use crate::ManualClock;

/// When the process dies at a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashMoment {
    /// The service never sees the request.
    BeforeSent,
    /// The service did what was asked, and nobody heard the answer.
    AfterApplied,
}

/// What goes wrong on one connection, and what was seen of it. Clones are the same connection.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<FaultState>>);

#[derive(Debug, Default)]
struct FaultState {
    crash: Option<(u64, CrashMoment)>,
    crashed: bool,
    throttle_every: Option<u64>,
    throttle_first_tries: bool,
    throttle_naming: Option<String>,
    repeat_writes: bool,
    stall: Option<Arc<Stall>>,
    pace: Option<(ManualClock, Pace)>,
    operations: Vec<String>,
}

/// How long requests take on the clock: a slow day that costs no real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each takes so long.
    Each(SignedDuration),
    /// The one with this number, counted from 1, takes so long; the others take no time.
    One(u64, SignedDuration),
}

/// Where a connection falls asleep. A semaphore without permits is a door; closed, it lets all by.
#[derive(Debug)]
struct Stall {
    at: u64,
    reached: Semaphore,
    woken: Semaphore,
}

impl Faults {
    /// Dies at the `request`-th request, counted from 1: that one fails, and all after it.
    pub fn crash_at(request: u64, moment: CrashMoment) -> Self {
        let faults = Self::default();
        faults.state().crash = Some((request, moment));
        faults
    }

    /// Every `every`-th request is refused as throttled before it is looked at.
    pub fn throttling(every: u64) -> Self {
        let faults = Self::default();
        faults.state().throttle_every = Some(every.max(1));
        faults
    }

    /// The first try of every request is refused as throttled, the second gets through.
    pub fn throttling_first_tries() -> Self {
        let faults = Self::default();
        faults.state().throttle_first_tries = true;
        faults
    }

    /// Every request whose body has this text is refused as throttled, however often it is tried.
    pub fn throttling_naming(text: &str) -> Self {
        let faults = Self::default();
        faults.state().throttle_naming = Some(text.to_owned());
        faults
    }

    /// Every write arrives twice; the caller hears the answer to the second.
    pub fn repeating_writes() -> Self {
        let faults = Self::default();
        faults.state().repeat_writes = true;
        faults
    }

    /// Falls asleep before the `request`-th request, counted from 1: that one and all after it wait
    /// for [`Faults::wake`], as a frozen process does.
    pub fn stalling_at(request: u64) -> Self {
        let faults = Self::default();
        faults.state().stall = Some(Arc::new(Stall {
            at: request,
            reached: Semaphore::new(0),
            woken: Semaphore::new(0),
        }));
        faults
    }

    /// Requests take their time on `clock`.
    pub fn taking_time(clock: &ManualClock, pace: Pace) -> Self {
        Self::default().and_taking_time(clock, pace)
    }

    /// Besides what else goes wrong, requests take their time on `clock`.
    #[must_use]
    pub fn and_taking_time(self, clock: &ManualClock, pace: Pace) -> Self {
        self.state().pace = Some((clock.clone(), pace));
        self
    }

    /// Returns once the connection has fallen asleep; never, if it is not going to.
    pub async fn stalled(&self) {
        let stall = self.state().stall.clone();
        match stall {
            // Closed: it was reached.
            Some(stall) => drop(stall.reached.acquire().await),
            None => std::future::pending().await,
        }
    }

    /// What waits goes on.
    pub fn wake(&self) {
        if let Some(stall) = &self.state().stall {
            stall.woken.close();
        }
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        let mut state = self.state();
        let operations = std::mem::take(&mut state.operations);
        *state = FaultState {
            operations,
            ..FaultState::default()
        };
    }

    /// How many requests the SDK tried to send, retries included.
    pub fn requests(&self) -> u64 {
        self.state().operations.len() as u64
    }

    /// The crash has happened.
    pub fn crashed(&self) -> bool {
        self.state().crashed
    }

    /// The names of the operations tried, such as `PutItem`, in order.
    pub fn operations(&self) -> Vec<String> {
        self.state().operations.clone()
    }

    pub(crate) fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(FaultyClient {
            plain: aws_smithy_http_client::Builder::new().build_http(),
            faults: self.clone(),
        })
    }

    fn state(&self) -> MutexGuard<'_, FaultState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides over one request.
    fn judge(&self, operation: &str, request: &HttpRequest) -> Fate {
        let mut state = self.state();
        state.operations.push(operation.to_owned());
        let count = state.operations.len() as u64;
        if state.crashed {
            return Fate::Dead;
        }
        state.let_time_pass(count);
        if let Some((at, moment)) = state.crash
            && count >= at
        {
            state.crashed = true;
            return match moment {
                CrashMoment::BeforeSent => Fate::Dead,
                CrashMoment::AfterApplied => Fate::DieAfter,
            };
        }
        if let Some(stall) = state.stall.as_ref().filter(|stall| count >= stall.at) {
            stall.reached.close();
            return Fate::Stalled(Arc::clone(stall));
        }
        if state.throttles(count, request) {
            return Fate::Throttled;
        }
        if state.repeat_writes && is_write(operation) {
            return Fate::Twice;
        }
        Fate::Pass
    }
}

impl FaultState {
    fn let_time_pass(&self, count: u64) {
        match &self.pace {
            Some((clock, Pace::Each(step))) => {
                clock.advance(*step);
            }
            Some((clock, Pace::One(request, step))) if *request == count => {
                clock.advance(*step);
            }
            _ => {}
        }
    }

    fn throttles(&self, count: u64, request: &HttpRequest) -> bool {
        // `attempt=1; max=4`
        let tries = request.headers().get("amz-sdk-request");
        let is_first = tries.is_some_and(|tries| tries.starts_with("attempt=1;"));
        let names = |text: &String| {
            let body = request.body().bytes().unwrap_or_default();
            body.windows(text.len()).any(|part| part == text.as_bytes())
        };
        let every = self.throttle_every;
        every.is_some_and(|every| count.is_multiple_of(every))
            || (self.throttle_first_tries && is_first)
            || self.throttle_naming.as_ref().is_some_and(names)
    }
}

#[derive(Clone, Debug)]
enum Fate {
    Pass,
    Stalled(Arc<Stall>),
    Twice,
    Throttled,
    DieAfter,
    Dead,
}

fn is_write(operation: &str) -> bool {
    matches!(
        operation,
        "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems"
    )
}

#[derive(Debug)]
struct FaultyClient {
    plain: SharedHttpClient,
    faults: Faults,
}

impl HttpClient for FaultyClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(FaultyConnector {
            plain: self.plain.http_connector(settings, components),
            faults: self.faults.clone(),
        })
    }
}

#[derive(Debug)]
struct FaultyConnector {
    plain: SharedHttpConnector,
    faults: Faults,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // `DynamoDB_20120810.PutItem`
        let header = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = header.rsplit('.').next().unwrap_or_default().to_owned();
        let plain = self.plain.clone();
        let fate = self.faults.judge(&operation, &request);
        HttpConnectorFuture::new(async move {
            match fate {
                Fate::Pass => plain.call(request).await,
                Fate::Stalled(stall) => {
                    // Closed: it was woken.
                    drop(stall.woken.acquire().await);
                    plain.call(request).await
                }
                Fate::Twice => {
                    if let Some(first) = request.try_clone() {
                        plain.call(first).await?;
                    }
                    plain.call(request).await
                }
                Fate::Throttled => throttled(),
                Fate::DieAfter => {
                    plain.call(request).await?;
                    Err(died())
                }
                Fate::Dead => Err(died()),
            }
        })
    }
}

/// An error that the SDK does not retry: a dead process retries nothing.
fn died() -> ConnectorError {
    ConnectorError::user("the connection died on command".into())
}

fn throttled() -> Result<HttpResponse, ConnectorError> {
    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}"#;
    let status = aws_smithy_runtime_api::http::StatusCode::try_from(400u16)
        .map_err(|error| ConnectorError::other(error.into(), None))?;
    Ok(HttpResponse::new(status, SdkBody::from(body)))
}
