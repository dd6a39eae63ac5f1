//! The lease of a source: one item, claimed by conditional writes.
//!
//! Properties wanted:
//! 1. At any time at most one run is live per source: it holds the item's generation and run id,
//!    and the item says `held` until a time that has not passed.
//! 2. Generations only grow. A run that lost its lease can never hold it again.
//! 3. A delivery is served once: by run id (`SERVED#`), and for schedules by their time (`DUE#`).
//! 4. Whoever takes over an expired lease learns which run died holding it.
//!
//! Races considered:
//! - *Two claims at once:* both read generation g; each transaction is conditional on g; one wins
//!   and the other, refused, reads again and finds the winner live: `Taken`.
//! - *The answer to a claim is lost, the SDK sends it again:* the second finds generation g + 1.
//!   The claim's own random mark stands in the item, so it is recognised as ours: `Claimed`.
//! - *The process dies between claim and record:* the lease expires, the markers stay; the next
//!   claim names the dead run. The scheduled time is not served again: the next one is due soon.
//! - *A delivery arrives twice while the first is live:* the markers are looked at before the
//!   holder, so the second is `AlreadyServed`, not `Taken`, and writes nothing.
//! - *A zombie wakes after the takeover:* each of its transactions checks generation, run, `held`
//!   and expiry in the same breath, so none of them happens.
//! - *A zombie wakes after its expiry and nobody took over:* housekeeping may have closed its
//!   record, so it is refused too, by its own clock. Accepted: a clock that is slow by more than
//!   the grace of 60 s lets it write what nobody else writes; it is still alone.
//! - *Housekeeping closes a queued run's record while it is claimed:* the claim also checks that
//!   the record is not final.

mod item;

pub(crate) use item::{LeaseItem, nobody_holds, still_free};

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{Generation, RunId, SourceId};
use sync_run::ports::{Leases, StoreError};
use sync_run::{ClaimOutcome, ClaimRequest, RunLease};
use uuid::Uuid;

use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{flag, n, no, s, text, yes};
use crate::wire::calls::Written;
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::transact::{Action, Transacted};

/// A delivery is not repeated after this long: Lambda gives up after 300 s, Scheduler after a day.
const MARKER_SECONDS: i64 = 7 * 24 * 60 * 60;

/// Each further round means that another claim won in between.
const CLAIM_ROUNDS_MAX: usize = 8;

const CLAIM: &str = "claim the lease";

/// What stands in the way of a claim, or does not.
#[derive(Debug, Default)]
struct Standing {
    lease: Option<LeaseItem>,
    /// This run id was claimed, or its record is final.
    run_served: bool,
    /// The run that served this scheduled time.
    due_served: Option<RunId>,
}

impl DynamoStore {
    /// The first action of every transaction of a run.
    pub(crate) fn lease_check(&self, lease: &RunLease) -> Action {
        let key = keys::lease(lease.source());
        Action::Check(self.tables.sync.clone(), key, self.holding(lease))
    }

    /// The condition of a write that takes the lease along.
    pub(crate) fn holding(&self, lease: &RunLease) -> Expression {
        item::holds(lease, self.clock.now())
    }

    /// Whether a run still holds its lease, for what is removed outside a transaction.
    pub(crate) async fn still_holds(
        &self,
        act: &'static str,
        lease: &RunLease,
    ) -> Result<(), StoreError> {
        let key = keys::lease(lease.source());
        let found = self.get(act, &self.tables.sync, &key).await?;
        let found = found.map(|item| LeaseItem::read(&item, act)).transpose()?;
        let now = self.clock.now();
        let is_own = found.is_some_and(|item| {
            item.generation == lease.generation() && item.run == *lease.run() && item.is_live(now)
        });
        match is_own {
            true => Ok(()),
            false => Err(StoreError::LeaseLost { act }),
        }
    }

    async fn standing(&self, request: &ClaimRequest) -> Result<Standing, StoreError> {
        let source = &request.source;
        let mut wanted = vec![
            keys::lease(source),
            keys::served(source, &request.run),
            keys::run(source, &request.run),
        ];
        wanted.extend(request.scheduled_at.map(|at| keys::due(source, at)));
        let mut standing = Standing::default();
        for item in self.get_all(CLAIM, &self.tables.sync, &wanted).await? {
            let sk = text(&item, "sk", CLAIM)?;
            if sk == wanted[0].sk {
                standing.lease = Some(LeaseItem::read(&item, CLAIM)?);
            } else if sk == wanted[1].sk {
                standing.run_served = true;
            } else if sk == wanted[2].sk {
                standing.run_served |= flag(&item, "final");
            } else {
                standing.due_served = Some(RunId::new(text(&item, "run", CLAIM)?));
            }
        }
        Ok(standing)
    }

    /// One try to take the lease as it was just read.
    async fn take(
        &self,
        request: &ClaimRequest,
        seen: Option<&LeaseItem>,
        claim: &str,
    ) -> Result<bool, StoreError> {
        let source = &request.source;
        let table = &self.tables.sync;
        let mut actions = vec![
            Action::Update(
                table.clone(),
                keys::lease(source),
                taking(request, seen, claim),
            ),
            self.marker(request, &keys::served(source, &request.run)),
            Action::Check(
                table.clone(),
                keys::run(source, &request.run),
                Expression::condition("attribute_not_exists(#pk) OR #final = :open")
                    .with(":open", no()),
            ),
        ];
        actions.extend(
            request
                .scheduled_at
                .map(|at| self.marker(request, &keys::due(source, at))),
        );
        let ended = self.transact(CLAIM, &actions).await?;
        Ok(matches!(ended, Transacted::Done))
    }

