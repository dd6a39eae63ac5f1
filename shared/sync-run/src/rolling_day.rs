//! The 24 hours before a run: what was removed in them without a person's word (DESIGN.md §5).
//!
//! The source's state names the runs that decided to remove something; what each of them decided
//! is read from its own decision, and only by a run that has a candidate itself. A removal counts
//! once it is decided, whether or not it was done: a run that died on the way has said what it was
//! about to do, and counting too much holds, counting too little deletes.

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use org_model::RunId;
use org_plan::{Action, Base, DecidedRemoval, Plan, RemovalsOfDay};

use crate::book::Book;
use crate::ports::StoreError;
use crate::{MirrorSize, RemovingRun, SourceState};

/// Decisions read at once: a source that runs every five minutes has at most 288 of them.
const READS_IN_FLIGHT: usize = 16;

/// What the other runs of the day removed. Nothing is read for a plan that removes nothing.
pub(crate) async fn load(book: &Book<'_>, plan: &Plan) -> Result<RemovalsOfDay, StoreError> {
    let mut day = RemovalsOfDay::default();
    let is_candidate = |action: Action| action != Action::Detach;
    let removes = plan.removals.iter().any(|one| is_candidate(one.action));
    if !removes && plan.unasked.is_empty() {
        return Ok(day);
    }
    let runs = of_the_day(&book.state, book.lease.run(), book.ports.clock.now());
    let source = book.lease.source();
    let reads = runs.iter().map(|one| async move {
        let decided = book.ports.runs.decided(source, &one.run).await?;
        Ok::<_, StoreError>((one.base, decided.unwrap_or_default()))
    });
    let mut reads =
        futures::stream::iter(reads.collect::<Vec<_>>()).buffer_unordered(READS_IN_FLIGHT);
    while let Some((size, decided)) = reads.try_next().await? {
        let base = Base {
            users: size.users,
            departments: size.departments,
        };
        day.count_in(base, decided);
    }
    Ok(day)
}

/// Remembers a run that decided to remove something other than by detaching it, and forgets those
/// that are older than a day.
pub(crate) fn remember(book: &mut Book<'_>, removals: &[DecidedRemoval], base: Base) {
    let removes = removals.iter().any(|one| one.action != Action::Detach);
    if !removes {
        return;
    }
    let (run, now) = (book.lease.run().clone(), book.ports.clock.now());
    let base = MirrorSize {
        users: base.users,
        departments: base.departments,
    };
    let mut runs = of_the_day(&book.state, &run, now);
    runs.push(RemovingRun { run, at: now, base });
    book.state.removing_runs = runs;
}

fn of_the_day(state: &SourceState, own: &RunId, now: Timestamp) -> Vec<RemovingRun> {
    let runs = state.removing_runs.iter();
    runs.filter(|one| one.run != *own && RemovalsOfDay::covers(one.at, now))
        .cloned()
        .collect()
}
