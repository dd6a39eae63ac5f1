//! One run, measured. The process that measures holds nothing else: WeCom, agent and database are
//! in the process that started it, which says on standard input where they are.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::time::Instant;

use anyhow::bail;
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use dynamo_store::{DynamoStore, TableNames};
use jiff::{SignedDuration, Timestamp};
use org_model::{RunId, SourceId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use source_settings::SecretRef;
use sync_run::ports::{Clock, Events, Notifier, Ports, RunLog, RunStarter, Secrets, SendError};
use sync_run::{Notice, RunOutcome, RunRecord, RunRequest, Trigger, Units};
use testkit::dynamo::{DIRECTORY_TABLE, SYNC_TABLE};
use wecom_client::WecomClient;

use crate::process;
use crate::watch::{RequestCounter, StepCost, Stopwatch};

/// The source whose runs are measured.
pub const SOURCE: &str = "hq";

/// How long a Lambda function may take.
const INVOCATION: SignedDuration = SignedDuration::from_mins(15);

/// Where everything is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseSpec {
    pub run: String,
    /// Of the database.
    pub endpoint: String,
    pub wecom_secret: String,
    /// The authority that WeCom's certificate comes from.
    pub wecom_ca_pem: String,
}

/// What was measured. Memory in bytes, times in seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseReport {
    pub record: RunRecord,
    /// Requests to DynamoDB by operation, retries included.
    pub requests: BTreeMap<String, u64>,
    /// As DynamoDB told them in its answers, the closing transaction included.
    pub units: Units,
    /// Resident just before the run.
    pub idle_bytes: u64,
    /// The most that was ever resident.
    pub peak_bytes: u64,
    pub cpu_seconds: f64,
    pub wall_seconds: f64,
    /// In the order of the steps.
    pub steps: Vec<StepCost>,
}

#[derive(Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The child's whole life.
///
/// # Errors
/// If the run could not be run.
pub async fn run_in_this_process() -> anyhow::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let spec: CaseSpec = serde_json::from_str(&text)?;
    let report = run(&spec, Arc::new(SystemClock)).await?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

/// Runs one scheduled run as a process that has just started would: it knows no token.
///
/// # Errors
/// If the run was not run to its end.
pub async fn run(spec: &CaseSpec, clock: Arc<dyn Clock>) -> anyhow::Result<CaseReport> {
    let counter = RequestCounter::default();
    let client = client_at(&spec.endpoint, &counter);
    let store = Arc::new(DynamoStore::new(client, table_names(), clock.clone()));
    let watch = Arc::new(Stopwatch::default());
    let ports = ports(spec, &store, &watch, clock.clone())?;
    let now = clock.now();
    let request = RunRequest {
        source: SourceId::new(SOURCE),
        run: RunId::new(spec.run.as_str()),
        trigger: Trigger::Schedule,
        scheduled_at: Some(now),
        execution: None,
        segment: None,
        deadline: now + INVOCATION,
    };
    let idle_bytes = process::resident_bytes()?;
    let cpu_before = process::cpu_seconds()?;
    let begin = Instant::now();
    let outcome = sync_run::run(&ports, &request).await?;
    let steps = watch.steps();
    let wall_seconds = begin.elapsed().as_secs_f64();
    let RunOutcome::Finished(record) = outcome else {
        bail!("the run did not run: {outcome:?}");
    };
    Ok(CaseReport {
        record: *record,
        requests: counter.counts(),
        units: RunLog::units(store.as_ref()),
        idle_bytes,
        peak_bytes: steps
            .iter()
            .map(|step| step.resident_bytes)
            // The kernel's peak may lag behind what it says is resident.
            .fold(process::peak_bytes()?, u64::max),
        cpu_seconds: process::cpu_seconds()? - cpu_before,
        wall_seconds,
        steps,
    })
}

pub fn table_names() -> TableNames {
    TableNames {
        directory: DIRECTORY_TABLE.to_owned(),
        sync: SYNC_TABLE.to_owned(),
    }
}

/// The SDK's client as the functions have it, but for the address and the counter.
pub fn client_at(endpoint: &str, counter: &RequestCounter) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("bench", "bench", None, None, "bench"))
        .interceptor(counter.clone())
        .build();
    Client::from_conf(config)
}

fn ports(
    spec: &CaseSpec,
    store: &Arc<DynamoStore>,
    watch: &Arc<Stopwatch>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Ports> {
    let wecom = WecomClient::new(clock.clone()).with_roots_pem(spec.wecom_ca_pem.as_bytes())?;
    let outside = Arc::new(Outside {
        secret: SecretString::from(spec.wecom_secret.as_str()),
    });
    Ok(Ports {
        sources: store.clone(),
        leases: store.clone(),
        mirror: store.clone(),
        upkeep: store.clone(),
        runs: store.clone(),
        held: store.clone(),
        decisions: store.clone(),
        outbox: store.clone(),
        ranges: store.clone(),
        clearing: store.clone(),
        wecom: Arc::new(wecom),
        secrets: outside.clone(),
        notifier: outside.clone(),
        events: outside.clone(),
        starter: outside,
        clock,
        progress: watch.clone(),
    })
}

/// The other services: they know one secret, and what is sent to them is gone.
struct Outside {
    secret: SecretString,
}

#[async_trait]
impl Secrets for Outside {
    async fn secret(&self, _reference: &SecretRef) -> Result<SecretString, SendError> {
        Ok(self.secret.clone())
    }
}

#[async_trait]
impl Notifier for Outside {
    async fn send(&self, _notice: &Notice) -> Result<(), SendError> {
        Ok(())
    }
}

#[async_trait]
impl Events for Outside {
    async fn run_finished(&self, _record: &RunRecord) -> Result<(), SendError> {
        Ok(())
    }
}

#[async_trait]
impl RunStarter for Outside {
    async fn start(
        &self,
        _source: &SourceId,
        _run: &RunId,
        _trigger: Trigger,
    ) -> Result<(), SendError> {
        Ok(())
    }

    async fn start_segment(
        &self,
        _source: &SourceId,
        _run: &RunId,
        _segment: u32,
    ) -> Result<(), SendError> {
        Ok(())
    }

    async fn start_clearing(&self, _source: &SourceId) -> Result<(), SendError> {
        Ok(())
    }
}
