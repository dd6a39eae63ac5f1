//! Steps 5 to 8: map, plan, confirm who is absent, protect. Nothing is written here.

use std::collections::{BTreeMap, BTreeSet};

use field_map::{FilledFields, Mapping, MappingFindings};
use org_model::{
    Fingerprint, ItemKey, ItemKind, MappedUser, Mark, OrgSnapshot, RawMember, UserKey,
};
use org_plan::{
    AbsenceFinding, AcceptedAbsences, Comparison, Item, Plan, PlanInput, PlanRules, RemovalsOfDay,
    Standing, Verdict, compare, plan, protect,
};

use crate::book::Book;
use crate::confirm;
use crate::ports::Step;
use crate::ranges;
use crate::reading::Reading;
use crate::resolving::Words;
use crate::rolling_day;
use crate::standing::{self, StandingLists};
use crate::trouble::Trouble;
use crate::{RunMode, StoredSource};

/// Everything the decision and the apply step need.
pub(crate) struct Judged {
    pub snapshot: OrgSnapshot,
    pub verdict: Verdict,
    pub lists: StandingLists,
    pub findings: MappingFindings,
    pub words: Words,
}

/// The mirror as far as this run has looked at it.
pub(crate) struct Look {
    pub marks: BTreeMap<ItemKey, Mark>,
    pub comparison: Comparison,
    pub before: BTreeMap<ItemKey, Item>,
    /// Of the missing: whom a person let go with the range.
    pub accepted: AcceptedAbsences,
}

pub(crate) async fn judge(
    book: &mut Book<'_>,
    source: &StoredSource,
    mut reading: Reading,
) -> Result<Judged, Trouble> {
    book.ports.progress.step(Step::Map);
    let mapping = source
        .settings
        .compiled_mapping()
        .map_err(|p| Trouble::mapping(&p))?;
    let filled = Mapping::filled_fields(reading.snapshot.members().values());
    let (mut look, findings) = look(book, source, &reading, &mapping, &filled).await?;
    // As of the run's beginning: an approval that it goes by does not end between its segments.
    let began = book.record.started_at;
    let as_of = began.unwrap_or_else(|| book.ports.clock.now());
    let mut lists = standing::load(book.ports, source, as_of).await?;
    lists.leave_out_gone(&look.marks);
    let mut words = Words::load(book, &reading.snapshot, &mut look).await?;
    look.accepted = ranges::accepted(&reading, &look.comparison.missing, &look.marks);
    load_before_images(book, source, &mut look, &lists).await?;
    ranges::see(book, source, &reading, &look).await?;
    book.ports.progress.step(Step::Confirm);
    let absences = confirm::confirm(book, source, &mut reading, &mut look, &lists).await?;
    // Asking by name may have failed over as well.
    book.note_conversation(reading.session.as_ref());
    book.note_seal(&reading);
    let made = {
        let mut input = plan_input(book, source, &reading.snapshot, &mut look, &lists);
        let map = |m: &RawMember| mapping.map(m, &filled);
        input.people = people(input.comparison, &reading.snapshot, &map);
        input.absences = absences;
        let namesakes = namesakes(&input, &reading.snapshot, &map);
        input.people.extend(namesakes);
        input.resolutions.clone_from(&words.given);
        input.rules.contact_attributes = mapping.contact_attributes();
        plan(input)
    };
    words.hear(made.heard.clone());
    let snapshot = reading.snapshot;
    let verdict = judge_plan(book, source, made, &lists, &snapshot).await?;
    Ok(Judged {
        verdict,
        lists,
        findings,
        words,
        snapshot,
    })
}

/// Compares the reading with the mirror, by fingerprint.
async fn look(
    book: &mut Book<'_>,
    source: &StoredSource,
    reading: &Reading,
    mapping: &Mapping,
    filled: &FilledFields,
) -> Result<(Look, MappingFindings), Trouble> {
    let marks = book.ports.mirror.marks(&source.source).await?;
    book.ports.progress.step(Step::Plan);
    let (fingerprints, findings) = fingerprints(&reading.snapshot, mapping, filled);
    let comparison = compare(fingerprints, &marks);
    book.note_size(&comparison.base);
    let look = Look {
        marks,
        comparison,
        before: BTreeMap::new(),
        accepted: AcceptedAbsences::default(),
    };
    Ok((look, findings))
}

/// Step 8: what of the plan may happen.
async fn judge_plan(
    book: &mut Book<'_>,
    source: &StoredSource,
    made: Plan,
    lists: &StandingLists,
    snapshot: &OrgSnapshot,
) -> Result<Verdict, Trouble> {
    book.ports.progress.step(Step::Protect);
    let decided = book.decided_before();
    let day = match decided {
        // Judged by the first segment already.
        Some(_) => RemovalsOfDay::default(),
        None => rolling_day::load(book, &made).await?,
    };
    let standing = Standing {
        applied_plan: applied_plan(book, made.fingerprint()),
        decided,
        day,
        kept_back: book.record.kept_back.keys().cloned().collect(),
        cleared: book.record.cleared.clone(),
        ..lists.standing()
    };
    let seen = |key: &ItemKey| is_seen(snapshot, key);
    let verdict = protect(made, &source.settings.protection_rules(), &standing, &seen);
    if standing.decided.is_none() {
        book.record.plan = Some(verdict.permitted.fingerprint());
    }
    Ok(verdict)
}

