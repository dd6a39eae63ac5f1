//! The lease item, and the conditions that other writes put on it.

use jiff::Timestamp;
use org_model::{Generation, RunId};
use sync_run::RunLease;
use sync_run::ports::StoreError;

use crate::wire::Attributes;
use crate::wire::attributes::{flag, n, no, number, s, text, yes};
use crate::wire::errors::unreadable;
use crate::wire::expression::Expression;

/// The lease item as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeaseItem {
    pub generation: Generation,
    pub run: RunId,
    pub held: bool,
    pub until: Timestamp,
    /// Random, one per call of `claim`.
    pub claim: String,
    /// To which segment the run handed over, and when; nobody has claimed it yet.
    pub handed: Option<(u32, Timestamp)>,
}

impl LeaseItem {
    pub fn read(item: &Attributes, act: &'static str) -> Result<Self, StoreError> {
        let handed = match item.get("handed") {
            Some(_) => Some((
                number(item, "handed", act)?,
                time_of(item, "handed_at", act)?,
            )),
            None => None,
        };
        Ok(Self {
            generation: Generation(number(item, "gen", act)?),
            run: RunId::new(text(item, "run", act)?),
            held: flag(item, "held"),
            until: time_of(item, "until", act)?,
            claim: text(item, "claim", act)?.to_owned(),
            handed,
        })
    }

    /// Held by a run, or handed over and waiting for its segment: nobody else may take it.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.held && now < self.until
    }

    /// Waits for exactly this segment.
    pub fn waits_for(&self, run: &RunId, segment: u32, now: Timestamp) -> bool {
        let handed_to = self.handed.map(|(segment, _)| segment);
        self.is_live(now) && self.run == *run && handed_to == Some(segment)
    }
}

/// Milliseconds, so that conditions can compare them.
fn time_of(item: &Attributes, name: &str, act: &'static str) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(number(item, name, act)?)
        .map_err(|_| unreadable(act, format!("{name} is no time")))
}

/// The condition under which a run still holds its lease. One that it handed over it does not
/// hold: nobody does.
pub(crate) fn holds(lease: &RunLease, now: Timestamp) -> Expression {
    if_held(Expression::default(), lease, now)
}

/// A change of the lease item by whoever holds it.
pub(crate) fn if_held(change: Expression, lease: &RunLease, now: Timestamp) -> Expression {
    change
        .when(
            "#gen = :gen AND #run = :run AND #held = :held AND #until > :now \
             AND attribute_not_exists(#handed)",
        )
        .with(":gen", n(lease.generation()))
        .with(":run", s(lease.run().as_str()))
        .with(":held", yes())
        .with(":now", n(now.as_millisecond()))
}

/// The condition under which nobody holds a lease.
pub(crate) fn nobody_holds(now: Timestamp) -> Expression {
    Expression::condition("attribute_not_exists(#pk) OR #held = :not_held OR #until <= :now")
        .with(":not_held", no())
        .with(":now", n(now.as_millisecond()))
}

/// The condition under which this run is not live: whoever closes its record for it must not meet
/// a segment that was claimed meanwhile.
pub(crate) fn not_live(run: &RunId, now: Timestamp) -> Expression {
    Expression::condition(
        "attribute_not_exists(#pk) OR #run <> :run OR #held = :not_held OR #until <= :now",
    )
    .with(":run", s(run.as_str()))
    .with(":not_held", no())
    .with(":now", n(now.as_millisecond()))
}

/// The condition under which a lease is as it was seen, and nobody holds it.
pub(crate) fn still_free(seen: Option<&LeaseItem>, now: Timestamp) -> Expression {
    match seen {
        None => Expression::condition("attribute_not_exists(#pk)"),
        Some(lease) => {
            Expression::condition("#gen = :seen AND (#held = :not_held OR #until <= :now)")
                .with(":seen", n(lease.generation))
                .with(":not_held", no())
                .with(":now", n(now.as_millisecond()))
        }
    }
}
