//! Steps 5 to 8: map, plan, confirm who is absent, protect. Nothing is written here.

use std::collections::BTreeMap;

use field_map::{FilledFields, Mapping, MappingFindings};
use org_model::{Fingerprint, ItemKey, MappedUser, Mark, OrgSnapshot, RawMember};
use org_plan::{
    AbsenceFinding, AcceptedAbsences, Comparison, Item, PlanInput, PlanRules, Verdict, compare,
    plan, protect,
};

use crate::book::Book;
use crate::confirm;
use crate::ports::Step;
use crate::ranges;
use crate::reading::Reading;
use crate::standing::{self, StandingLists};
use crate::trouble::Trouble;
use crate::{RunMode, StoredSource};

/// Everything the decision and the apply step need.
pub(crate) struct Judged {
    pub snapshot: OrgSnapshot,
    pub verdict: Verdict,
    pub lists: StandingLists,
    pub findings: MappingFindings,
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
    let ports = book.ports;
    ports.progress.step(Step::Map);
    let mapping = source
        .settings
        .compiled_mapping()
        .map_err(|p| Trouble::mapping(&p))?;
    let filled = Mapping::filled_fields(reading.snapshot.members().values());
    let marks = ports.mirror.marks(&source.source).await?;
    let mut lists = standing::load(ports, source, ports.clock.now()).await?;
    lists.leave_out_gone(&marks);
    ports.progress.step(Step::Plan);
    let (fingerprints, findings) = fingerprints(&reading.snapshot, &mapping, &filled);
    let comparison = compare(fingerprints, &marks);
    book.note_size(&comparison.base);
    let missing = &comparison.missing;
    let accepted = ranges::accepted(&reading, missing, &marks);
    let mut look = Look {
        marks,
        comparison,
        before: BTreeMap::new(),
        accepted,
    };
    load_before_images(book, source, &mut look, &lists).await?;
    ranges::see(book, source, &reading, &look).await?;
    ports.progress.step(Step::Confirm);
    let absences = confirm::confirm(book, source, &mut reading, &mut look, &lists).await?;
    book.record.wecom_calls = reading.session.calls();
    // Asking by name may have failed over as well.
    book.record.agent = reading.session.agent();
    book.note_seal(&reading);
    let made = plan(plan_input(
        book,
        source,
        &reading.snapshot,
        &mut look,
        &lists,
        absences,
        &|m| mapping.map(m, &filled),
    ));
    ports.progress.step(Step::Protect);
    let snapshot = reading.snapshot;
    // A plan that is shown shows its clearings: it is what applying it by its fingerprint does.
    let applied_plan = match book.record.mode {
        RunMode::Plan => Some(made.fingerprint()),
        RunMode::Apply | RunMode::Undo | RunMode::Restore => book.record.expected_plan,
    };
    let standing = lists.standing(applied_plan);
    let seen = |key: &ItemKey| is_seen(&snapshot, key);
    let verdict = protect(made, &source.settings.protection_rules(), &standing, &seen);
    book.record.plan = Some(verdict.permitted.fingerprint());
    Ok(Judged {
        verdict,
        lists,
        findings,
        snapshot,
    })
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
/// held list: the list tells all about them, unless a person let them go with the range).
async fn load_before_images(
    book: &Book<'_>,
    source: &StoredSource,
    look: &mut Look,
    lists: &StandingLists,
) -> Result<(), Trouble> {
    let waiting = lists.waiting_keys();
    let missing = look
        .comparison
        .missing
        .iter()
        .filter(|key| !waiting.contains(key) || look.is_accepted(key));
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

/// Moves the before-images into the plan: where everybody changes they are as large as the mirror.
fn plan_input<'a>(
    book: &'a Book<'_>,
    source: &'a StoredSource,
    snapshot: &'a OrgSnapshot,
    look: &'a mut Look,
    lists: &StandingLists,
    absences: BTreeMap<ItemKey, AbsenceFinding>,
    map: &dyn Fn(&RawMember) -> MappedUser,
) -> PlanInput<'a> {
    let before = std::mem::take(&mut look.before);
    let wanted = look
        .comparison
        .to_create
        .iter()
        .chain(&look.comparison.to_review);
    let people = wanted.filter_map(|key| match key {
        ItemKey::User(user) => Some((user.clone(), map(snapshot.members().get(user)?))),
        ItemKey::Department(_) => None,
    });
    PlanInput {
        source: &source.source,
        run: book.lease.run(),
        generation: book.lease.generation(),
        now: book.ports.clock.now(),
        sealed: snapshot.is_sealed(),
        tree: snapshot.tree(),
        people: people.collect(),
        comparison: &look.comparison,
        before,
        absences,
        waiting: lists.waiting_keys(),
        accepted: look.accepted.clone(),
        resolutions: BTreeMap::new(),
        rules: PlanRules {
            contact_attributes: Default::default(),
            deleted_retention_days: source.settings.retention_days.deleted,
        },
    }
}
