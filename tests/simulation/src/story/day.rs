//! The rolling day: how much went within any 24 hours without a person's word.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use org_model::{InternalId, ItemKind};
use org_plan::{Limits, RemovalKey};

use super::evidence::{KINDS, who};
use super::truth::Truth;
use crate::Shelf;
use crate::shelf::Decided;

/// Less than a day, since the clock may have been set back in between.
const ALMOST_A_DAY: SignedDuration = SignedDuration::from_mins(24 * 60 - 10);

/// What went without a person's word, and when that was decided.
struct Gone {
    at: Timestamp,
    kind: ItemKind,
    id: InternalId,
}

impl Truth {
    /// In any 24 hours no more goes than the limits allow, by kind.
    pub fn judge_day(&self, shelf: &Shelf) {
        let ledger = &shelf.ledger;
        let news = ledger.writes[self.writes..].iter();
        if !news.clone().any(|write| write.takes_away()) {
            return;
        }
        let gone = self.unapproved(shelf);
        for kind in KINDS {
            let limits = shelf.settings.protection_rules().of(kind);
            for last in gone.iter().filter(|one| one.kind == kind) {
                let in_day = |at: Timestamp| at <= last.at && at + ALMOST_A_DAY > last.at;
                let day = gone.iter().filter(|one| one.kind == kind && in_day(one.at));
                let base = self.largest_base(shelf, kind, &in_day);
                let ids: BTreeSet<&InternalId> = day.map(|one| &one.id).collect();
                assert!(
                    allows(limits, ids.len() as u64, base),
                    "{} of {base} {kind}s went in the day that ends at {}: {ids:?}",
                    ids.len(),
                    last.at
                );
            }
        }
    }

    fn unapproved(&self, shelf: &Shelf) -> Vec<Gone> {
        let ledger = &shelf.ledger;
        let mut gone = Vec::new();
        for write in ledger.writes.iter().filter(|write| write.takes_away()) {
            let Some(decided) = first_decision(&ledger.decisions, write.run.as_str()) else {
                continue;
            };
            let key: RemovalKey = (who(write).0, who(write).1, write.change.action);
            if self.is_forgotten(decided)
                || self.is_approved(&(key.0, key.1.clone()), key.2, decided.at)
            {
                continue;
            }
            gone.push(Gone {
                at: decided.at,
                kind: key.0,
                id: key.1,
            });
        }
        gone
    }

    /// How large the mirror was at most when a run of the day decided to remove something, be it
    /// with a person's word.
    fn largest_base(
        &self,
        shelf: &Shelf,
        kind: ItemKind,
        in_day: &dyn Fn(Timestamp) -> bool,
    ) -> u64 {
        let decisions = shelf.ledger.decisions.iter();
        let removing = decisions.filter(|one| {
            in_day(one.at) && !self.is_forgotten(one) && !one.decision.removals.is_empty()
        });
        let bases = removing.map(|one| match kind {
            ItemKind::User => one.people,
            ItemKind::Department => one.departments,
        });
        bases.max().unwrap_or_default()
    }

    fn is_forgotten(&self, decided: &Decided) -> bool {
        self.day_begins.is_some_and(|begin| decided.at < begin)
    }
}

fn first_decision<'a>(decisions: &'a [Decided], run: &str) -> Option<&'a Decided> {
    let mut decisions = decisions.iter();
    decisions.find(|one| one.decision.record.run.as_str() == run)
}

/// The limits of DESIGN.md §5, said once more.
fn allows(limits: Limits, gone: u64, base: u64) -> bool {
    let by_count = gone <= u64::from(limits.max_count);
    let by_percent = gone * 100 <= u64::from(limits.max_percent) * base;
    gone <= u64::from(limits.floor) || (by_count && by_percent)
}
