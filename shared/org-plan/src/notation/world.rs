//! A source that runs: reads a text, plans, judges, applies, and remembers what is held.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use org_model::{
    AbsenceAnswer, AttributeName, Fingerprint, Generation, ItemKey, ItemKind, MappedUser,
    OrgSnapshot, RunId, SourceId, UserKey,
};

use super::said::Said;
use super::standing::{RemovingRun, deletions};
use super::{Mirror, mapped, snapshot};
use crate::{
    AbsenceBudget, AcceptedAbsences, Comparison, Heard, Item, Limits, Plan, PlanInput, PlanRules,
    ProtectionRules, Standing, Verdict, compare, judge_absence, plan, protect, questions,
};

/// What a run reads: the organisation, whether absence from it is evidence, and what WeCom says
/// when asked by name (`Absent` unless told otherwise).
#[derive(Clone, Debug)]
pub struct Reading {
    pub snapshot: OrgSnapshot,
    pub sealed: bool,
    pub whole_company: bool,
    pub answers: BTreeMap<ItemKey, AbsenceAnswer>,
    pub otherwise: AbsenceAnswer,
    /// What a person decided with the range that is read.
    pub accepted: AcceptedAbsences,
}

impl Reading {
    pub fn of(snapshot: OrgSnapshot) -> Self {
        Self {
            sealed: snapshot.is_sealed(),
            snapshot,
            whole_company: true,
            answers: BTreeMap::new(),
            otherwise: AbsenceAnswer::Absent,
            accepted: AcceptedAbsences::default(),
        }
    }

    /// The sealed reading of a text.
    pub fn sealed(text: &str) -> Self {
        let reading = Self::of(snapshot(text));
        assert!(reading.sealed, "{:?}", reading.snapshot.seal());
        reading
    }

    /// The same text, read incompletely.
    pub fn unsealed(text: &str) -> Self {
        Self {
            sealed: false,
            ..Self::of(snapshot(text))
        }
    }

    pub fn answering(self, otherwise: AbsenceAnswer) -> Self {
        Self { otherwise, ..self }
    }

    /// Every item with what this reading asks of it.
    pub fn fingerprints(
        &self,
        people: &BTreeMap<UserKey, MappedUser>,
    ) -> Vec<(ItemKey, Fingerprint)> {
        let departments = self.snapshot.tree().iter();
        let departments = departments.map(|one| (ItemKey::Department(one.id), one.fingerprint()));
        let people = people.iter();
        let people = people.map(|(key, user)| (ItemKey::User(key.clone()), user.fingerprint()));
        departments.chain(people).collect()
    }

    pub fn shows(&self, key: &ItemKey) -> bool {
        match key {
            ItemKey::User(key) => self.snapshot.members().contains_key(key),
            ItemKey::Department(id) => self.snapshot.tree().contains(*id),
        }
    }
}

/// One source over a mirror in memory, at a time that only tests move.
#[derive(Clone, Debug)]
pub struct World {
    pub mirror: Mirror,
    pub rules: ProtectionRules,
    pub standing: Standing,
    pub now: Timestamp,
    pub generation: Generation,
    pub retention_days: u32,
    pub contact_attributes: BTreeSet<AttributeName>,
    /// The runs that removed something: they are the rolling day, beside `standing.day`.
    pub removing: Vec<RemovingRun>,
    /// What administrators said of userids, until a run is through with it.
    pub said: BTreeMap<UserKey, Said>,
    /// What the last run did about it.
    pub heard: BTreeMap<UserKey, Heard>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            mirror: Mirror::default(),
            rules: DEFAULT_RULES,
            standing: Standing::default(),
            now: "2026-03-02T00:00:00Z".parse().expect("a time"),
            generation: Generation(0),
            retention_days: 30,
            contact_attributes: ["mobile", "mail"].map(str::to_owned).into(),
            removing: Vec::new(),
            said: BTreeMap::new(),
            heard: BTreeMap::new(),
        }
    }
}

/// DESIGN.md §5.
pub const DEFAULT_RULES: ProtectionRules = ProtectionRules {
    users: Limits {
        floor: 5,
        max_count: 50,
        max_percent: 10,
    },
    departments: Limits {
        floor: 2,
        max_count: 20,
        max_percent: 10,
    },
    paused: false,
};

impl World {
    /// A source that synchronised this text an hour ago.
    pub fn holding(text: &str) -> Self {
        let mut world = Self::default();
        world.run(&Reading::sealed(text));
        world.pass_hours(1);
        world
    }

    pub fn pass_hours(&mut self, hours: i64) {
        self.now += SignedDuration::from_hours(hours);
    }

    /// What the next run would plan.
    pub fn plan(&self, reading: &Reading) -> Plan {
        self.plan_from(reading, |_| {})
    }

