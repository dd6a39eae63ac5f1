//! Claiming: what stands in the way, and the one transaction that takes the lease.

use org_model::{Generation, RunId};
use sync_run::ports::StoreError;
use sync_run::{ClaimOutcome, ClaimRequest};
use uuid::Uuid;

use super::item::LeaseItem;
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
    /// This run id was claimed.
    run_served: bool,
    /// The run's record is final.
    run_over: bool,
    /// The run that served this scheduled time.
    due_served: Option<RunId>,
}

/// What a claim finds.
enum Way {
    /// The lease may be taken; the run that died holding it, if one did.
    Free(Option<RunId>),
    Live(RunId),
    Served(RunId),
}

impl Standing {
    fn way(&self, request: &ClaimRequest) -> Way {
        let lease = self.lease.as_ref();
        if let Some(segment) = request.segment {
            let waits = |lease: &LeaseItem| lease.waits_for(&request.run, segment, request.now);
            return match lease.is_some_and(waits) && !self.run_over {
                true => Way::Free(None),
                false => Way::Served(request.run.clone()),
            };
        }
        let is_own = lease.is_some_and(|lease| lease.run == request.run);
        if self.run_served || self.run_over || is_own {
            return Way::Served(request.run.clone());
        }
        if let Some(run) = &self.due_served {
            return Way::Served(run.clone());
        }
        match lease {
            Some(lease) if lease.is_live(request.now) => Way::Live(lease.run.clone()),
            Some(lease) if lease.held => Way::Free(Some(lease.run.clone())),
            _ => Way::Free(None),
        }
    }

    fn next_generation(&self) -> Generation {
        Generation(self.lease.as_ref().map_or(0, |lease| lease.generation.0) + 1)
    }
}

impl DynamoStore {
    pub(super) async fn claim_lease(
        &self,
        request: &ClaimRequest,
    ) -> Result<ClaimOutcome, StoreError> {
        let mark = Uuid::new_v4().to_string();
        // The run that held the expired lease we tried to take, in case our try succeeded unheard.
        let mut tried: Option<Option<RunId>> = None;
        for _round in 0..CLAIM_ROUNDS_MAX {
            let standing = self.standing(request).await?;
            if let (Some(lease), Some(dead_run)) = (&standing.lease, &tried)
                && lease.claim == mark
            {
                return Ok(claimed(lease.generation, dead_run.clone()));
            }
            let dead_run = match standing.way(request) {
                Way::Free(dead_run) => dead_run,
                Way::Live(run) => return self.taken(request, run).await,
                Way::Served(run) => return Ok(ClaimOutcome::AlreadyServed { run }),
            };
            if self.take(request, &standing, &mark).await? {
                return Ok(claimed(standing.next_generation(), dead_run));
            }
            tried = Some(dead_run);
        }
        Err(StoreError::Unavailable {
            act: CLAIM,
            reason: "contention".to_owned(),
        })
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
                standing.run_over = flag(&item, "final");
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
        seen: &Standing,
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
            Action::Check(
                table.clone(),
                keys::run(source, &request.run),
                Expression::condition("attribute_not_exists(#pk) OR #final = :open")
                    .with(":open", no()),
            ),
        ];
        // A segment is served once by the lease itself, which says that it waits for it.
        if request.segment.is_none() {
            actions.push(self.marker(request, &keys::served(source, &request.run)));
            let due = request.scheduled_at.map(|at| keys::due(source, at));
            actions.extend(due.map(|due| self.marker(request, &due)));
        }
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
fn taking(request: &ClaimRequest, seen: &Standing, claim: &str) -> Expression {
    let taken = Expression::update(
        "SET #gen = :next, #run = :run, #held = :held, #until = :until, #claim = :claim \
         REMOVE #handed, #handed_at",
    )
    .with(":next", n(seen.next_generation()))
    .with(":run", s(request.run.as_str()))
    .with(":held", yes())
    .with(":until", n(request.expires_at.as_millisecond()))
    .with(":claim", s(claim));
    let Some(lease) = &seen.lease else {
        return taken.when("attribute_not_exists(#pk)");
    };
    let now = n(request.now.as_millisecond());
    let taken = taken.with(":seen", n(lease.generation)).with(":now", now);
    match request.segment {
        Some(segment) => taken
            .when(
                "#gen = :seen AND #run = :run AND #held = :held AND #handed = :segment \
                 AND #until > :now",
            )
            .with(":segment", n(segment)),
        None => taken
            .when("#gen = :seen AND (#held = :not_held OR #until <= :now)")
            .with(":not_held", no()),
    }
}

fn marker(request: &ClaimRequest, key: &keys::Key) -> Attributes {
    let mut item = key.attributes();
    item.insert("run".to_owned(), s(request.run.as_str()));
    let expiry = request.now.as_second() + MARKER_SECONDS;
    item.insert("expires_at".to_owned(), n(expiry));
    item
}

fn claimed(generation: Generation, dead_run: Option<RunId>) -> ClaimOutcome {
    ClaimOutcome::Claimed {
        generation,
        dead_run,
    }
}
