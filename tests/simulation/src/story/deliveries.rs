//! Deliveries of runs: in time, twice, late, lost; and processes that sleep in the middle of one.

use std::sync::Arc;

use jiff::SignedDuration;
use org_model::RunId;
use sync_run::ports::StoreError;
use sync_run::{RunMode, RunOutcome, RunRecord, RunRequest, RunStatus, Trigger, run};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::Story;
use crate::Faults;

/// More segments than any story's run needs.
const ROUNDS_MAX: u32 = 40;

type Running = JoinHandle<Result<RunOutcome, StoreError>>;

/// A process that stopped in the middle.
pub struct Sleeper {
    run: RunId,
    wake: Arc<Notify>,
    running: Running,
}

impl Story {
    /// One delivery. `None`: it did not end with a record of its own, or not yet.
    pub(super) async fn deliver(
        &mut self,
        request: RunRequest,
        faults: Faults,
    ) -> Option<RunRecord> {
        self.last = Some(request.clone());
        let refused = self.refused_so_far();
        let run_id = request.run.clone();
        let (process, ports) = self.world.process(faults);
        let wake = process.wake();
        let running = tokio::spawn(async move { run(&ports, &request).await });
        while !running.is_finished() && !process.is_asleep() {
            tokio::task::yield_now().await;
        }
        let run = run_id;
        let sleeper = Sleeper { run, wake, running };
        if process.is_asleep() {
            self.trace.say(|| format!("{} sleeps", sleeper.run));
            if self.dice.one_in(3) {
                self.asleep.push(sleeper);
                return None;
            }
            self.meanwhile().await;
        }
        let record = self.join(sleeper).await;
        self.judge_secrets(refused);
        record
    }

    /// Wakes a process and lets it come to its end.
    async fn join(&mut self, sleeper: Sleeper) -> Option<RunRecord> {
        sleeper.wake.notify_one();
        let ended = match sleeper.running.await {
            Ok(ended) => ended,
            Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
        };
        self.trace
            .say(|| format!("{} {}", sleeper.run, told(&ended)));
        match ended {
            Ok(RunOutcome::Finished(record)) => {
                self.remember_refusal(&record);
                Some(*record)
            }
            _ => None,
        }
    }

    pub(super) async fn wake_one(&mut self) {
        if !self.asleep.is_empty() {
            let sleeper = self.asleep.remove(0);
            self.join(sleeper).await;
        }
    }

    /// What may happen while a run is under way.
    async fn meanwhile(&mut self) {
        let seconds = [5, 30, 300, 1200];
        let seconds = self.dice.pick(&seconds).unwrap_or_default();
        self.world.pass(SignedDuration::from_secs(seconds));
        match self.dice.below(7) {
            0 => self.drift(),
            1 => self.approve_some(),
            2 | 3 => self.cancel_something(),
            4 => self.tidy().await,
            5 => self.decide_range(),
            _ => {
                let twin = self.scheduled();
                let ended = self.world.serve(&twin, Faults::default()).await.0;
                self.trace
                    .say(|| format!("{} beside it {}", twin.run, told(&ended)));
            }
        }
    }

    /// The last delivery arrives once more.
    pub(super) async fn deliver_again(&mut self) {
        if let Some(request) = self.last.clone() {
            self.trace.say(|| format!("{} arrives again", request.run));
            self.deliver(request, Faults::default()).await;
        }
    }

    /// Housekeeping, which may be killed.
    pub(super) async fn tidy(&mut self) {
        let at = Some(self.dice.below(20) as usize);
        let mut faults = Faults::default();
        match self.dice.below(8) {
            0 => faults.die_before = at,
            1 => faults.die_after = at,
            2 => faults.fail_once = at,
            _ => {}
        }
        let name = format!("round-{}", self.world.now().as_second());
        let (tidied, requests) = self.world.round(&name, faults).await;
        self.trace.say(|| format!("{name} {requests} {tidied:?}"));
    }

    /// Invocations that were asked for: of segments and of queued runs.
    pub(super) async fn deliver_what_waits(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let segments = std::mem::take(&mut self.world.shelf().segments_started);
            let runs = std::mem::take(&mut self.world.shelf().started);
            if segments.is_empty() && runs.is_empty() {
                return;
            }
            for run in runs {
                let trigger = self.trigger_of(&run);
                let request = self.world.delivery(&run, trigger);
                self.deliver_somehow(request).await;
            }
            let mut later = Vec::new();
            for (run, segment) in segments {
                if self.dice.one_in(12) {
                    self.world.cancel(&run);
                    self.trace
                        .say(|| format!("cancel {run} between two segments"));
                }
                if self.dice.one_in(10) {
                    later.push((run, segment));
                    continue;
                }
                let request = self.world.segment(&run, segment);
                self.deliver_somehow(request).await;
            }
            let is_late = !later.is_empty();
            self.world.shelf().segments_started.extend(later);
            if is_late {
                return;
            }
        }
    }

    async fn deliver_somehow(&mut self, mut request: RunRequest) {
        let segment = request.segment;
        let what = self.dice.below(10);
        self.trace
            .say(|| format!("{} segment {segment:?} {what}", request.run));
        if what == 0 {
            return; // lost
        }
        let faults = self.trouble(&mut request);
        self.deliver(request.clone(), faults).await;
        if what == 1 {
            self.deliver(request, Faults::default()).await;
        }
    }

    pub(super) fn trigger_of(&self, run: &RunId) -> Trigger {
        let shelf = self.world.shelf();
        let record = shelf.records.get(run);
        record.map_or(Trigger::Manual, |record| record.trigger)
    }

    /// A plan is shown, and applied by its fingerprint while the world goes on.
    pub(super) async fn plan_then_apply(&mut self) {
        let planned = self.world.queue(Trigger::Manual, RunMode::Plan, |_| {});
        let Some(plan) = self.deliver(planned, Faults::default()).await else {
            return;
        };
        if plan.status != RunStatus::Planned {
            return;
        }
        if self.dice.one_in(4) {
            self.drift();
        }
        let mut apply = self.world.queue(Trigger::Manual, RunMode::Apply, |queued| {
            queued.expected_plan = plan.plan;
            queued.expected_plan_run = Some(plan.run);
        });
        let faults = self.trouble(&mut apply);
        self.deliver(apply, faults).await;
    }

    /// Everybody wakes, and everything that waits arrives.
    pub(super) async fn let_all_arrive(&mut self) {
        while !self.asleep.is_empty() {
            self.wake_one().await;
        }
        for _ in 0..ROUNDS_MAX {
            let segments = std::mem::take(&mut self.world.shelf().segments_started);
            let runs = std::mem::take(&mut self.world.shelf().started);
            if segments.is_empty() && runs.is_empty() {
                return;
            }
            for run in runs {
                let request = self.world.delivery(&run, self.trigger_of(&run));
                self.deliver(request, Faults::default()).await;
            }
            for (run, segment) in segments {
                let request = self.world.segment(&run, segment);
                self.deliver(request, Faults::default()).await;
            }
        }
    }
}

fn told(ended: &Result<RunOutcome, StoreError>) -> String {
    match ended {
        Ok(RunOutcome::Finished(record) | RunOutcome::Skipped(record)) => {
            let code = record.error.as_ref().map(|error| &error.code);
            let (mode, status) = (record.mode, record.status);
            let (sealed, counts) = (record.sealed, &record.counts);
            format!("{mode:?} {status:?} {code:?} sealed {sealed:?} {counts:?}")
        }
        Ok(RunOutcome::HandedOver(record)) => format!("hands over to {}", record.segments),
        other => format!("{other:?}"),
    }
}
