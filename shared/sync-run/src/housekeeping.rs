//! Housekeeping: what no run does, because no run may be alive to do it.
//!
//! It closes the records of dead runs, starts queued runs and segments that nobody claimed and runs
//! for approvals that nobody heard, sends unsent notices, reminds of held lists, notices silence,
//! purges what was deleted long ago, and keeps the clearing of a source going. It runs every few
//! minutes beside live runs: everything it writes may be written twice, and nothing it does touches
//! a live run.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use org_model::{RunId, SourceId};

use crate::ports::{Ports, StoreError};
use crate::purge::purge;
use crate::run::LEASE_GRACE;
use crate::{
    HeldState, Holder, Notice, OutboxItem, OutboxPayload, RunError, RunRecord, RunStatus,
    StoredHeldList, StoredSource, approvals, burial, close, notices, segments,
};

/// A queued run older than this is no longer what anybody waits for.
const QUEUED_AT_MOST: SignedDuration = SignedDuration::from_hours(24);

/// A purge has no lease and lives within one invocation of housekeeping (Lambda: 15 minutes).
const PURGE_AT_MOST: SignedDuration = SignedDuration::from_mins(16);

/// The least time without a success that is worth a notice (DESIGN.md §7).
const SILENCE_AT_LEAST: SignedDuration = SignedDuration::from_hours(1);

/// A notice that waits longer than this is trouble of its own: the round does not count as
/// finished, and the operations topic hears of it.
const UNSENT_AT_MOST: SignedDuration = SignedDuration::from_mins(15);

/// What one round did, for the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    pub sources: usize,
    pub dead_runs: usize,
    pub started_runs: usize,
    /// Segments that a run handed over to and that nobody claimed: started again.
    pub started_segments: usize,
    pub started_clearings: usize,
    pub notices: usize,
    pub purged: usize,
    /// Sources at which something failed or a notice does not leave; the others were served all the
    /// same.
    pub troubled: Vec<SourceId>,
}

/// One round over all sources. `round` names the runs of this round.
///
/// # Errors
/// [`StoreError`] only if the sources cannot be listed.
pub async fn housekeeping(ports: &Ports, round: &RunId) -> Result<Tidied, StoreError> {
    let mut tidied = Tidied::default();
    for source in ports.sources.sources().await? {
        tidied.sources += 1;
        let mut visit = Visit {
            ports,
            source: &source,
            round,
            tidied: &mut tidied,
            noticed: BTreeMap::new(),
            is_troubled: false,
        };
        visit.tidy().await;
        if visit.is_troubled {
            tidied.troubled.push(source);
        }
    }
    Ok(tidied)
}

/// One source in one round: no step that fails keeps another from happening.
struct Visit<'a> {
    ports: &'a Ports,
    source: &'a SourceId,
    round: &'a RunId,
    tidied: &'a mut Tidied,
    /// What the source remembers of notices, and what this visit adds.
    noticed: BTreeMap<String, Timestamp>,
    is_troubled: bool,
}

