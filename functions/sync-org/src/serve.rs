//! One event served.

use anyhow::{Context, bail};
use jiff::Timestamp;
use org_model::{RunId, SourceId};
use serde::Serialize;
use sync_run::ports::{Clock, Ports};
use sync_run::{Cleared, RunOutcome, RunRecord, RunRequest, RunStatus, Trigger};

use crate::SyncEvent;

/// What an invocation answers: for the log and for whoever invokes by hand.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Answer {
    Run {
        run: RunId,
        source: SourceId,
        status: RunStatus,
    },
    AlreadyServed {
        run: RunId,
    },
    /// The event came late: the source is being cleared, or was.
    SourceCleared {
        source: SourceId,
    },
    Clearing {
        source: SourceId,
        finished: bool,
    },
    Housekeeping {
        sources: usize,
        dead_runs: usize,
        started_runs: usize,
        started_clearings: usize,
        notices: usize,
    },
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Serves one event until `deadline` at the latest.
///
/// # Errors
/// What kept the run from being claimed or closed; a run that failed and said so is an answer.
pub async fn serve(ports: &Ports, event: SyncEvent, deadline: Timestamp) -> anyhow::Result<Answer> {
    let request = match event {
        SyncEvent::Housekeeping => return tidy(ports).await,
        SyncEvent::Clear { source } => return clear(ports, source, deadline).await,
        SyncEvent::Segment { run, segment, .. } => {
            bail!(
                "segment {segment} of run {run}: runs end at their deadline and the next run goes \
                 on; nobody should send segments"
            )
        }
        SyncEvent::Scheduled {
            source,
            scheduled_at,
            execution,
        } => RunRequest {
            source,
            run: new_run_id(),
            trigger: Trigger::Schedule,
            scheduled_at: Some(scheduled_at),
            execution,
            deadline,
        },
        SyncEvent::Queued {
            source,
            run,
            trigger,
        } => RunRequest {
            source,
            run,
            trigger,
            scheduled_at: None,
            execution: None,
            deadline,
        },
    };
    let source = request.source.clone();
    let outcome = sync_run::run(ports, &request)
        .await
        .with_context(|| format!("run {} of source {source}", request.run))?;
    Ok(match outcome {
        RunOutcome::Finished(record) | RunOutcome::Skipped(record) => answer(&record),
        RunOutcome::AlreadyServed(run) => Answer::AlreadyServed { run },
        RunOutcome::SourceCleared => {
            tracing::info!(%source, "a late event: the source is being cleared, or was");
            Answer::SourceCleared { source }
        }
        RunOutcome::NoSuchSource => bail!("there is no source {source}: who sends its events?"),
    })
}

/// A run id that sorts by time (UUIDv7).
pub fn new_run_id() -> RunId {
    RunId::new(uuid::Uuid::now_v7().to_string())
}

fn answer(record: &RunRecord) -> Answer {
    let error = record.error.as_ref().map(|error| error.code.as_str());
    tracing::info!(
        source = %record.source,
        run = %record.run,
        status = ?record.status,
        sealed = record.sealed,
        error,
        read_units = record.dynamodb.read_units,
        write_units = record.dynamodb.write_units,
        "the run ended"
    );
    Answer::Run {
        run: record.run.clone(),
        source: record.source.clone(),
        status: record.status,
    }
}

async fn clear(ports: &Ports, source: SourceId, deadline: Timestamp) -> anyhow::Result<Answer> {
    let cleared = sync_run::clear_source(ports, &source, deadline, &new_run_id())
        .await
        .with_context(|| format!("clearing source {source}"))?;
    tracing::info!(%source, outcome = ?cleared, "the clearing ended");
    let finished = matches!(cleared, Cleared::Finished | Cleared::NothingToDo);
    Ok(Answer::Clearing { source, finished })
}

async fn tidy(ports: &Ports) -> anyhow::Result<Answer> {
    let tidied = sync_run::housekeeping(ports, &new_run_id())
        .await
        .context("housekeeping could not list the sources")?;
    if !tidied.troubled.is_empty() {
        bail!(
            "housekeeping failed for {} of {} sources",
            tidied.troubled.len(),
            tidied.sources
        );
    }
    // The template's heartbeat alarm listens to this sentence.
    tracing::info!(
        sources = tidied.sources,
        dead_runs = tidied.dead_runs,
        started_runs = tidied.started_runs,
        started_clearings = tidied.started_clearings,
        notices = tidied.notices,
        "housekeeping finished"
    );
    Ok(Answer::Housekeeping {
        sources: tidied.sources,
        dead_runs: tidied.dead_runs,
        started_runs: tidied.started_runs,
        started_clearings: tidied.started_clearings,
        notices: tidied.notices,
    })
}
