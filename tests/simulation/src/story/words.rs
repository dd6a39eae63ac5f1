//! What people say: approvals of all kinds, rejections, ranges, marks that go, stops, undoing.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use org_model::{ItemKey, ItemState, RunId};
use org_plan::{HeldItem, Item};
use sync_run::{AffectedPeople, HeldState, RunMode, RunStatus, Trigger};

use super::Story;
use crate::Faults;

impl Story {
    pub(super) async fn decide(&mut self) {
        match self.dice.below(14) {
            0..3 => {
                self.approve_some();
                if self.dice.one_in(2) {
                    let mut asked = self.world.queue(Trigger::Approval, RunMode::Apply, |_| {});
                    let faults = self.trouble(&mut asked);
                    self.deliver(asked, faults).await;
                }
            }
            3 | 4 => self.reject_one(),
            5 | 6 => self.decide_range(),
            7 => self.clear_a_mark(),
            8 => self.cancel_something(),
            9..12 => self.resolve_one(),
            12 => self.undo_something().await,
            _ => self.restore_somebody().await,
        }
    }

    /// A list is approved: whole or with exceptions, in time or too late, once or twice.
    pub(super) fn approve_some(&mut self) {
        if self.dice.one_in(8) {
            self.world.pass(SignedDuration::from_hours(73));
        }
        let lists: Vec<_> = self.world.shelf().lists.values().cloned().collect();
        let Some(list) = self.dice.pick(&lists) else {
            return;
        };
        let items: Vec<HeldItem> = list.remaining().cloned().collect();
        let mut except = BTreeSet::new();
        if self.dice.one_in(3) {
            for _ in 0..3 {
                except.extend(self.dice.pick(&items).and_then(|item| item.key()));
            }
        }
        let now = self.world.now();
        let is_open = list.state == HeldState::Waiting && now < list.list.expires_at;
        let done = self.world.approve(list.list.fingerprint, &except);
        assert_eq!(done, is_open, "only what waits can be approved");
        self.trace
            .say(|| format!("approve {} but {except:?}: {done}", list.list.fingerprint));
        if !done {
            return;
        }
        let stays = |item: &&HeldItem| item.key().is_some_and(|key| except.contains(&key));
        let (kept, approved): (Vec<_>, Vec<_>) = items.iter().partition(stays);
        self.truth.hear_approval(approved.into_iter(), now);
        kept.into_iter().for_each(|item| self.truth.hear_kept(item));
        assert!(
            !self.world.approve(list.list.fingerprint, &except),
            "it was approved before"
        );
    }

    fn reject_one(&mut self) {
        let lists = self.world.waiting_lists();
        let Some(list) = self.dice.pick(&lists) else {
            return;
        };
        assert!(self.world.reject(list.list.fingerprint), "it waits");
        self.trace
            .say(|| format!("reject {}", list.list.fingerprint));
        list.remaining().for_each(|item| self.truth.hear_kept(item));
    }

    fn clear_a_mark(&mut self) {
        let kept: Vec<ItemKey> = self.world.kept_keys().into_iter().collect();
        if let Some(key) = self.dice.pick(&kept) {
            self.world.clear_kept(&key);
            self.truth.kept.retain(|_, word| word.key != key);
            self.trace.say(|| format!("{key} may go"));
        }
    }

    /// Somebody looks at the range that stands, and decides.
    pub(super) fn decide_range(&mut self) {
        let people = match self.dice.one_in(2) {
            true => AffectedPeople::Keep,
            false => AffectedPeople::Delete,
        };
        self.world.accept_range(people);
        let shelf = self.world.shelf.lock().unwrap();
        let stands = shelf.standing.as_ref();
        let word = stands.and_then(|range| range.acceptance.as_ref());
        let shown = shelf.affected.iter().map(|item| item.internal_id.clone());
        match word.map(|word| word.people) {
            Some(AffectedPeople::Keep) => self.truth.let_go.extend(shown),
            Some(AffectedPeople::Delete) => self.truth.given_up.extend(shown),
            None => return,
        }
        self.trace.say(|| format!("accept the range: {people:?}"));
    }

    /// A run that is open is asked to stop; else one is asked for, stopped before it starts, and
    /// delivered all the same.
    pub(super) fn cancel_something(&mut self) {
        let open = self.world.open_runs();
        let run = match self.dice.pick(&open) {
            Some(run) => run,
            None => {
                let asked = self.world.queue(Trigger::Manual, RunMode::Apply, |_| {});
                asked.run
            }
        };
        self.world.cancel(&run);
        self.trace.say(|| format!("cancel {run}"));
        let mut shelf = self.world.shelf();
        let record = shelf.records.get(&run);
        if record.is_some_and(|record| record.status == RunStatus::Cancelled) {
            shelf.started.push(run.clone());
            if !shelf.claimed.contains(&run) {
                self.truth.stopped.insert(run);
            }
        }
    }

    async fn undo_something(&mut self) {
        let runs = self.runs_that_took();
        let Some(run) = self.dice.pick(&runs) else {
            return;
        };
        self.trace.say(|| format!("undo {run}"));
        let mut asked = self.world.queue_undo(&run);
        let faults = self.trouble(&mut asked);
        self.deliver(asked, faults).await;
    }

    /// Runs that are over and that removed somebody.
    fn runs_that_took(&self) -> Vec<RunId> {
        let shelf = self.world.shelf();
        let writes = shelf.ledger.writes.iter();
        let took = writes.filter(|write| write.takes_away());
        let runs: BTreeSet<&RunId> = took.map(|write| &write.run).collect();
        let is_over = |run: &&RunId| {
            let record = shelf.records.get(*run);
            record.is_some_and(|record| record.status.is_final())
        };
        runs.into_iter().filter(is_over).cloned().collect()
    }

    async fn restore_somebody(&mut self) {
        let deleted = self.deleted_people();
        if let Some(userid) = self.dice.pick(&deleted) {
            self.trace.say(|| format!("restore {userid}"));
            let asked = self.world.queue_restore(&userid);
            self.deliver(asked, Faults::default()).await;
        }
    }

    fn deleted_people(&self) -> Vec<String> {
        let shelf = self.world.shelf();
        let people = shelf.items.values();
        let deleted = people
            .filter(|item| matches!(item, Item::User(_)) && item.state() == ItemState::Deleted);
        deleted.map(Item::id).collect()
    }
}
