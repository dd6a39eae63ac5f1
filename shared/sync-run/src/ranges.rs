//! The visible range and a person's word on it (DESIGN.md §4 step 4).
//!
//! Properties wanted:
//! 1. A range that is narrower than the baseline proves nobody's absence until a person accepts
//!    exactly this: the baseline, the range, the app that read it, and whom it does not show.
//! 2. An acceptance counts for those whom the person was shown, each by key and internal id, and
//!    for nobody else.
//! 3. It is spent by the run that takes the range over as the new baseline, and by no other.
//!
//! Races considered:
//! - *Accepted while a run sees the range again:* that run read no acceptance, so it is unsealed;
//!   the store leaves what was accepted since as it stands, list included, for the next run.
//! - *Somebody else is missing by the time a person accepts:* the list is part of the fingerprint,
//!   so that the person has to look again.
//! - *Killed on the way:* the baseline is the old one until the record is closed, so the next run
//!   compares with the same fingerprint, and does what is left: who is detached or deleted already
//!   is not missing any more.
//! - *Killed between the close and `settle`:* the new baseline is there, the acceptance is bound to
//!   the old one. The next sealed run settles it before it may change the baseline again, so that
//!   no old word ever meets its old baseline anew.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{Fingerprint, ItemKey, Mark, RawOrg};
use org_plan::{AcceptedAbsences, Action, HeldItem};

use crate::book::Book;
use crate::judge::Look;
use crate::ports::StoreError;
use crate::reading::Reading;
use crate::{AffectedPeople, RunMode, StandingRange, StoredSource, Trouble};

/// What this run knows of the range that stands, and of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct RangeStory {
    pub standing: Option<StandingRange>,
    /// Of this reading against the baseline; `None` before the first baseline.
    difference: Option<Fingerprint>,
    word: Option<Word>,
}

/// A person's word on exactly this range.
#[derive(Clone, Debug)]
struct Word {
    fingerprint: Fingerprint,
    people: AffectedPeople,
    /// Whom the person was shown.
    shown: Vec<HeldItem>,
}

/// What the range that stands is to this run in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RangeEnd {
    #[default]
    Nothing,
    /// It waits for a person.
    Waits(Fingerprint),
    /// The reading is complete and as wide as the baseline: nothing is left to accept.
    Over(Fingerprint),
    /// This run did what was accepted: once its range is the baseline, the word is spent.
    Accepted(Fingerprint),
}

impl RangeStory {
    pub async fn load(
        book: &Book<'_>,
        source: &StoredSource,
        raw: &RawOrg,
    ) -> Result<Self, StoreError> {
        let agent_id = u64::from(source.settings.credentials.agent_id);
        let baseline = source.state.baseline.as_ref();
        let range = raw.expanded_range();
        let standing = book.ports.ranges.standing(&source.source).await?;
        let difference =
            baseline.map(|baseline| StandingRange::fingerprint_of(baseline, &range, agent_id));
        let word = match (&standing, difference) {
            (Some(standing), Some(difference)) => word(book, standing, difference).await?,
            _ => None,
        };
        Ok(Self {
            standing,
            difference,
            word,
        })
    }

    /// A person accepted exactly this range.
    pub fn is_accepted(&self) -> bool {
        self.word.is_some()
    }

    /// What was accepted and is not this range: it counts no more once this one is seen.
    fn overruled(&self) -> Option<Fingerprint> {
        let standing = self.standing.as_ref()?;
        let is_other = standing.acceptance.is_some() && self.word.is_none();
        is_other.then_some(standing.fingerprint)
    }

    /// Said once the reading is judged for good.
    pub fn end(&self, is_sealed: bool, mode: RunMode) -> RangeEnd {
        match (&self.standing, &self.word) {
            _ if !is_sealed || mode == RunMode::Plan => RangeEnd::Nothing,
            (_, Some(word)) => RangeEnd::Accepted(word.fingerprint),
            (Some(standing), None) => RangeEnd::Over(standing.fingerprint),
            (None, None) => RangeEnd::Nothing,
        }
    }
}

/// The word on the range that stands, if this reading differs from the baseline as that one does:
/// difference and list together must be what the fingerprint stands for.
async fn word(
    book: &Book<'_>,
    standing: &StandingRange,
    difference: Fingerprint,
) -> Result<Option<Word>, StoreError> {
    let Some(acceptance) = &standing.acceptance else {
        return Ok(None);
    };
    let (ranges, fingerprint) = (&book.ports.ranges, standing.fingerprint);
    let shown = ranges.affected(book.lease.source(), fingerprint).await?;
    let is_this = StandingRange::fingerprint_listing(difference, &shown) == fingerprint;
    Ok(is_this.then_some(Word {
        fingerprint,
        people: acceptance.people,
        shown,
    }))
}

