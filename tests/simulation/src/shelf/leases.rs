//! The lease: who may write, and to whom a run was handed over.

use jiff::Timestamp;
use org_model::{Generation, RunId};
use sync_run::{ClaimOutcome, ClaimRequest, Holder, RunLease};

use super::Shelf;

impl Shelf {
    pub fn claim(&mut self, request: &ClaimRequest) -> ClaimOutcome {
        let record = self.records.get(&request.run);
        if record.is_some_and(|record| record.status.is_final()) {
            return served(&request.run);
        }
        match request.segment {
            Some(segment) => self.claim_segment(request, segment),
            None => self.claim_run(request),
        }
    }

    fn claim_run(&mut self, request: &ClaimRequest) -> ClaimOutcome {
        if self.claimed.contains(&request.run) {
            return served(&request.run);
        }
        let due = request.scheduled_at.and_then(|at| self.served.get(&at));
        if let Some(run) = due.filter(|run| **run != request.run) {
            return served(run);
        }
        // A schedule that finds the source busy is served by that.
        let due = request.scheduled_at.map(|at| (at, request.run.clone()));
        self.served.extend(due);
        let live = self.holder.as_ref();
        if let Some(live) = live.filter(|one| request.now < one.expires_at) {
            let live_run = live.run.clone();
            return ClaimOutcome::Taken { live_run };
        }
        let dead_run = self.holder.take().map(|dead| dead.run);
        self.take(request, dead_run)
    }

    /// Exactly what was handed over, once and in its time.
    fn claim_segment(&mut self, request: &ClaimRequest, segment: u32) -> ClaimOutcome {
        let waits = self.holder.as_ref().is_some_and(|one| {
            let handed_to = one.handed_over.map(|(next, _)| next);
            let in_time = request.now < one.expires_at;
            in_time && one.run == request.run && handed_to == Some(segment)
        });
        match waits {
            true => self.take(request, None),
            false => served(&request.run),
        }
    }

    fn take(&mut self, request: &ClaimRequest, dead_run: Option<RunId>) -> ClaimOutcome {
        self.claimed.insert(request.run.clone());
        self.generation += 1;
        self.holder = Some(Holder {
            run: request.run.clone(),
            expires_at: request.expires_at,
            handed_over: None,
        });
        self.note_claim(request);
        ClaimOutcome::Claimed {
            generation: Generation(self.generation),
            dead_run,
        }
    }

    /// The lease is still this run's, and its time has not come.
    pub fn is_held(&self, lease: &RunLease, now: Timestamp) -> bool {
        let is_own = |one: &Holder| {
            one.run == *lease.run() && one.handed_over.is_none() && now < one.expires_at
        };
        self.generation == lease.generation().0 && self.holder.as_ref().is_some_and(is_own)
    }

    pub fn release(&mut self, lease: &RunLease) {
        let is_own = |one: &Holder| one.run == *lease.run() && one.handed_over.is_none();
        if self.generation == lease.generation().0 {
            self.holder.take_if(|one| is_own(one));
        }
    }

    /// `false`: the lease is somebody else's. Handed over twice is handed over once.
    pub fn hand_over(
        &mut self,
        lease: &RunLease,
        segment: u32,
        until: Timestamp,
        now: Timestamp,
    ) -> bool {
        let is_held = self.is_held(lease, now);
        let Some(holder) = &mut self.holder else {
            return false;
        };
        let is_done = holder.run == *lease.run()
            && self.generation == lease.generation().0
            && holder.handed_over.is_some_and(|(next, _)| next == segment);
        if is_held {
            holder.expires_at = until;
            holder.handed_over = Some((segment, now));
        }
        is_held || is_done
    }
}

fn served(run: &RunId) -> ClaimOutcome {
    ClaimOutcome::AlreadyServed { run: run.clone() }
}
