//! Strategies: organisations in text, and days of a source.
//!
//! Departments 10 and 11 and the people k0 and k1 are in every organisation, so that no plan comes
//! down to the last ones. Everything else comes, goes, moves and changes freely.

use org_model::AbsenceAnswer;
use proptest::prelude::*;
use std::collections::BTreeSet;

const DEPARTMENTS: std::ops::Range<u32> = 2..9;
const PEOPLE: u32 = 8;

/// A sound organisation of a whole company: any tree over any of the departments.
pub fn organisation() -> impl Strategy<Value = String> {
    let ids = prop::sample::subsequence(DEPARTMENTS.collect::<Vec<_>>(), 0..=7).prop_shuffle();
    (ids, prop::collection::vec(any::<u32>(), 16), people()).prop_map(|(ids, dice, people)| {
        let mut text = "1 Acme\n10 Keep; parent=1\n11 Stay; parent=1\n".to_owned();
        let mut above = vec![1];
        for (id, roll) in ids.into_iter().zip(dice) {
            let parent = above[roll as usize % above.len()];
            let (name, order, leader) = (roll / 7 % 2, roll / 11 % 2, roll / 13 % 3);
            text +=
                &format!("{id} Team {name}; parent={parent}; order={order}; leaders=u{leader}\n");
            above.push(id);
        }
        text + &place(&people, &above)
    })
}

/// One person: what stands behind the userid, and dice for their departments.
type Person = (u32, String, Vec<u32>);

fn people() -> impl Strategy<Value = Vec<Person>> {
    let numbers = prop::sample::subsequence((0..PEOPLE).collect::<Vec<_>>(), 0..=PEOPLE as usize);
    numbers.prop_flat_map(|numbers| {
        let each = numbers.into_iter().map(|n| {
            (
                Just(n),
                particulars(n),
                prop::collection::vec(any::<u32>(), 0..4),
            )
        });
        each.collect::<Vec<_>>()
    })
}

/// Nobody shares a name with anybody, so that no plan suspects a rename.
fn particulars(n: u32) -> impl Strategy<Value = String> {
    let names = vec![String::new(), format!(" An {n}"), format!(" Bo {n}")];
    let name = prop::sample::select(names);
    let status = prop::sample::select(vec!["", "; active", "; active", "; disabled", "; left"]);
    let title = prop::sample::select(vec!["", "; title=a", "; title=b", "; title=", "; title=?x"]);
    let reports = prop::sample::select(vec!["", "; reports=", "; reports=u1", "; reports=u1,u2"]);
    (name, status, title, reports)
        .prop_map(|(name, status, title, reports)| format!("{name}{status}{title}{reports}"))
}

/// Writes people below departments that were named before: a bare number with no change of its
/// own would contradict, so each department is opened where its people stand.
fn place(people: &[Person], departments: &[u32]) -> String {
    let mut text = String::new();
    for (n, particulars, dice) in people {
        let mut said = false;
        let mut places = BTreeSet::new();
        for roll in dice {
            let department = departments[*roll as usize % departments.len()];
            if !places.insert(department) {
                continue;
            }
            let leader = if roll % 3 == 0 { "; leader" } else { "" };
            let main = if roll % 5 == 0 { "; main" } else { "" };
            let all = if said { "" } else { particulars.as_str() };
            text += &format!("- u{n}{all}; in={department}{leader}{main}\n");
            said = true;
        }
        if !said {
            text += &format!("- u{n}{particulars}\n");
        }
    }
    text + "- k0 Keeper; in=10\n- k1 Keeper; in=11\n"
}

/// The same organisation without these people.
pub fn without(text: &str, people: &BTreeSet<String>) -> String {
    let stays = |line: &&str| {
        let userid = line.strip_prefix("- ").and_then(|rest| rest.get(..2));
        userid.is_none_or(|userid| !people.contains(userid))
    };
    text.lines()
        .filter(stays)
        .map(|line| line.to_owned() + "\n")
        .collect()
}

/// The same organisation where the records of these people do not say where they stand, as when
/// no list has them and they answer by name.
pub fn silent_on_departments(text: &str, people: &BTreeSet<String>) -> String {
    let mut said = BTreeSet::new();
    let mut all = String::new();
    for line in text.lines() {
        let userid = line.strip_prefix("- ").and_then(|rest| rest.get(..2));
        match userid.filter(|userid| people.contains(*userid)) {
            None => all += line,
            Some(userid) if said.insert(userid) => {
                let particulars = line.split("; in=").next().unwrap_or_default();
                all += &format!("{particulars}; in=?");
            }
            Some(_) => continue,
        }
        all.push('\n');
    }
    all
}

/// The same organisation where the records of these people do not say whom they lead.
pub fn silent_on_posts(text: &str, people: &BTreeSet<String>) -> String {
    let mut said = BTreeSet::new();
    let mut all = String::new();
    for line in text.lines() {
        all += line;
        let userid = line.strip_prefix("- ").and_then(|rest| rest.get(..2));
        if userid.is_some_and(|userid| people.contains(userid) && said.insert(userid)) {
            all += "; untold=leads,orders";
        }
        all.push('\n');
    }
    all
}

/// Some of the people that [`organisation`] may have.
pub fn some_people() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set("u[0-7]", 0..4)
}

/// One run and what precedes it.
#[derive(Clone, Debug)]
pub struct Step {
    pub text: String,
    pub sealed: bool,
    pub whole_company: bool,
    pub answer: AbsenceAnswer,
    pub hours: i64,
    pub word: Word,
    /// After how many writes the run hands over.
    pub writes: usize,
    pub paused: bool,
    /// The source was replaced before: everything is there and belongs to nobody.
    pub detached: bool,
}

/// What a person says about those who wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    None,
    Approve,
    ApproveBut(&'static str),
    Reject,
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let answers = vec![
        AbsenceAnswer::Absent,
        AbsenceAnswer::Absent,
        AbsenceAnswer::OutOfRange,
        AbsenceAnswer::Unknown,
    ];
    let text = (organisation(), some_people());
    let step = (
        text.prop_map(|(text, people)| silent_on_departments(&text, &people)),
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.7),
        prop::sample::select(answers),
        prop::sample::select(vec![1, 23, 25, 800]),
        (words(), writes()),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.1),
    );
    let step = step.prop_map(
        |(text, sealed, whole_company, answer, hours, (word, writes), paused, detached)| Step {
            text,
            sealed,
            whole_company,
            answer,
            hours,
            word,
            writes,
            paused,
            detached,
        },
    );
    prop::collection::vec(step, 2..6)
}

fn words() -> impl Strategy<Value = Word> {
    let words = vec![
        Word::None,
        Word::Approve,
        Word::ApproveBut("u3"),
        Word::Reject,
    ];
    prop::sample::select(words)
}

/// Most runs come to their end.
fn writes() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(usize::MAX), 1 => 0usize..12]
}
