//! Records that may be one person's, a person's word on them, and sources that are replaced.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use org_model::{InternalId, ItemState};
use org_plan::{Action, HeldItem, Item, Resolution};
use sync_run::{Cleared, OtherRecord};

use super::Story;
use crate::Faults;

/// Whose userid it is now, and the record that may be theirs.
type Conflict = (String, OtherRecord, HeldItem);

impl Story {
    pub(super) fn resolve_one(&mut self) {
        let conflicts = self.conflicts();
        if let Some(conflict) = self.dice.pick(&conflicts) {
            let choice = match self.dice.one_in(2) {
                true => Resolution::Same,
                false => Resolution::New,
            };
            self.resolve(conflict, choice);
        }
    }

    /// A word on everybody whose record is detached under another name.
    pub(super) fn resolve_detached(&mut self) {
        for conflict in self.conflicts() {
            if conflict.1 == OtherRecord::Detached {
                self.resolve(conflict, Resolution::New);
            }
        }
    }

    fn resolve(&mut self, (userid, other, item): Conflict, choice: Resolution) {
        self.trace
            .say(|| format!("{userid} is {choice:?} as {} {other:?}", item.id));
        self.truth.resolved.insert((userid.to_lowercase(), choice));
        self.world.resolve(&userid, choice, other, &item);
    }

    fn conflicts(&self) -> Vec<Conflict> {
        let (corp, shelf) = (self.world.corp(), self.world.shelf());
        let item_of = |item: &Item| HeldItem::of(item, Action::Delete);
        let mut found = Vec::new();
        for item in shelf
            .items
            .values()
            .filter(|item| matches!(item, Item::User(_)))
        {
            let person = corp.people.get(&item.key().to_string());
            let Some(person) = person.filter(|_| item.state() == ItemState::Detached) else {
                continue;
            };
            if person.name != item.name() {
                found.push((person.userid.clone(), OtherRecord::Detached, item_of(item)));
            }
        }
        for item in &shelf.displaced {
            let stands = shelf.items.get(&item.key());
            if let Some(stands) = stands.filter(|item| item.state() == ItemState::Live) {
                found.push((stands.id(), OtherRecord::Aside, item_of(item)));
            }
        }
        drop(shelf);
        for list in self.world.waiting_lists() {
            let suspects = list.remaining().filter_map(|item| {
                let userid = item.suspected_rename.as_ref()?.to_string();
                Some((userid, OtherRecord::Renamed, item.clone()))
            });
            found.extend(suspects);
        }
        found
    }

    /// The source is replaced in the middle of its life; the worker is killed now and then.
    pub(super) async fn replace(&mut self) {
        self.world.pass(SignedDuration::from_hours(1));
        self.tidy().await;
        // What happened so far is judged by what was said so far.
        self.judge();
        let ids = self.internal_ids();
        let begun = self.dice.one_in(2) && self.world.begin_clearing(false);
        if !begun {
            return;
        }
        for _ in 0..3 {
            let faults = Faults {
                die_before: Some(self.dice.below(20) as usize),
                ..Faults::default()
            };
            let (ended, requests) = self.world.clear(faults).await;
            self.trace
                .say(|| format!("clear {requests} {}", ended.is_ok()));
            self.world.pass(SignedDuration::from_hours(1));
        }
        if !self.world.shelf().vacant {
            let ended = self.world.clear(Faults::default()).await.0;
            assert_eq!(ended, Ok(Cleared::Finished));
        }
        assert_eq!(self.internal_ids(), ids, "nobody comes or goes");
        let attached = self.world.shelf().live_people();
        assert_eq!(attached, BTreeSet::new(), "nobody stays attached");
        self.truth.let_go.extend(ids);
        self.truth.kept.clear();
        self.truth.approved.clear();
        self.truth.stopped.clear();
        self.truth.day_begins = Some(self.world.now());
        self.refused = None;
        self.world.set_up_anew();
    }

    fn internal_ids(&self) -> BTreeSet<InternalId> {
        let shelf = self.world.shelf();
        let items = shelf.items.values();
        items.map(|item| item.internal_id().clone()).collect()
    }
}
