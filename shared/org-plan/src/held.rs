//! Removals that wait for a person, and what earlier runs and people left standing.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use org_model::{
    AttributeName, DepartmentId, Fingerprint, InternalId, ItemKey, ItemKind, RunId, SourceId,
    UserId,
};
use serde::{Deserialize, Serialize};

use crate::{Action, Base, Change, Item, TrippedRule};

/// A held list that nobody decided for three days is held anew, with a new notice.
const HELD_LIST_EXPIRES_HOURS: i64 = 72;

/// Over how long removals count towards the thresholds.
const ROLLING_DAY_HOURS: i64 = 24;

/// One removal that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HeldItem {
    pub kind: ItemKind,
    /// As WeCom spells it.
    pub id: String,
    pub internal_id: InternalId,
    pub name: String,
    pub action: Action,
    /// A person's departments; a department's parent.
    pub departments: Vec<DepartmentId>,
    /// Somebody else under this userid may be the same person: held whatever the thresholds say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspected_rename: Option<UserId>,
}

/// Which removal: kind, internal id and action.
pub type RemovalKey = (ItemKind, InternalId, Action);

/// A removal that a run decided to do: durable before it is done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DecidedRemoval {
    pub kind: ItemKind,
    pub internal_id: InternalId,
    pub action: Action,
    /// A person's word covers it: an approval, or a range that was accepted and keeps people
    /// detached. It does not count towards the rolling day.
    pub approved: bool,
}

impl DecidedRemoval {
    pub fn key(&self) -> RemovalKey {
        (self.kind, self.internal_id.clone(), self.action)
    }
}

/// What an approval is bound to: this item and this removal, nothing else.
pub(crate) type RemovalId<'a> = (ItemKind, &'a InternalId, Action);

impl HeldItem {
    pub fn of(item: &Item, action: Action) -> Self {
        Self {
            kind: item.kind(),
            id: item.id(),
            internal_id: item.internal_id().clone(),
            name: item.name().to_owned(),
            action,
            departments: item.departments(),
            suspected_rename: None,
        }
    }

    /// `None`: a department whose id is no number, which [`HeldItem::of`] never makes.
    pub fn key(&self) -> Option<ItemKey> {
        match self.kind {
            ItemKind::User => Some(ItemKey::User(UserId::new(self.id.as_str()).key())),
            ItemKind::Department => {
                let id = self.id.parse().ok()?;
                Some(ItemKey::Department(DepartmentId(id)))
            }
        }
    }

    /// Which removal waits.
    pub fn removal_key(&self) -> RemovalKey {
        (self.kind, self.internal_id.clone(), self.action)
    }

    pub(crate) fn removal_id(&self) -> RemovalId<'_> {
        (self.kind, &self.internal_id, self.action)
    }
}

impl Change {
    pub(crate) fn removal_id(&self) -> RemovalId<'_> {
        (self.kind(), self.after.internal_id(), self.action)
    }
}

/// The removals of one run that wait together, approved together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldList {
    /// Over the sorted (kind, internal id, action) of its items.
    pub fingerprint: Fingerprint,
    pub source: SourceId,
    pub run: RunId,
    pub held_at: Timestamp,
    pub expires_at: Timestamp,
    pub rules: Vec<TrippedRule>,
    pub items: Vec<HeldItem>,
}

impl HeldList {
    /// Items are sorted by kind and id, each once.
    pub fn new(
        source: SourceId,
        run: RunId,
        held_at: Timestamp,
        rules: Vec<TrippedRule>,
        mut items: Vec<HeldItem>,
    ) -> Self {
        items.sort();
        items.dedup();
        Self {
            fingerprint: Self::fingerprint_of(&items),
            source,
            run,
            held_at,
            // At the end of time a list simply never expires.
            expires_at: held_at
                .checked_add(SignedDuration::from_hours(HELD_LIST_EXPIRES_HOURS))
                .unwrap_or(Timestamp::MAX),
            rules,
            items,
        }
    }

    /// Stands for exactly these removals, in whatever order and under whatever names.
    pub fn fingerprint_of(items: &[HeldItem]) -> Fingerprint {
        let ids: BTreeSet<RemovalId<'_>> = items.iter().map(HeldItem::removal_id).collect();
        Fingerprint::of(&ids)
    }
}

/// What earlier runs and people left standing.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Items of lists that wait.
    pub waiting: Vec<HeldItem>,
    /// Items of lists that were approved and not yet consumed.
    pub approved: Vec<HeldItem>,
    /// Items an administrator decided to keep, from whatever would be done to them: never
    /// candidates until they are seen again. One that was kept from being disabled is seen again
    /// when a sealed reading shows it open. Only those whose record is still live.
    pub kept: Vec<HeldItem>,
    /// The plan fingerprint an administrator asked to apply: its clearings are permitted.
    pub applied_plan: Option<Fingerprint>,
    /// What was removed in the last 24 hours without a person's word.
    pub day: RemovalsOfDay,
    /// In a continuation: what the run decided before it handed over. These removals are
    /// permitted, once more with the evidence of this reading; any other is left to the next run.
    pub decided: Option<BTreeSet<RemovalKey>>,
    /// In a continuation: the attributes whose clearings the run kept back before it handed over.
    /// They stay, however few are left.
    pub kept_back: BTreeSet<AttributeName>,
    /// In a continuation: the attributes that the plan which the run applies empties for too many.
    /// A person saw these, and no others.
    pub cleared: BTreeSet<AttributeName>,
}

/// The rolling 24 hours before a run (DESIGN.md §5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemovalsOfDay {
    /// Each once, however often and by whichever action it was removed.
    pub removed: BTreeSet<(ItemKind, InternalId)>,
    /// The largest that a run of these hours found; zero: no run removed anything.
    pub base: Base,
}

impl RemovalsOfDay {
    /// Does a run that decided at this time still count now? A time that is yet to come does:
    /// clocks may be set back.
    pub fn covers(decided_at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(decided_at) <= SignedDuration::from_hours(ROLLING_DAY_HOURS)
    }

    /// Counts a run of the last 24 hours in: what it decided, whether or not it was done, and what
    /// its thresholds measured by ([`Verdict::base`](crate::Verdict)).
    pub fn count_in(&mut self, base: Base, decided: impl IntoIterator<Item = DecidedRemoval>) {
        self.base.users = self.base.users.max(base.users);
        self.base.departments = self.base.departments.max(base.departments);
        let unasked_for = decided.into_iter().filter(|removal| !removal.approved);
        self.removed
            .extend(unasked_for.map(|removal| (removal.kind, removal.internal_id)));
    }
}
