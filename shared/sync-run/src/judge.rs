//! Steps 5 to 8: map, plan, confirm who is absent, protect. Nothing is written here.

use std::collections::BTreeMap;

use field_map::{FilledFields, Mapping, MappingFindings};
use futures::StreamExt;
use org_model::{
    AbsenceAnswer, Fingerprint, ItemKey, MappedUser, Mark, OrgSnapshot, RawMember, UnsealedReason,
    UserKey,
};
use org_plan::{
    AbsenceFinding, Comparison, Item, PlanInput, PlanRules, Question, Verdict, compare,
    judge_absence, plan, protect, questions,
};

use crate::StoredSource;
use crate::book::Book;
use crate::ports::{Answer, Step, WecomSession};
use crate::reading::Reading;
use crate::standing::{self, StandingLists};
use crate::trouble::Trouble;

/// How many questions by name are in flight at once: few, since a normal day asks a handful.
const QUESTIONS_IN_FLIGHT: usize = 8;

/// Everything the decision and the apply step need.
pub(crate) struct Judged {
    pub snapshot: OrgSnapshot,
    pub verdict: Verdict,
    pub lists: StandingLists,
    pub findings: MappingFindings,
}

/// The mirror as far as this run has looked at it.
struct Look {
    marks: BTreeMap<ItemKey, Mark>,
    comparison: Comparison,
    before: BTreeMap<ItemKey, Item>,
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
    let lists = standing::load(ports, source, ports.clock.now()).await?;
    ports.progress.step(Step::Plan);
    let (fingerprints, findings) = fingerprints(&reading.snapshot, &mapping, &filled);
    let comparison = compare(fingerprints, &marks);
    let mut look = Look {
        marks,
        comparison,
        before: BTreeMap::new(),
    };
    load_before_images(book, source, &mut look, &lists).await?;
    ports.progress.step(Step::Confirm);
    let absences = confirm(book, source, &mut reading, &mut look, &lists).await?;
    book.record.wecom_calls = reading.session.calls();
    book.note_seal(&reading.snapshot);
    let made = plan(plan_input(
        book,
        source,
        &reading.snapshot,
        &look,
        &lists,
        absences,
        &|m| mapping.map(m, &filled),
    ));
    ports.progress.step(Step::Protect);
    let snapshot = reading.snapshot;
    let standing = lists.standing(book.record.expected_plan);
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
/// held list: the list tells all about them).
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
        .filter(|key| !waiting.contains(key));
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

/// Step 7. In an unsealed run nobody is asked: nothing could follow from the answers.
async fn confirm(
    book: &Book<'_>,
    source: &StoredSource,
    reading: &mut Reading,
    look: &mut Look,
    lists: &StandingLists,
) -> Result<BTreeMap<ItemKey, AbsenceFinding>, Trouble> {
    if !reading.snapshot.is_sealed() {
        return Ok(BTreeMap::new());
    }
    let now = book.ports.clock.now();
    let missing = missing_items(look, lists);
    let budget = source.settings.absence_budget();
    let asked = questions(
        &missing,
        &lists.waiting_keys(),
        &lists.approved_keys(),
        budget,
        now,
    );
    let answers = ask_all(reading, &asked).await;
    let (found, answers) = split_found(answers);
    take_in_found(
        reading,
        look,
        found,
        source.settings.protection.users.floor as usize,
    );
    let missing = missing_items(look, lists);
    Ok(judge_absence(
        &missing,
        &answers,
        reading.whole_company,
        now,
    ))
}

fn missing_items(look: &Look, lists: &StandingLists) -> BTreeMap<ItemKey, Item> {
    let waiting = lists.waiting_keys();
    let missing = look
        .comparison
        .missing
        .iter()
        .filter(|key| !waiting.contains(key));
    missing
        .filter_map(|key| Some((key.clone(), look.before.get(key)?.clone())))
        .collect()
}

/// One answer, whichever kind was asked about.
enum Asked {
    Member(Answer<RawMember>),
    Department(AbsenceAnswer),
    /// The tree missed a department that exists.
    DepartmentFound(org_model::DepartmentId),
}

/// Asks by name; first somebody who must be there: if even they do not answer, no answer counts.
async fn ask_all(reading: &Reading, asked: &[Question]) -> Vec<(ItemKey, Asked)> {
    if asked.is_empty() {
        return Vec::new();
    }
    let control = control_answers(reading).await;
    let asking: Vec<_> = asked
        .iter()
        .map(|q| ask_one(reading, q.key.clone(), control))
        .collect();
    futures::stream::iter(asking)
        .buffer_unordered(QUESTIONS_IN_FLIGHT)
        .collect()
        .await
}

async fn ask_one(reading: &Reading, key: ItemKey, control: bool) -> (ItemKey, Asked) {
    let answer = if control {
        ask(reading, &key).await
    } else {
        unknown(&key)
    };
    (key, answer)
}

async fn control_answers(reading: &Reading) -> bool {
    let Some(member) = reading.snapshot.members().values().next() else {
        return false;
    };
    matches!(
        reading.session.ask_member(&member.userid).await,
        Answer::Found(_)
    )
}

fn unknown(key: &ItemKey) -> Asked {
    match key {
        ItemKey::User(_) => Asked::Member(Answer::Unknown),
        ItemKey::Department(_) => Asked::Department(AbsenceAnswer::Unknown),
    }
}

async fn ask(reading: &Reading, key: &ItemKey) -> Asked {
    match key {
        ItemKey::User(user) => Asked::Member(ask_user(reading.session.as_ref(), user).await),
        ItemKey::Department(id) => {
            let answer = match reading.asked_departments.get(id) {
                Some(known) => known.clone(),
                None => reading.session.ask_department(*id).await,
            };
            match answer {
                Answer::Found(_) => Asked::DepartmentFound(*id),
                Answer::Absent => Asked::Department(AbsenceAnswer::Absent),
                Answer::OutOfRange => Asked::Department(AbsenceAnswer::OutOfRange),
                Answer::Unknown => Asked::Department(AbsenceAnswer::Unknown),
            }
        }
    }
}

/// WeCom takes a userid in any case (WECOM.md §3: unique ignoring case).
async fn ask_user(session: &dyn WecomSession, user: &UserKey) -> Answer<RawMember> {
    session
        .ask_member(&org_model::UserId::new(user.as_str()))
        .await
}

#[derive(Default)]
struct Found {
    members: Vec<RawMember>,
    departments: Vec<org_model::DepartmentId>,
}

fn split_found(asked: Vec<(ItemKey, Asked)>) -> (Found, BTreeMap<ItemKey, AbsenceAnswer>) {
    let mut found = Found::default();
    let mut answers = BTreeMap::new();
    for (key, asked) in asked {
        let answer = match asked {
            Asked::Member(Answer::Found(member)) => {
                found.members.push(member);
                continue;
            }
            Asked::DepartmentFound(id) => {
                found.departments.push(id);
                continue;
            }
            Asked::Member(Answer::Absent) => AbsenceAnswer::Absent,
            Asked::Member(Answer::OutOfRange) => AbsenceAnswer::OutOfRange,
            Asked::Member(Answer::Unknown) => AbsenceAnswer::Unknown,
            Asked::Department(answer) => answer,
        };
        answers.insert(key, answer);
    }
    (found, answers)
}

/// Whoever answered by name is in the snapshot after all. A department that answers, or more than
/// `floor` people, means that the lists came short: then nobody's absence is evidence.
fn take_in_found(reading: &mut Reading, look: &mut Look, found: Found, floor: usize) {
    for id in found.departments {
        reading
            .snapshot
            .unseal(UnsealedReason::DepartmentNotListed(id));
    }
    if found.members.len() > floor {
        let found = found.members.len();
        reading
            .snapshot
            .unseal(UnsealedReason::ListingsCameShort { found });
    }
    for member in found.members {
        let key = ItemKey::User(member.userid.key());
        look.comparison.missing.remove(&key);
        if look.marks.contains_key(&key) {
            look.comparison.to_review.insert(key);
        }
        reading.snapshot.add_found(member);
    }
}

fn is_seen(snapshot: &OrgSnapshot, key: &ItemKey) -> bool {
    match key {
        ItemKey::User(user) => snapshot.members().contains_key(user),
        ItemKey::Department(id) => snapshot.tree().contains(*id),
    }
}

fn plan_input<'a>(
    book: &'a Book<'_>,
    source: &'a StoredSource,
    snapshot: &'a OrgSnapshot,
    look: &'a Look,
    lists: &StandingLists,
    absences: BTreeMap<ItemKey, AbsenceFinding>,
    map: &dyn Fn(&RawMember) -> MappedUser,
) -> PlanInput<'a> {
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
        before: look.before.clone(),
        absences,
        waiting: lists.waiting_keys(),
        rules: PlanRules {
            deleted_retention_days: source.settings.retention_days.deleted,
        },
    }
}