    /// The same with something different in the input, as when a caller could not map somebody.
    pub fn plan_from(&self, reading: &Reading, edit: impl FnOnce(&mut PlanInput<'_>)) -> Plan {
        let people = mapped(&reading.snapshot);
        let mut comparison = compare(reading.fingerprints(&people), &self.mirror.marks());
        self.look_at_resolved(reading, &mut comparison);
        let waiting = self.waiting_keys();
        let accepted = &reading.accepted;
        let is_accepted = |k: &ItemKey| accepted.detach.contains(k) || accepted.delete.contains(k);
        let missing = comparison.missing.iter();
        let looked_at = missing.filter(|k| !waiting.contains(k) || is_accepted(k));
        let before = self
            .mirror
            .images(comparison.to_review.iter().chain(looked_at));
        let asked = comparison.missing.iter();
        let asked = asked.filter(|k| !waiting.contains(k) && !accepted.detach.contains(k));
        let asked = self.mirror.images(asked);
        let absences = judge_absence(
            &asked,
            &self.ask(&asked, reading),
            &reading.accepted.delete,
            reading.whole_company,
            self.now,
        );
        let generation = Generation(self.generation.0 + 1);
        let (source, run) = (SourceId::new("hq"), RunId::new(format!("run-{generation}")));
        let mut input = PlanInput {
            source: &source,
            run: &run,
            generation,
            now: self.now,
            sealed: reading.sealed,
            tree: reading.snapshot.tree(),
            people: narrowed(people, &comparison, &before),
            comparison: &comparison,
            before,
            absences,
            waiting,
            accepted: reading.accepted.clone(),
            resolutions: self.resolutions(),
            rules: PlanRules {
                deleted_retention_days: self.retention_days,
                contact_attributes: self.contact_attributes.clone(),
            },
        };
        edit(&mut input);
        plan(input)
    }

    fn ask(
        &self,
        missing: &BTreeMap<ItemKey, Item>,
        reading: &Reading,
    ) -> BTreeMap<ItemKey, AbsenceAnswer> {
        let approved = self.asked_for(missing);
        let budget = AbsenceBudget {
            users: self.rules.users.max_count + 1,
            departments: self.rules.departments.max_count + 1,
        };
        let asked = questions(
            missing,
            &self.waiting_keys(),
            &approved,
            &reading.accepted.delete,
            budget,
            self.now,
        );
        let answer = |key: &ItemKey| *reading.answers.get(key).unwrap_or(&reading.otherwise);
        asked
            .into_iter()
            .map(|one| (one.key.clone(), answer(&one.key)))
            .collect()
    }

    /// Whom the plan is not told about.
    fn waiting_keys(&self) -> BTreeSet<ItemKey> {
        let mut standing = self.standing_now();
        if let Some(decided) = &standing.decided {
            let waiting = &mut standing.waiting;
            waiting.retain(|item| !decided.contains(&item.removal_key()));
        }
        let waiting = &deletions(&standing.waiting) - &deletions(&standing.approved);
        &waiting | &deletions(&standing.kept)
    }

    /// The verdict on a plan, with nothing written.
    pub fn judge(&self, plan: Plan, reading: &Reading) -> Verdict {
        let standing = self.standing_now();
        protect(plan, &self.rules, &standing, &|key| reading.shows(key))
    }

    /// The verdict on what a reading asks for, with nothing written.
    pub fn judge_reading(&self, reading: &Reading) -> Verdict {
        self.judge(self.plan(reading), reading)
    }

    /// One whole run, or all that is left of one that handed over.
    pub fn run(&mut self, reading: &Reading) -> Verdict {
        self.run_part(reading, usize::MAX)
    }

    /// A run whose time is over after this many writes: if there is more, it hands over, and the
    /// next run is its continuation.
    pub fn run_part(&mut self, reading: &Reading, writes: usize) -> Verdict {
        let plan = self.plan(reading);
        let heard = plan.heard.clone();
        let verdict = self.judge(plan, reading);
        self.generation.0 += 1;
        let permitted = &verdict.permitted;
        let all = permitted.changes().len() + permitted.removals().len();
        let changes = permitted.changes().chain(permitted.removals());
        for change in changes.take(writes) {
            self.mirror.apply(&change);
        }
        if all <= writes {
            for kept in permitted.kept().chain(permitted.accepted()) {
                self.mirror.mark(&kept, self.generation);
            }
        }
        self.hear(heard, all > writes);
        self.remember(&verdict, all > writes);
        verdict
    }

    pub fn count(&self, kind: ItemKind) -> usize {
        self.mirror.live(kind).count()
    }
}

/// Only the people whom the plan needs.
/// Whom a plan looks at, and the namesakes of those who are missing.
fn narrowed(
    mut people: BTreeMap<UserKey, MappedUser>,
    comparison: &Comparison,
    before: &BTreeMap<ItemKey, Item>,
) -> BTreeMap<UserKey, MappedUser> {
    let missing = comparison.missing.iter().filter_map(|key| before.get(key));
    let names: BTreeSet<&str> = missing.map(|item| item.name().trim()).collect();
    people.retain(|key, user| {
        let is_namesake = user
            .name
            .as_deref()
            .is_some_and(|n| names.contains(n.trim()));
        let key = ItemKey::User(key.clone());
        let is_looked_at =
            comparison.to_create.contains(&key) || comparison.to_review.contains(&key);
        is_looked_at || is_namesake
    });
    people
}
