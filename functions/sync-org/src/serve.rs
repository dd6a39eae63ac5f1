//! One event served.

use anyhow::{Context, bail};
use jiff::Timestamp;
use org_model::{RunId, SourceId};
use serde::Serialize;
use sync_run::ports::{Clock, Ports};
use sync_run::{Cleared, RunOutcome, RunRecord, RunRequest, RunStatus, Tidied, Trigger};

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
    /// The time of this invocation was over: another one goes on with the run.
    HandedOver {
        run: RunId,
        source: SourceId,
        segments: u32,
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
        started_segments: usize,
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
        SyncEvent::Scheduled {
            source,
            scheduled_at,
            execution,
        } => RunRequest {
            scheduled_at: Some(scheduled_at),
            execution,
            ..request(source, new_run_id(), Trigger::Schedule, deadline)
        },
        SyncEvent::Queued {
            source,
            run,
            trigger,
        } => request(source, run, trigger, deadline),
        SyncEvent::Segment {
            source,
            run,
            segment,
        } => RunRequest {
            segment: Some(segment),
            // Not looked at: the record of the run says what triggered it.
            ..request(source, run, Trigger::Manual, deadline)
        },
    };
    one_run(ports, &request).await
}

fn request(source: SourceId, run: RunId, trigger: Trigger, deadline: Timestamp) -> RunRequest {
    RunRequest {
        source,
        run,
        trigger,
        scheduled_at: None,
        execution: None,
        segment: None,
        deadline,
    }
}

async fn one_run(ports: &Ports, request: &RunRequest) -> anyhow::Result<Answer> {
    let source = request.source.clone();
    let outcome = sync_run::run(ports, request)
        .await
        .with_context(|| format!("run {} of source {source}", request.run))?;
    Ok(match outcome {
        RunOutcome::Finished(record) | RunOutcome::Skipped(record) => answer(&record),
        RunOutcome::HandedOver(record) => handed_over(&record),
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
        segments = record.segments,
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

fn handed_over(record: &RunRecord) -> Answer {
    tracing::info!(
        source = %record.source,
        run = %record.run,
        segments = record.segments,
        read_units = record.dynamodb.read_units,
        write_units = record.dynamodb.write_units,
        "the run was handed over to its next segment"
    );
    Answer::HandedOver {
        run: record.run.clone(),
        source: record.source.clone(),
        segments: record.segments,
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
    tidied_up(&tidied)
}

/// A round at which something failed does not count as finished: a notice that does not leave is
/// told by the silence of the heartbeat (story 29).
fn tidied_up(tidied: &Tidied) -> anyhow::Result<Answer> {
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
        started_segments = tidied.started_segments,
        started_clearings = tidied.started_clearings,
        notices = tidied.notices,
        "housekeeping finished"
    );
    Ok(Answer::Housekeeping {
        sources: tidied.sources,
        dead_runs: tidied.dead_runs,
        started_runs: tidied.started_runs,
        started_segments: tidied.started_segments,
        started_clearings: tidied.started_clearings,
        notices: tidied.notices,
    })
}

#[cfg(test)]
mod tests;
