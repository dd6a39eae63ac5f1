//! Is somebody gone, or only not seen? Which questions to ask, and what the answers prove.
//!
//! DESIGN.md §4 step 7. WeCom answers 60111 both for "not there" and for "not visible"
//! (WECOM.md §5), so the answer proves a departure at once only where everything is visible.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use org_model::{AbsenceAnswer, ItemKey};

use crate::Item;

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
/// those that were out of range or unknown at most daily.
pub fn questions(
    missing: &BTreeMap<ItemKey, Item>,
    waiting: &BTreeSet<ItemKey>,
    approved: &BTreeSet<ItemKey>,
    budget: AbsenceBudget,
    now: Timestamp,
) -> Vec<Question> {
    let _contract = (missing, waiting, approved, budget, now);
    Vec::new()
}

/// What the answers prove. `whole_company`: the sealed range includes the root.
/// `answers` has an entry for each question that was asked.
pub fn judge_absence(
    missing: &BTreeMap<ItemKey, Item>,
    answers: &BTreeMap<ItemKey, AbsenceAnswer>,
    whole_company: bool,
    now: Timestamp,
) -> BTreeMap<ItemKey, AbsenceFinding> {
    let _contract = (missing, answers, whole_company, now);
    BTreeMap::new()
}
