//! What was so, and who said what: known from outside, so that the code under test can be judged
//! by it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use org_model::{InternalId, ItemKey, ItemKind, MemberStatus, RunId};
use org_plan::{Action, HeldItem, Resolution};
use sync_run::RunStatus;
use sync_run::ports::WecomScope;

use crate::{Corp, Person, Shelf};

/// The organisation between two changes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    pub people: BTreeMap<String, There>,
    pub departments: BTreeSet<u32>,
    /// A list that the app asks for is not answered.
    pub incomplete: bool,
}

/// Somebody who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct There {
    /// They may sign in.
    pub open: bool,
    /// An honest reading lists them: they are in the app's range and in the settings' scope.
    pub shown: bool,
}

/// Which item, for all who speak of it.
pub type Who = (ItemKind, InternalId);

/// Somebody said that an item stays.
#[derive(Clone, Debug)]
pub struct KeptWord {
    pub action: Action,
    pub key: ItemKey,
    pub epoch: u64,
}

#[derive(Default)]
pub struct Truth {
    pub moments: Vec<Moment>,
    /// Each approval: what of, and when.
    pub approved: BTreeMap<(Who, Action), Vec<Timestamp>>,
    pub kept: BTreeMap<Who, KeptWord>,
    /// Let go with a range or a source, to be kept outside.
    pub let_go: BTreeSet<InternalId>,
    /// Given up with a range: out of sight is evidence enough.
    pub given_up: BTreeSet<InternalId>,
    /// What was said about a userid, ever.
    pub resolved: BTreeSet<(String, Resolution)>,
    /// Cancelled before they started.
    pub stopped: BTreeSet<RunId>,
    /// Removals before this moment are forgotten with the source's logs.
    pub day_begins: Option<Timestamp>,
    /// How much of the ledger was judged.
    pub writes: usize,
    pub decisions: usize,
    pub closed: usize,
}

impl Truth {
    /// Notes the organisation as it is; the number of this moment.
    pub fn turn(&mut self, corp: &Corp, scope: &WecomScope) -> u64 {
        let listed = corp.listed(scope);
        let there = |person: &Person| There {
            open: matches!(person.status, MemberStatus::Active | MemberStatus::Pending),
            shown: person.departments.iter().any(|id| listed.contains(id)),
        };
        let people = corp.people.iter();
        let moment = Moment {
            people: people.map(|(key, one)| (key.clone(), there(one))).collect(),
            departments: corp.departments.keys().copied().collect(),
            incomplete: corp.deaf.iter().any(|id| listed.contains(id)),
        };
        if self.moments.last() != Some(&moment) {
            self.moments.push(moment);
        }
        self.moments.len() as u64 - 1
    }

    /// The moments from one to another, both of them included.
    pub fn between(&self, from: u64, to: u64) -> &[Moment] {
        &self.moments[from as usize..=to as usize]
    }

    pub fn hear_approval<'a>(&mut self, items: impl Iterator<Item = &'a HeldItem>, at: Timestamp) {
        for item in items {
            let what = ((item.kind, item.internal_id.clone()), item.action);
            self.approved.entry(what).or_default().push(at);
        }
    }

    pub fn hear_kept(&mut self, item: &HeldItem) {
        let epoch = self.moments.len() as u64 - 1;
        let Some(key) = item.key() else { return };
        let action = item.action;
        let who = (item.kind, item.internal_id.clone());
        self.kept.insert(who, KeptWord { action, key, epoch });
    }

    /// A person's word covers this removal, given within a day before it was decided.
    pub fn is_approved(&self, who: &Who, action: Action, decided: Timestamp) -> bool {
        // The clock may have been set meanwhile.
        let slack = SignedDuration::from_mins(5);
        let given = self.approved.get(&(who.clone(), action));
        let valid = |at: &Timestamp| {
            *at <= decided + slack && decided <= *at + sync_run::APPROVAL_VALID + slack
        };
        given.is_some_and(|given| given.iter().any(valid))
    }

    /// Whom an undo or a restore gave back is kept from then on.
    pub fn hear_undone(&mut self, shelf: &Shelf) {
        let ledger = &shelf.ledger;
        for record in &ledger.closed[self.closed..] {
            let gives = record.mode.gives_back();
            if !gives || record.status == RunStatus::Failed {
                continue;
            }
            let given = ledger.writes.iter().filter(|w| w.run == record.run);
            for write in given {
                let action = match write.change.action {
                    Action::Restore => Action::Delete,
                    _ => Action::Disable,
                };
                self.hear_kept(&HeldItem::of(write.item(), action));
            }
        }
    }

    pub fn seen(&mut self, shelf: &Shelf) {
        let ledger = &shelf.ledger;
        self.writes = ledger.writes.len();
        self.decisions = ledger.decisions.len();
        self.closed = ledger.closed.len();
    }
}