/// The plan whose clearings nobody guards. One that is shown shows its clearings: it is what
/// applying it by its fingerprint does; one that is refused as stale is only told. A continuation
/// makes a plan that nobody saw: it goes on with the clearings of the one that was applied.
fn applied_plan(book: &Book<'_>, made: Fingerprint) -> Option<Fingerprint> {
    let is_applied = book.record.expected_plan.is_some() && !book.is_continuation();
    (book.record.mode == RunMode::Plan || is_applied).then_some(made)
}

/// What the snapshot asks for, by fingerprint only: mapped people are dropped at once and mapped
/// again where needed, so that an unchanged organisation costs no memory twice.
fn fingerprints(
    snapshot: &OrgSnapshot,
    mapping: &Mapping,
    filled: &FilledFields,
) -> (Vec<(ItemKey, Fingerprint)>, MappingFindings) {
    let mut findings = MappingFindings::default();
    let mut all = Vec::with_capacity(snapshot.tree().len() + snapshot.members().len());
    for department in snapshot.tree().iter() {
        all.push((ItemKey::Department(department.id), department.fingerprint()));
    }
    for (key, member) in snapshot.members() {
        let user = mapping.map(member, filled);
        findings.note(&user);
        all.push((ItemKey::User(key.clone()), user.fingerprint()));
    }
    (all, findings)
}

/// Before-images of what differs, and of whom a sealed reading misses (not of those who wait in a
/// held list or are kept: the list tells all about them, unless a person let them go with the
/// range).
async fn load_before_images(
    book: &Book<'_>,
    source: &StoredSource,
    look: &mut Look,
    lists: &StandingLists,
) -> Result<(), Trouble> {
    let unquestioned = lists.unquestioned_keys();
    let missing = look
        .comparison
        .missing
        .iter()
        .filter(|key| !unquestioned.contains(key) || look.is_accepted(key));
    let keys: Vec<ItemKey> = look
        .comparison
        .to_review
        .iter()
        .chain(missing)
        .cloned()
        .collect();
    look.before = book
        .ports
        .mirror
        .before_images(&source.source, &keys)
        .await?;
    Ok(())
}

impl Look {
    fn is_accepted(&self, key: &ItemKey) -> bool {
        self.accepted.detach.contains(key) || self.accepted.delete.contains(key)
    }
}

fn is_seen(snapshot: &OrgSnapshot, key: &ItemKey) -> bool {
    match key {
        ItemKey::User(user) => snapshot.members().contains_key(user),
        ItemKey::Department(id) => snapshot.tree().contains(*id),
    }
}

/// The people whom the plan looks at, as the mapping wants them.
fn people(
    comparison: &Comparison,
    snapshot: &OrgSnapshot,
    map: &dyn Fn(&RawMember) -> MappedUser,
) -> BTreeMap<UserKey, MappedUser> {
    let wanted = comparison.to_create.iter().chain(&comparison.to_review);
    let people = wanted.filter_map(|key| match key {
        ItemKey::User(user) => Some((user.clone(), map(snapshot.members().get(user)?))),
        ItemKey::Department(_) => None,
    });
    people.collect()
}

/// Whoever else has the name of somebody who is gone, or whom nobody could ask about: they may be
/// the same person.
fn namesakes(
    input: &PlanInput<'_>,
    snapshot: &OrgSnapshot,
    map: &dyn Fn(&RawMember) -> MappedUser,
) -> BTreeMap<UserKey, MappedUser> {
    let gone = input.absences.iter();
    let gone = gone
        .filter(|(_, finding)| matches!(finding, AbsenceFinding::Gone | AbsenceFinding::Unasked));
    let gone = gone.filter_map(|(key, _)| input.before.get(key));
    let names: BTreeSet<&str> = gone
        .filter(|item| item.kind() == ItemKind::User)
        .map(|item| item.name().trim())
        .collect();
    if names.is_empty() {
        return BTreeMap::new();
    }
    let members = snapshot.members().iter();
    let others = members.filter(|(key, _)| !input.people.contains_key(*key));
    let is_namesake = |member: &RawMember| {
        let name = member.name.as_deref();
        name.is_some_and(|name| names.contains(name.trim()))
    };
    others
        .filter(|(_, member)| is_namesake(member))
        .map(|(key, member)| (key.clone(), map(member)))
        .collect()
}

/// Moves the before-images into the plan: where everybody changes they are as large as the mirror.
fn plan_input<'a>(
    book: &'a Book<'_>,
    source: &'a StoredSource,
    snapshot: &'a OrgSnapshot,
    look: &'a mut Look,
    lists: &StandingLists,
) -> PlanInput<'a> {
    PlanInput {
        source: &source.source,
        run: book.lease.run(),
        generation: book.lease.generation(),
        now: book.ports.clock.now(),
        sealed: snapshot.is_sealed(),
        tree: snapshot.tree(),
        people: BTreeMap::new(),
        before: std::mem::take(&mut look.before),
        comparison: &look.comparison,
        absences: BTreeMap::new(),
        waiting: lists.unquestioned_keys(),
        accepted: look.accepted.clone(),
        resolutions: BTreeMap::new(),
        rules: PlanRules {
            deleted_retention_days: source.settings.retention_days.deleted,
            ..PlanRules::default()
        },
    }
}
