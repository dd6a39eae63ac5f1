//! Is somebody gone, or only not seen? Which questions to ask, and what the answers prove.
//!
//! DESIGN.md §4 step 7. WeCom answers 60111 both for "not there" and for "not visible"
//! (WECOM.md §5), so the answer proves a departure at once only where everything is visible.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use org_model::{Absence, AbsenceAnswer, ItemKey, ItemKind};

use crate::Item;

/// How long "absent" must have been the answer where the range is narrower than the company, and
/// how often an item is asked about that was out of range or unknown.
const ABSENCE_RECHECK_HOURS: i64 = 24;

/// How many items of each kind may be asked about by name in one run: `max_count` + 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbsenceBudget {
    pub users: u32,
    pub departments: u32,
}

/// One item to ask WeCom about by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub key: ItemKey,
    /// Asked although the budget is spent: an approval waits for exactly this confirmation.
    pub approved: bool,
}

/// What is known of one missing item after the questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbsenceFinding {
    /// Positive evidence of a departure.
    Gone,
    /// Beyond the budget: counts towards the thresholds, is never deleted without a question.
    Unasked,
    /// Absent in a narrower range for less than 24 hours, or in one sealed run only.
    AbsentOnce,
    OutOfRange,
    Unknown,
    /// Asked less than a day ago, with this answer: kept without a new mark.
    AskedToday(AbsenceAnswer),
}

/// Which of the missing items to ask about, in key order. Items that wait in a held list are not
/// asked again (`waiting`); approved ones always are (`approved`), beyond the budget if need be;
/// those that were out of range or unknown at most daily, unless a person accepts just now that
/// they go (`accepted`).
pub fn questions(
    missing: &BTreeMap<ItemKey, Item>,
    waiting: &BTreeSet<ItemKey>,
    approved: &BTreeSet<ItemKey>,
    accepted: &BTreeSet<ItemKey>,
    budget: AbsenceBudget,
    now: Timestamp,
) -> Vec<Question> {
    let mut left = budget;
    let mut questions = Vec::new();
    for (key, item) in missing {
        let is_approved = approved.contains(key);
        if !is_approved {
            let asked = !accepted.contains(key) && asked_today(item, now).is_some();
            if waiting.contains(key) || asked || !left.spend(key.kind()) {
                continue;
            }
        }
        questions.push(Question {
            key: key.clone(),
            approved: is_approved,
        });
    }
    questions
}

impl AbsenceBudget {
    fn spend(&mut self, kind: ItemKind) -> bool {
        let left = match kind {
            ItemKind::User => &mut self.users,
            ItemKind::Department => &mut self.departments,
        };
        match left.checked_sub(1) {
            Some(rest) => {
                *left = rest;
                true
            }
            None => false,
        }
    }
}

/// What the answers prove. `whole_company`: the sealed range includes the root.
/// `answers` has an entry for each question that was asked. Of whom a person accepted that they go
/// because the range does not show them (`accepted`, or a mark that says so), being out of range
/// is evidence, as long as the range is a narrower one; an answer that says nothing still is none.
pub fn judge_absence(
    missing: &BTreeMap<ItemKey, Item>,
    answers: &BTreeMap<ItemKey, AbsenceAnswer>,
    accepted: &BTreeSet<ItemKey>,
    whole_company: bool,
    now: Timestamp,
) -> BTreeMap<ItemKey, AbsenceFinding> {
    missing
        .iter()
        .map(|(key, item)| {
            let finding = match answers.get(key) {
                Some(AbsenceAnswer::Absent) if whole_company || long_absent(item, now) => {
                    AbsenceFinding::Gone
                }
                Some(AbsenceAnswer::Absent | AbsenceAnswer::OutOfRange)
                    if accepted.contains(key) || (is_accepted(item) && !whole_company) =>
                {
                    AbsenceFinding::Gone
                }
                Some(AbsenceAnswer::Absent) => AbsenceFinding::AbsentOnce,
                Some(AbsenceAnswer::OutOfRange) => AbsenceFinding::OutOfRange,
                Some(AbsenceAnswer::Unknown) => AbsenceFinding::Unknown,
                None if accepted.contains(key) => AbsenceFinding::Unasked,
                None => asked_today(item, now)
                    .map_or(AbsenceFinding::Unasked, AbsenceFinding::AskedToday),
            };
            (key.clone(), finding)
        })
        .collect()
}

/// The answer of the last 24 hours, if asking again so soon would teach nothing.
fn asked_today(item: &Item, now: Timestamp) -> Option<AbsenceAnswer> {
    let mark = item.absence()?;
    let recent = !a_day_has_passed(mark.asked_at, now);
    (recent && mark.answer != AbsenceAnswer::Absent).then_some(mark.answer)
}

/// An earlier run wrote down that a person accepted its going.
pub(crate) fn is_accepted(item: &Item) -> bool {
    item.absence().is_some_and(|mark| mark.accepted)
}

/// An earlier sealed run, at least 24 hours ago, was told "absent", and so was every one since.
fn long_absent(item: &Item, now: Timestamp) -> bool {
    item.absence().is_some_and(|mark| {
        mark.answer == AbsenceAnswer::Absent && a_day_has_passed(mark.first_missed_at, now)
    })
}

fn a_day_has_passed(since: Timestamp, now: Timestamp) -> bool {
    now.duration_since(since) >= SignedDuration::from_hours(ABSENCE_RECHECK_HOURS)
}

/// The mark for an answer of this run; `None` where it would say what the old one says already.
/// The clock of "absent" starts when WeCom first said so: a time out of range is no evidence.
pub(crate) fn new_mark(item: &Item, answer: AbsenceAnswer, now: Timestamp) -> Option<Absence> {
    let known = item.absence();
    let still_absent = answer == AbsenceAnswer::Absent
        && known.is_some_and(|mark| mark.answer == AbsenceAnswer::Absent);
    if still_absent {
        return None;
    }
    let first_missed_at = match (known, answer) {
        (Some(mark), AbsenceAnswer::OutOfRange | AbsenceAnswer::Unknown) => mark.first_missed_at,
        _ => now,
    };
    Some(Absence {
        first_missed_at,
        asked_at: now,
        answer,
        accepted: is_accepted(item),
    })
}

/// The mark of something whose going a person accepted and that stays for now; `None` if it stands
/// there already.
pub(crate) fn accepted_mark(item: &Item, now: Timestamp) -> Option<Absence> {
    if is_accepted(item) {
        return None;
    }
    let known = item.absence().cloned();
    let mark = known.unwrap_or(Absence {
        first_missed_at: now,
        asked_at: now,
        answer: AbsenceAnswer::OutOfRange,
        accepted: true,
    });
    Some(Absence {
        accepted: true,
        ..mark
    })
}