impl Visit<'_> {
    async fn tidy(&mut self) {
        let oldest = close::send_outbox(self.ports, self.source).await;
        let oldest = self.note("send the outbox", oldest).flatten();
        if oldest.is_some_and(|oldest| self.ports.clock.now() >= oldest + UNSENT_AT_MOST) {
            tracing::error!(source = %self.source, "a notice waits unsent for too long");
            self.is_troubled = true;
        }
        let before = self.tidied.clone();
        let stored = self.ports.sources.source(self.source).await;
        match self.note("read the source", stored) {
            Some(None) => return self.continue_clearing().await,
            Some(Some(stored)) => self.tidy_known(&stored).await,
            // Even then nobody waits for a dead run.
            None => self.tidy_runs().await,
        }
        if *self.tidied != before {
            // What this round has to say need not wait for the next.
            let oldest = close::send_outbox(self.ports, self.source).await;
            self.note("send the outbox", oldest);
        }
    }

    /// A source without settings that is being cleared: its worker is started, or started again.
    async fn continue_clearing(&mut self) {
        let clearance = self.ports.clearing.clearance(self.source).await;
        let Some(Some(_)) = self.note("read the clearance", clearance) else {
            return;
        };
        let holder = self.ports.leases.holder(self.source).await;
        let Some(holder) = self.note("see who is live", holder) else {
            return;
        };
        let now = self.ports.clock.now();
        if holder.is_some_and(|holder| now < holder.expires_at) {
            return;
        }
        match self.ports.starter.start_clearing(self.source).await {
            Ok(()) => self.tidied.started_clearings += 1,
            Err(error) => tracing::warn!(source = %self.source, %error, "not started"),
        }
    }

    async fn tidy_known(&mut self, stored: &StoredSource) {
        self.noticed.clone_from(&stored.state.noticed);
        self.tidy_runs().await;
        let lists = self.ports.held.standing(self.source).await;
        let lists = self.note("read the held lists", lists).unwrap_or_default();
        self.start_approved(stored, &lists).await;
        for list in &lists {
            self.remind(stored, list).await;
        }
        self.watch_silence(stored).await;
        let purged = purge(self.ports, stored, self.round).await;
        self.tidied.purged += self.note("purge", purged).unwrap_or_default();
    }

    /// What a step gave; its error is said here and counts once.
    fn note<T>(&mut self, step: &'static str, done: Result<T, StoreError>) -> Option<T> {
        match done {
            Ok(done) => Some(done),
            Err(error) => {
                tracing::warn!(source = %self.source, step, %error, "housekeeping failed");
                self.is_troubled = true;
                None
            }
        }
    }

    /// Dead runs are buried; queued ones that nobody claimed are started again.
    async fn tidy_runs(&mut self) {
        let now = self.ports.clock.now();
        let holder = self.ports.leases.holder(self.source).await;
        let Some(holder) = self.note("see who is live", holder) else {
            return;
        };
        if let Some(holder) = holder.as_ref().filter(|holder| now < holder.expires_at) {
            self.start_segment(holder, now).await;
        }
        let (live, dead): (Option<RunId>, Option<RunId>) = match holder {
            Some(holder) if now < holder.expires_at => (Some(holder.run), None),
            // Claimed and never released: this run died, perhaps before it could say `running`.
            Some(holder) => (None, Some(holder.run)),
            None => (None, None),
        };
        let unfinished = self.ports.runs.unfinished(self.source).await;
        for record in self.note("list open runs", unfinished).unwrap_or_default() {
            if live.as_ref() == Some(&record.run) {
                continue;
            }
            if dead.as_ref() == Some(&record.run) {
                let cause = burial::cause_of(&record);
                self.bury(record, cause).await;
                continue;
            }
            let waited = now.duration_since(record.queued_at);
            match record.status {
                RunStatus::Queued if waited >= QUEUED_AT_MOST => {
                    self.bury(record, burial::never_started()).await;
                }
                RunStatus::Queued if waited >= segments::UNCLAIMED_AFTER && live.is_none() => {
                    self.start(&record).await;
                }
                RunStatus::Running if is_dead(&record, now) => {
                    let cause = burial::cause_of(&record);
                    self.bury(record, cause).await;
                }
                _ => {}
            }
        }
    }

    /// The next segment of a run that handed over was not delivered.
    async fn start_segment(&mut self, holder: &Holder, now: Timestamp) {
        let Some((segment, since)) = holder.handed_over else {
            return;
        };
        if now < since + segments::UNCLAIMED_AFTER {
            return;
        }
        if segments::start(self.ports, self.source, &holder.run, segment).await {
            self.tidied.started_segments += 1;
        }
    }

    async fn bury(&mut self, record: RunRecord, error: RunError) {
        let buried = burial::bury(self.ports, &mut self.noticed, record, error).await;
        if let Some(notices) = self.note("bury a run", buried).flatten() {
            self.tidied.dead_runs += 1;
            self.tidied.notices += notices;
        }
    }

    async fn start(&mut self, record: &RunRecord) {
        let (run, starter) = (&record.run, &self.ports.starter);
        match starter.start(&record.source, run, record.trigger).await {
            Ok(()) => self.tidied.started_runs += 1,
            Err(error) => tracing::warn!(source = %self.source, %run, %error, "not started"),
        }
    }

    async fn start_approved(&mut self, stored: &StoredSource, lists: &[StoredHeldList]) {
        let queued = approvals::queue_unheard(self.ports, stored, lists, self.round).await;
        if let Some(record) = self.note("queue an approval run", queued).flatten() {
            self.start(&record).await;
        }
    }

    /// One reminder a day for each list that waits (story 17).
    async fn remind(&mut self, stored: &StoredSource, list: &StoredHeldList) {
        let now = self.ports.clock.now();
        let cause = format!("held:{}", list.list.fingerprint);
        let is_due = notices::is_due(&self.noticed, &cause, now);
        if is_due && list.state_at(now) == HeldState::Waiting {
            let places = notices::Places::of(list.remaining(), |_| None);
            let places = places.named(self.ports.mirror.as_ref(), self.source).await;
            let notice = notices::held_reminder(list, &stored.settings.name, &places, now);
            self.put_notice(&cause, notice).await;
        }
    }

    /// Story 19: no sealed, not failed run for three intervals, at least an hour.
    async fn watch_silence(&mut self, stored: &StoredSource) {
        let now = self.ports.clock.now();
        let schedule = &stored.settings.schedule;
        let since = stored.state.last_success_at.unwrap_or(stored.created_at);
        let allowed = (schedule.interval() * 3).max(SILENCE_AT_LEAST);
        if schedule.enabled && now >= since + allowed {
            let name = &stored.settings.name;
            let last_success_at = stored.state.last_success_at;
            let notice = notices::silence(self.source, name, last_success_at, now);
            self.put_notice("silence", notice).await;
        }
    }

    /// Once a day for each cause. The cause is remembered after the notice is durable: a crash
    /// between notices twice, never not.
    async fn put_notice(&mut self, cause: &str, notice: Notice) {
        let at = notice.at;
        if !notices::is_due(&self.noticed, cause, at) {
            return;
        }
        let item = OutboxItem {
            id: format!("{}-{cause}", at.as_second()),
            at,
            payload: OutboxPayload::Notice(notice),
        };
        let put = self.ports.outbox.put(self.source, &item).await;
        if self.note("put a notice", put).is_none() {
            return;
        }
        self.tidied.notices += 1;
        self.noticed.insert(cause.to_owned(), at);
        let outbox = &self.ports.outbox;
        let remembered = outbox.remember_notice(self.source, cause, at).await;
        self.note("remember a notice", remembered);
    }
}

/// A running record without a live lease: dead, unless it was claimed a moment ago.
fn is_dead(record: &RunRecord, now: Timestamp) -> bool {
    let alive = match record.generation {
        Some(_) => LEASE_GRACE,
        None => PURGE_AT_MOST,
    };
    record.started_at.is_none_or(|at| now >= at + alive)
}
