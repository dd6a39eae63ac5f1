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
}

impl LeaseItem {
    pub fn read(item: &Attributes, act: &'static str) -> Result<Self, StoreError> {
        let until = Timestamp::from_millisecond(number(item, "until", act)?)
            .map_err(|_| unreadable(act, "until is no time"))?;
        Ok(Self {
            generation: Generation(number(item, "gen", act)?),
            run: RunId::new(text(item, "run", act)?),
            held: flag(item, "held"),
            until,
            claim: text(item, "claim", act)?.to_owned(),
        })
    }

    pub fn is_live(&self, now: Timestamp) -> bool {
        self.held && now < self.until
    }
}

/// The condition under which a run still holds its lease.
pub(crate) fn holds(lease: &RunLease, now: Timestamp) -> Expression {
    Expression::condition("#gen = :gen AND #run = :run AND #held = :held AND #until > :now")
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
