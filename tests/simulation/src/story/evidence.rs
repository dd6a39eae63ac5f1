//! Every write, judged by what was so when it was written.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use org_model::{ItemKind, ItemState};
use org_plan::{Action, Item, Resolution};

use super::truth::{Truth, Who};
use crate::shelf::{Claimed, Written};
use crate::{Corp, Shelf};

/// Deleted people who return within so many days are the same people.
const RETENTION_DAYS: i64 = 30;

impl Truth {
    /// A list that is held is told in the same breath.
    pub fn judge_decisions(&self, shelf: &Shelf) {
        for decided in &shelf.ledger.decisions[self.decisions..] {
            let run = &decided.decision.record.run;
            assert!(!decided.is_silent(), "{run} holds a list and tells nobody");
        }
        let mut claims = shelf.ledger.claims.values();
        let late = claims.find(|claim| self.stopped.contains(&claim.run));
        assert!(late.is_none(), "cancelled, and started: {late:?}");
    }

    pub fn judge_writes(&self, shelf: &Shelf, corp: &Corp) {
        for write in &shelf.ledger.writes[self.writes..] {
            let claim = &shelf.ledger.claims[&write.generation];
            judge_order(shelf, write, claim);
            self.judge_identity(write);
            assert!(!claim.cancelled, "cancelled, and goes on: {write:?}");
            assert!(
                write.is_sound || write.is_late_and_homeless(),
                "a place without a home: {write:?}"
            );
            match write.change.action {
                Action::Delete => self.judge_delete(corp, write, claim),
                Action::Disable => self.judge_disable(write, claim),
                Action::Detach => assert!(
                    self.let_go.contains(write.item().internal_id()),
                    "let go by nobody: {write:?}"
                ),
                _ => {}
            }
            if write.takes_away() {
                self.judge_kept(write);
            }
        }
    }

    /// They were gone while the run lived, WeCom said so by name, and nothing was left unanswered.
    /// Of whom a person gave up with a range it is enough that they are out of sight.
    fn judge_delete(&self, corp: &Corp, write: &Written, claim: &Claimed) {
        let item = write.item();
        let (name, since) = (item.key().to_string(), claim.epoch);
        let moments = self.between(since, write.epoch);
        let given_up = self.given_up.contains(item.internal_id());
        let gone = moments.iter().any(|moment| match item {
            Item::User(_) => {
                let there = moment.people.get(&name);
                there.is_none_or(|there| given_up && !there.shown)
            }
            Item::Department(one) => given_up || !moment.departments.contains(&one.id.0),
        });
        assert!(gone, "it never left: {write:?}");
        let heard = |told: &BTreeMap<String, u64>| told.get(&name).is_some_and(|at| *at >= since);
        let answers = [&corp.told_outside, &corp.told_there];
        let outside = given_up && answers.into_iter().any(heard);
        assert!(
            heard(&corp.told_absent) || outside,
            "nobody was asked by name: {write:?}"
        );
        let blind = moments.iter().all(|moment| moment.incomplete);
        assert!(!blind, "a list was not answered: {write:?}");
    }

    fn judge_disable(&self, write: &Written, claim: &Claimed) {
        let name = write.item().key().to_string();
        let mut moments = self.between(claim.epoch, write.epoch).iter();
        let closed = moments.any(|moment| moment.people.get(&name).is_some_and(|one| !one.open));
        assert!(closed, "they may sign in: {write:?}");
    }

    /// Who is kept stays until they were there again, or a later word let them go with a range.
    fn judge_kept(&self, write: &Written) {
        let Some(kept) = self.kept.get(&who(write)) else {
            return;
        };
        if self.let_go.contains(write.item().internal_id()) {
            return;
        }
        let name = kept.key.to_string();
        let moments = self.between(kept.epoch, write.epoch);
        let was_seen = moments.iter().any(|moment| match (kept.action, &kept.key) {
            // Who was kept from being locked out is seen again once they may sign in, or went.
            (Action::Disable, _) => moment.people.get(&name).is_none_or(|one| one.open),
            (_, org_model::ItemKey::User(_)) => moment.people.contains_key(&name),
            (_, org_model::ItemKey::Department(id)) => moment.departments.contains(&id.0),
        });
        assert!(was_seen, "a person said that this stays: {write:?}");
    }

    /// Whoever was there keeps their internal id.
    fn judge_identity(&self, write: &Written) {
        let change = &write.change;
        let Some(before) = &change.before else { return };
        if before.internal_id() == change.after.internal_id() {
            let moved = before.state() == ItemState::Detached && change.action != Action::Adopt;
            let taken_in = change.reclaims.is_some();
            assert!(!moved || taken_in, "detached, and changed: {write:?}");
            return;
        }
        let key = change.key().to_string();
        let said = |choice| self.resolved.contains(&(key.clone(), choice));
        let allowed = match before.state() {
            ItemState::Live => change.reclaims.is_some() && said(Resolution::Same),
            ItemState::Detached => said(Resolution::New) || said(Resolution::Same),
            ItemState::Deleted => {
                is_another(before, &change.after, write) || said(Resolution::Same)
            }
        };
        assert!(allowed, "another internal id: {write:?}");
    }
}

/// Decided before it is done, by whoever holds the lease, and within the time of its invocation.
fn judge_order(shelf: &Shelf, write: &Written, claim: &Claimed) {
    assert_eq!(claim.run, write.run, "{write:?}");
    let decisions = shelf.ledger.decisions.iter();
    let first = decisions
        .map(|decided| &decided.decision)
        .find(|decision| decision.record.run == write.run);
    let Some(first) = first else {
        panic!("written before it was decided: {write:?}");
    };
    if !write.is_removal() {
        let deadline = claim.expires_at - sync_run::LEASE_GRACE;
        assert!(
            write.at <= deadline || write.was_under_way,
            "too late: {write:?}"
        );
        return;
    }
    assert!(write.held, "a zombie removes: {write:?}");
    let (kind, id) = who(write);
    let decided = first
        .removals
        .iter()
        .any(|one| one.kind == kind && one.internal_id == id && one.action == write.change.action);
    assert!(decided, "nobody decided this: {write:?}");
}

/// Deleted too long ago, or somebody of another name.
fn is_another(before: &Item, after: &Item, write: &Written) -> bool {
    let deleted_at = match before {
        Item::User(user) => user.deleted_at,
        Item::Department(department) => department.deleted_at,
    };
    let retention = SignedDuration::from_hours(24 * RETENTION_DAYS);
    let retained = deleted_at.is_some_and(|at| write.at.duration_since(at) <= retention);
    let is_user = before.kind() == ItemKind::User;
    !retained || (is_user && before.name() != after.name())
}

pub fn who(write: &Written) -> Who {
    let item = write.item();
    (item.kind(), item.internal_id().clone())
}

/// Departments are never disabled; people and departments are counted apart.
pub const KINDS: [ItemKind; 2] = [ItemKind::User, ItemKind::Department];