/// The missing items whom the accepted list names, by what the person decided.
pub(crate) fn accepted(
    reading: &Reading,
    missing: &BTreeSet<ItemKey>,
    marks: &BTreeMap<ItemKey, Mark>,
) -> AcceptedAbsences {
    let mut accepted = AcceptedAbsences::default();
    let word = reading.range.word.as_ref();
    let Some(word) = word.filter(|_| reading.snapshot.is_sealed()) else {
        return accepted;
    };
    let is_same = |item: &HeldItem, key: &ItemKey| {
        let mark = marks.get(key);
        mark.is_some_and(|mark| mark.internal_id == item.internal_id)
    };
    let keys = word.shown.iter().filter_map(|item| {
        let key = item.key()?;
        (missing.contains(&key) && is_same(item, &key)).then_some(key)
    });
    match word.people {
        AffectedPeople::Keep => accepted.detach = keys.collect(),
        AffectedPeople::Delete => accepted.delete = keys.collect(),
    }
    accepted
}

/// Remembers a range that a person has to look at, with everybody whom it does not show.
pub(crate) async fn see(
    book: &mut Book<'_>,
    source: &StoredSource,
    reading: &Reading,
    look: &Look,
) -> Result<(), Trouble> {
    let (Some(narrowing), Some(difference)) = (
        reading.snapshot.standing_narrowing(),
        reading.range.difference,
    ) else {
        return Ok(());
    };
    if book.record.mode == RunMode::Plan {
        return Ok(());
    }
    let affected = affected(book, source, look).await?;
    let fingerprint = StandingRange::fingerprint_listing(difference, &affected);
    let users = affected
        .iter()
        .filter(|item| item.kind == org_model::ItemKind::User);
    let affected_users = users.count() as u64;
    let range = reading.snapshot.range();
    let seen = StandingRange {
        fingerprint,
        run: book.lease.run().clone(),
        seen_at: book.ports.clock.now(),
        agent_id: u64::from(source.settings.credentials.agent_id),
        declared: range.declared.clone(),
        departments: range.departments.len() as u64,
        narrowing: narrowing.clone(),
        affected_users,
        affected_departments: affected.len() as u64 - affected_users,
        acceptance: None,
    };
    let (ranges, overruled) = (&book.ports.ranges, reading.range.overruled());
    ranges.see(book.lease, &seen, &affected, overruled).await?;
    book.range = RangeEnd::Waits(fingerprint);
    book.range_seen = Some(seen);
    Ok(())
}

/// Live, attached items of the mirror that the reading does not show; those who wait in a held list
/// as well, whose images no run needs otherwise.
async fn affected(
    book: &Book<'_>,
    source: &StoredSource,
    look: &Look,
) -> Result<Vec<HeldItem>, StoreError> {
    let missing = &look.comparison.missing;
    let unread: Vec<ItemKey> = missing
        .iter()
        .filter(|key| !look.before.contains_key(*key))
        .cloned()
        .collect();
    let mirror = &book.ports.mirror;
    let others = mirror.before_images(&source.source, &unread).await?;
    let images = missing
        .iter()
        .filter_map(|key| look.before.get(key).or_else(|| others.get(key)));
    let mut affected: Vec<HeldItem> = images
        .map(|item| HeldItem::of(item, Action::Detach))
        .collect();
    affected.sort();
    Ok(affected)
}

/// Before the run is closed, and with it the baseline changed: what stands is over.
pub(crate) async fn settle_over(book: &Book<'_>) -> Result<(), StoreError> {
    match book.range {
        RangeEnd::Over(fingerprint) => book.ports.ranges.settle(book.lease, fingerprint).await,
        RangeEnd::Nothing | RangeEnd::Waits(_) | RangeEnd::Accepted(_) => Ok(()),
    }
}

/// After the close: the accepted range is the baseline. If this fails, the next run does it.
pub(crate) async fn settle_accepted(book: &Book<'_>) {
    let RangeEnd::Accepted(fingerprint) = book.range else {
        return;
    };
    if !book.took_range {
        return;
    }
    if let Err(error) = book.ports.ranges.settle(book.lease, fingerprint).await {
        let source = book.lease.source();
        tracing::warn!(%source, %error, "an accepted range is left to the next run to settle");
    }
}