    fn marker(&self, request: &ClaimRequest, key: &keys::Key) -> Action {
        Action::Put(
            self.tables.sync.clone(),
            marker(request, key),
            Expression::condition("attribute_not_exists(#pk)"),
        )
    }

    /// A schedule that finds the source busy is served by that: its repetition is not a new one.
    async fn taken(
        &self,
        request: &ClaimRequest,
        live_run: RunId,
    ) -> Result<ClaimOutcome, StoreError> {
        let Some(at) = request.scheduled_at else {
            return Ok(ClaimOutcome::Taken { live_run });
        };
        let item = marker(request, &keys::due(&request.source, at));
        let absent = Expression::condition("attribute_not_exists(#pk) OR #run = :run")
            .with(":run", s(request.run.as_str()));
        match self
            .put(CLAIM, &self.tables.sync, item, Some(absent))
            .await?
        {
            Written::Done => Ok(ClaimOutcome::Taken { live_run }),
            Written::Refused(other) => {
                let run = match other {
                    Some(other) => RunId::new(text(&other, "run", CLAIM)?),
                    None => request.run.clone(),
                };
                Ok(ClaimOutcome::AlreadyServed { run })
            }
        }
    }
}

/// Makes the lease the request's own, if it still is as it was seen.
fn taking(request: &ClaimRequest, seen: Option<&LeaseItem>, claim: &str) -> Expression {
    let next = seen.map_or(0, |lease| lease.generation.0) + 1;
    let taken = Expression::update(
        "SET #gen = :next, #run = :run, #held = :held, #until = :until, #claim = :claim",
    )
    .with(":next", n(next))
    .with(":run", s(request.run.as_str()))
    .with(":held", yes())
    .with(":until", n(request.expires_at.as_millisecond()))
    .with(":claim", s(claim));
    match seen {
        None => taken.when("attribute_not_exists(#pk)"),
        Some(lease) => taken
            .when("#gen = :seen AND (#held = :not_held OR #until <= :now)")
            .with(":seen", n(lease.generation))
            .with(":not_held", no())
            .with(":now", n(request.now.as_millisecond())),
    }
}

fn marker(request: &ClaimRequest, key: &keys::Key) -> Attributes {
    let mut item = key.attributes();
    item.insert("run".to_owned(), s(request.run.as_str()));
    let expiry = request.now.as_second() + MARKER_SECONDS;
    item.insert("expires_at".to_owned(), n(expiry));
    item
}

#[async_trait]
impl Leases for DynamoStore {
    async fn claim(&self, request: &ClaimRequest) -> Result<ClaimOutcome, StoreError> {
        let mark = Uuid::new_v4().to_string();
        // The run that held the expired lease we tried to take, in case our try succeeded unheard.
        let mut tried: Option<Option<RunId>> = None;
        for _round in 0..CLAIM_ROUNDS_MAX {
            let standing = self.standing(request).await?;
            let lease = standing.lease;
            if let (Some(lease), Some(dead_run)) = (&lease, &tried)
                && lease.claim == mark
            {
                return Ok(claimed(lease.generation, dead_run.clone()));
            }
            if standing.run_served || lease.as_ref().is_some_and(|lease| lease.run == request.run) {
                return Ok(served(&request.run));
            }
            if let Some(run) = standing.due_served {
                return Ok(served(&run));
            }
            if let Some(lease) = lease.as_ref().filter(|lease| lease.is_live(request.now)) {
                return self.taken(request, lease.run.clone()).await;
            }
            let dead_run = lease.as_ref().filter(|lease| lease.held);
            let dead_run = dead_run.map(|lease| lease.run.clone());
            let generation = lease.as_ref().map_or(0, |lease| lease.generation.0) + 1;
            if self.take(request, lease.as_ref(), &mark).await? {
                return Ok(claimed(Generation(generation), dead_run));
            }
            tried = Some(dead_run);
        }
        Err(StoreError::Unavailable {
            act: CLAIM,
            reason: "contention".to_owned(),
        })
    }

    async fn release(&self, lease: &RunLease) -> Result<(), StoreError> {
        let released = Expression::update("SET #held = :not_held")
            .when("#gen = :gen AND #run = :run")
            .with(":not_held", no())
            .with(":gen", n(lease.generation()))
            .with(":run", s(lease.run().as_str()));
        let key = keys::lease(lease.source());
        // Refused: another run holds it by now. What release promises is true either way.
        let _either: Written = self
            .update("release the lease", &self.tables.sync, &key, released)
            .await?;
        Ok(())
    }

    async fn holder(&self, source: &SourceId) -> Result<Option<(RunId, Timestamp)>, StoreError> {
        let act = "look up who holds the lease";
        let found = self
            .get(act, &self.tables.sync, &keys::lease(source))
            .await?;
        let lease = found.map(|item| LeaseItem::read(&item, act)).transpose()?;
        Ok(lease
            .filter(|lease| lease.held)
            .map(|lease| (lease.run, lease.until)))
    }
}

fn claimed(generation: Generation, dead_run: Option<RunId>) -> ClaimOutcome {
    ClaimOutcome::Claimed {
        generation,
        dead_run,
    }
}

fn served(run: &RunId) -> ClaimOutcome {
    ClaimOutcome::AlreadyServed { run: run.clone() }
}
