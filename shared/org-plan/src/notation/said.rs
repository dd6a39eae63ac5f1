//! What administrators say of two records, and the giving back of what runs removed.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{Generation, InternalId, ItemKey, ItemKind, UserId, UserKey, UserStatus};

use super::{Reading, World};
use crate::{
    Action, Comparison, GivenBack, GivenBackBy, Heard, HeldItem, Item, Lost, Resolution, Resolved,
    Verdict, give_back,
};

/// An administrator's word on one userid, as it is stored.
#[derive(Clone, Debug)]
pub struct Said {
    pub choice: Resolution,
    /// Of the other record.
    pub internal_id: InternalId,
    pub other: Other,
}

/// Where the other record of a conflict stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Other {
    Aside,
    Detached,
    Renamed(UserKey),
}

impl World {
    /// An administrator says what a userid is to another record, which must be there.
    pub fn say(&mut self, userid: &str, choice: Resolution, other: Other) {
        let key = UserId::new(userid).key();
        let mut aside = self.mirror.aside.iter().rev();
        let item = match &other {
            Other::Aside => aside.find(|item| item.key() == ItemKey::User(key.clone())),
            Other::Detached => self.mirror.items.get(&ItemKey::User(key.clone())),
            Other::Renamed(old) => self.mirror.items.get(&ItemKey::User(old.clone())),
        };
        let said = Said {
            choice,
            internal_id: item.expect("the other record").internal_id().clone(),
            other,
        };
        self.said.insert(key, said);
    }

    /// Whom somebody said something about is looked at, changed or not.
    pub(super) fn look_at_resolved(&self, reading: &Reading, comparison: &mut Comparison) {
        let said = self.said.keys().cloned().map(ItemKey::User);
        said.filter(|key| reading.shows(key))
            .for_each(|key| comparison.look_again(key));
    }

    /// What was said, with the records it was said about as they stand now.
    pub(super) fn resolutions(&self) -> BTreeMap<UserKey, Resolved> {
        let resolved = |(key, said): (&UserKey, &Said)| {
            let mut aside = self.mirror.aside.iter();
            let other = match &said.other {
                Other::Aside => aside.find(|item| *item.internal_id() == said.internal_id),
                Other::Detached => self.mirror.items.get(&ItemKey::User(key.clone())),
                Other::Renamed(old) => self.mirror.items.get(&ItemKey::User(old.clone())),
            };
            let resolved = Resolved {
                choice: said.choice,
                internal_id: said.internal_id.clone(),
                other: other.cloned(),
                aside: said.other == Other::Aside,
            };
            (key.clone(), resolved)
        };
        self.said.iter().map(resolved).collect()
    }

    /// A word is spent when it was carried out, or is stale. A run that dies before it wrote
    /// everything (`hands_over`) leaves all of them for the next.
    pub(super) fn hear(&mut self, heard: BTreeMap<UserKey, Heard>, hands_over: bool) {
        self.said
            .retain(|key, _| hands_over || heard.get(key) == Some(&Heard::Later));
        self.heard = heard;
    }

    /// What would be given back, with nothing written.
    pub fn plan_back(&self, lost: &[Lost]) -> GivenBack {
        let live = self.mirror.live(ItemKind::Department);
        let live = live.filter_map(|item| match item.key() {
            ItemKey::Department(id) => Some(id),
            ItemKey::User(_) => None,
        });
        let keys: BTreeSet<ItemKey> = lost.iter().filter_map(|l| l.removed.key()).collect();
        give_back(
            lost,
            &self.mirror.images(&keys),
            &live.collect(),
            GivenBackBy::Undo,
            Generation(self.generation.0 + 1),
        )
    }

    /// A run of mode `undo`.
    pub fn undo(&mut self, lost: &[Lost]) -> GivenBack {
        let given = self.plan_back(lost);
        self.generation.0 += 1;
        self.standing.kept.extend(given.kept.iter().cloned());
        for change in given.permitted.changes() {
            self.mirror.apply(&change);
        }
        given
    }
}

/// What the rows of a run say that it deleted and disabled.
pub fn lost(verdict: &Verdict) -> Vec<Lost> {
    let removals = verdict.permitted.removals();
    let gone = removals.filter(|change| change.action != Action::Detach);
    gone.map(|change| Lost {
        removed: HeldItem::of(&change.after, change.action),
        status: change.before.as_ref().and_then(status),
    })
    .collect()
}

fn status(item: &Item) -> Option<UserStatus> {
    match item {
        Item::User(user) => Some(user.status),
        Item::Department(_) => None,
    }
}
