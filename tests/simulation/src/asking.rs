//! Runs that somebody asks for, and how their deliveries arrive.

use jiff::SignedDuration;
use org_model::{Fingerprint, RunId, SourceId, UserId};
use sync_run::ports::StoreError;
use sync_run::{RunMode, RunOutcome, RunRecord, RunRequest, Trigger, run};

use crate::world::INVOCATION;
use crate::{Faults, World};

impl World {
    /// One clean manual run an hour later.
    pub async fn run_manually(&mut self, mode: RunMode, plan: Option<Fingerprint>) -> RunRecord {
        let request = self.queue_manual_run(mode, plan);
        self.serve_cleanly(&request).await
    }

    /// Somebody asks for a run an hour later; it stands queued.
    pub fn queue_manual_run(&mut self, mode: RunMode, plan: Option<Fingerprint>) -> RunRequest {
        self.pass(SignedDuration::from_hours(1));
        self.queue(Trigger::Manual, mode, |queued| queued.expected_plan = plan)
    }

    /// Somebody asks that what `undoes` removed is given back; it stands queued.
    pub fn queue_undo(&mut self, undoes: &RunId) -> RunRequest {
        let undoes = undoes.clone();
        self.queue(Trigger::Manual, RunMode::Undo, |queued| {
            queued.undoes = Some(undoes);
        })
    }

    /// Somebody asks that one deleted person is given back; it stands queued.
    pub fn queue_restore(&mut self, userid: &str) -> RunRequest {
        let userid = UserId::new(userid);
        self.queue(Trigger::Manual, RunMode::Restore, |queued| {
            queued.restores = Some(userid);
        })
    }

    /// A run that is asked for now, and whatever else its record says.
    pub fn queue(
        &mut self,
        trigger: Trigger,
        mode: RunMode,
        say: impl FnOnce(&mut RunRecord),
    ) -> RunRequest {
        let mut request = self.request();
        request.trigger = trigger;
        request.scheduled_at = None;
        let (source, id) = (request.source.clone(), request.run.clone());
        let mut queued = RunRecord::new(source, id, trigger, mode, self.now());
        queued.requested_by = Some("someone".to_owned());
        say(&mut queued);
        self.shelf().records.insert(queued.run.clone(), queued);
        request
    }

    /// Somebody asks for an undo, and it is done at once.
    pub async fn undo(&mut self, undoes: &RunId) -> RunRecord {
        let request = self.queue_undo(undoes);
        self.serve_cleanly(&request).await
    }

    /// Somebody asks for a restore, and it is done at once.
    pub async fn restore(&mut self, userid: &str) -> RunRecord {
        let request = self.queue_restore(userid);
        self.serve_cleanly(&request).await
    }

    async fn serve_cleanly(&self, request: &RunRequest) -> RunRecord {
        match self.serve(request, Faults::default()).await.0.unwrap() {
            RunOutcome::Finished(record) => *record,
            other => panic!("{other:?}"),
        }
    }

    /// One delivery of a request, whoever sent it and however often.
    pub async fn serve(
        &self,
        request: &RunRequest,
        faults: Faults,
    ) -> (Result<RunOutcome, StoreError>, usize) {
        let (process, ports) = self.process(faults);
        let outcome = run(&ports, request).await;
        (outcome, process.requests())
    }

    /// The delivery of a queued run, begun now.
    pub fn delivery(&self, run: &RunId, trigger: Trigger) -> RunRequest {
        RunRequest {
            source: SourceId::new("hq"),
            run: run.clone(),
            trigger,
            scheduled_at: None,
            execution: None,
            segment: None,
            deadline: self.now() + INVOCATION,
        }
    }

    /// The delivery of a segment, begun now: in time, twice, late, or of one that nobody started.
    pub fn segment(&self, run: &RunId, segment: u32) -> RunRequest {
        RunRequest {
            segment: Some(segment),
            ..self.delivery(run, Trigger::Manual)
        }
    }

    /// Delivers every segment that waits for it, until a run is over or hands over no more.
    pub async fn serve_segments(&self, faults: impl Fn(u32) -> Faults) -> Option<RunRecord> {
        let mut last = None;
        loop {
            let next = self.shelf().segments_started.pop();
            let Some((run, segment)) = next else {
                return last;
            };
            let request = self.segment(&run, segment);
            if let Ok(RunOutcome::Finished(record)) = self.serve(&request, faults(segment)).await.0
            {
                last = Some(*record);
            }
        }
    }
}
