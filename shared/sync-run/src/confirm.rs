//! Step 7: who is absent? Missing people and departments are asked about by name.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use org_model::{
    AbsenceAnswer, ExpandedRange, ItemKey, RawMember, UnsealedReason, UserId, UserKey,
};
use org_plan::{AbsenceFinding, Action, Item, Question, judge_absence, questions};

use crate::StoredSource;
use crate::book::Book;
use crate::judge::Look;
use crate::ports::Answer;
use crate::reading::Reading;
use crate::standing::StandingLists;
use crate::trouble::Trouble;

/// How many questions by name are in flight at once; the client's own gate narrows this further.
const QUESTIONS_IN_FLIGHT: usize = 64;

/// In an unsealed run nobody is asked: nothing could follow from the answers.
pub(crate) async fn confirm(
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
        &lists.unquestioned_keys(),
        &due(book, look, lists),
        &look.accepted.delete,
        budget,
        now,
    );
    let answers = ask_all(reading, look, &asked).await;
    let baseline = source.state.baseline.as_ref();
    let is_outside = |key: &ItemKey, asked: &Asked| is_outside(reading, look, baseline, key, asked);
    let (found, answers) = split_found(answers, &is_outside);
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
        &look.accepted.delete,
        reading.whole_company,
        now,
    ))
}

/// Asked about whatever the budget: who was approved, and, in a continuation, what is decided.
fn due(book: &Book<'_>, look: &Look, lists: &StandingLists) -> BTreeSet<ItemKey> {
    let mut due = lists.approved_keys();
    let Some(decided) = book.decided_before() else {
        return due;
    };
    let is_decided = |key: &&ItemKey| {
        let mark = look.marks.get(*key);
        mark.is_some_and(|mark| {
            decided.contains(&(key.kind(), mark.internal_id.clone(), Action::Delete))
        })
    };
    due.extend(look.comparison.missing.iter().filter(is_decided).cloned());
    due
}

fn missing_items(look: &Look, lists: &StandingLists) -> BTreeMap<ItemKey, Item> {
    let waiting = lists.unquestioned_keys();
    let missing = look
        .comparison
        .missing
        .iter()
        .filter(|key| !waiting.contains(key) && !look.accepted.detach.contains(key));
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
async fn ask_all(reading: &Reading, look: &Look, asked: &[Question]) -> Vec<(ItemKey, Asked)> {
    if asked.is_empty() {
        return Vec::new();
    }
    let control = control_answers(reading).await;
    let asking: Vec<_> = asked
        .iter()
        .map(|q| ask_one(reading, look, q.key.clone(), control))
        .collect();
    futures::stream::iter(asking)
        .buffer_unordered(QUESTIONS_IN_FLIGHT)
        .collect()
        .await
}

async fn ask_one(reading: &Reading, look: &Look, key: ItemKey, control: bool) -> (ItemKey, Asked) {
    let answer = if control {
        ask(reading, look, &key).await
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

async fn ask(reading: &Reading, look: &Look, key: &ItemKey) -> Asked {
    match key {
        ItemKey::User(user) => {
            let userid = spelled(user, look.before.get(key));
            Asked::Member(reading.session.ask_member(&userid).await)
        }
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

/// As WeCom spelled it: that userids are unique ignoring case (WECOM.md §3) does not say that a
/// question in another spelling is understood, and "absent" would be its answer.
fn spelled(user: &UserKey, stands: Option<&Item>) -> UserId {
    match stands {
        Some(Item::User(stands)) => stands.userid.clone(),
        _ => UserId::new(user.as_str()),
    }
}

#[derive(Default)]
struct Found {
    members: Vec<RawMember>,
    departments: Vec<org_model::DepartmentId>,
}

fn split_found(
    asked: Vec<(ItemKey, Asked)>,
    is_outside: &dyn Fn(&ItemKey, &Asked) -> bool,
) -> (Found, BTreeMap<ItemKey, AbsenceAnswer>) {
    let mut found = Found::default();
    let mut answers = BTreeMap::new();
    for (key, asked) in asked {
        let answer = match asked {
            found if is_outside(&key, &found) => AbsenceAnswer::OutOfRange,
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

/// It exists, or may exist, where this reading does not look: a person out of the settings' scope,
/// a department that the accepted scope, or the range before, does not have; and whoever is absent
/// and stood where a narrower range does not look.
fn is_outside(
    reading: &Reading,
    look: &Look,
    baseline: Option<&ExpandedRange>,
    key: &ItemKey,
    asked: &Asked,
) -> bool {
    match asked {
        Asked::DepartmentFound(id) => {
            let known = baseline.is_none_or(|range| range.departments.contains(id));
            let left_out = reading.scoped && look.accepted.delete.contains(key);
            !reading.whole_company && (!known || left_out)
        }
        Asked::Member(Answer::Found(member)) => is_out_of_scope(reading, member),
        Asked::Member(Answer::Absent) | Asked::Department(AbsenceAnswer::Absent) => {
            stood_out_of_sight(reading, look.before.get(key))
        }
        Asked::Member(_) | Asked::Department(_) => false,
    }
}

/// In a narrower range "not there" may be "not visible" (WECOM.md §5). A department that a sealed
/// reading lacks was not in the baseline either: a run that saw more, and did not end well, brought
/// it. Of it, and of whoever stood in it, the answer proves nothing.
fn stood_out_of_sight(reading: &Reading, stood: Option<&Item>) -> bool {
    let tree = reading.snapshot.tree();
    let is_shown = match stood {
        Some(Item::User(user)) => user.memberships.iter().all(|m| tree.contains(m.department)),
        Some(Item::Department(department)) => tree.contains(department.id),
        None => true,
    };
    !reading.whole_company && !is_shown
}

/// Somebody all of whose departments the settings leave out: they answer by name all the same.
fn is_out_of_scope(reading: &Reading, member: &RawMember) -> bool {
    let places = member.memberships.as_deref().unwrap_or_default();
    let tree = reading.snapshot.tree();
    let outside = places.iter().all(|m| !tree.contains(m.department));
    reading.scoped && !places.is_empty() && outside
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
