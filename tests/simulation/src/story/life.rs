//! What happens in the organisation: people come, go, return, move, rename, are locked out.

use std::collections::BTreeSet;

use org_model::MemberStatus;

use super::Story;
use crate::Corp;
use crate::story::dice::Dice;

impl Story {
    pub(super) fn drift(&mut self) {
        let mut corp = self.world.corp.lock().unwrap();
        for _ in 0..self.dice.below(4) {
            let number = self.dice.below(self.people);
            let what = small(&mut corp, &mut self.dice, number);
            self.trace.say(|| format!("{number:04} {what}"));
        }
        if self.dice.one_in(9) {
            let what = large(&mut corp, &mut self.dice, self.people);
            self.trace.say(|| format!("mass: {what}"));
        }
        drop(corp);
        self.turn();
    }

    /// Half of the stories map mobiles, so that a rename can be suspected.
    pub(super) fn map_mobiles(&mut self) {
        if self.dice.one_in(2) {
            let mapping = &mut self.world.shelf().settings.mapping;
            mapping.insert("mobile".to_owned(), "mobile".into());
        }
        for (number, person) in self.world.corp().people.values_mut().enumerate() {
            person.mobile = format!("+86 {number}");
        }
    }
}

fn key_of(number: u32) -> String {
    format!("person.{number:04}")
}

fn place(corp: &Corp, dice: &mut Dice) -> BTreeSet<u32> {
    let places: Vec<u32> = corp.departments.keys().copied().collect();
    let more = dice.one_in(4);
    let mut chosen: BTreeSet<u32> = dice.pick(&places).into_iter().collect();
    chosen.extend(dice.pick(&places).filter(|_| more));
    chosen
}

fn small(corp: &mut Corp, dice: &mut Dice, number: u32) -> &'static str {
    let key = key_of(number);
    let what = dice.below(16);
    let places = place(corp, dice);
    match what {
        0..4 => {
            corp.dismiss(number);
            return "leaves";
        }
        4..6 if !corp.people.contains_key(&key) => {
            corp.hire(number, places);
            return "is hired";
        }
        6 | 14 | 15 => return take_userid(corp, number, places),
        7 => return departments(corp, dice),
        8 => return rename_userid(corp, dice, number),
        _ => {}
    }
    let Some(person) = corp.people.get_mut(&key) else {
        return "is nobody";
    };
    match what {
        9 => person.departments = places,
        10 => person.title = format!("Title {}", dice.below(5)),
        11 => person.name = format!("Name {number} of {}", dice.below(3)),
        12 => person.userid = person.userid.to_uppercase(),
        13 => {
            let closed = person.status != MemberStatus::Active;
            person.status = match closed {
                true => MemberStatus::Active,
                false => MemberStatus::Disabled,
            };
        }
        _ => person.title.clear(),
    }
    "changes"
}

/// Another human being gets the userid of somebody who left.
fn take_userid(corp: &mut Corp, number: u32, places: BTreeSet<u32>) -> &'static str {
    let key = key_of(number);
    if corp.people.contains_key(&key) {
        return "stays";
    }
    corp.hire(number, places);
    let person = corp.people.get_mut(&key).unwrap();
    person.name = format!("Other {number}");
    "is another one"
}

/// The same human being under another userid.
fn rename_userid(corp: &mut Corp, dice: &mut Dice, number: u32) -> &'static str {
    let new = 9000 + dice.below(20);
    let Some(person) = corp.people.get(&key_of(number)).cloned() else {
        return "is nobody to rename";
    };
    if corp.people.contains_key(&key_of(new)) {
        return "keeps the userid";
    }
    corp.dismiss(number);
    corp.hire(new, person.departments.clone());
    let renamed = corp.people.get_mut(&key_of(new)).unwrap();
    let userid = renamed.userid.clone();
    *renamed = crate::Person { userid, ..person };
    "gets another userid"
}

fn departments(corp: &mut Corp, dice: &mut Dice) -> &'static str {
    let all: Vec<u32> = corp
        .departments
        .keys()
        .copied()
        .filter(|id| *id > 1)
        .collect();
    let (Some(one), Some(other)) = (dice.pick(&all), dice.pick(&all)) else {
        return "finds no department";
    };
    let is_leaf = |corp: &Corp, id| corp.departments.values().all(|parent| *parent != Some(id));
    match dice.below(3) {
        0 => {
            let next = corp.departments.keys().max().copied().unwrap_or(1) + 1;
            corp.departments.insert(next, Some(one));
            "founds a department"
        }
        1 if is_leaf(corp, one) && all.len() > 2 => {
            corp.departments.remove(&one);
            for person in corp.people.values_mut() {
                if person.departments.remove(&one) && person.departments.is_empty() {
                    person.departments.insert(1);
                }
            }
            "closes a department"
        }
        _ if is_leaf(corp, one) && one != other => {
            corp.departments.insert(one, Some(other));
            "moves a department"
        }
        _ => "looks at a department",
    }
}

fn large(corp: &mut Corp, dice: &mut Dice, people: u32) -> &'static str {
    let first = dice.below(people / 2);
    let some = first..first + people / 3;
    match dice.below(5) {
        0 | 1 => {
            some.for_each(|number| corp.dismiss(number));
            "departure"
        }
        2 => {
            for number in 0..people {
                if !corp.people.contains_key(&key_of(number)) {
                    let places = place(corp, dice);
                    corp.hire(number, places);
                }
            }
            "return"
        }
        3 => {
            for number in some {
                if let Some(person) = corp.people.get_mut(&key_of(number)) {
                    person.status = MemberStatus::Disabled;
                }
            }
            "disables"
        }
        _ => {
            corp.people
                .values_mut()
                .for_each(|person| person.title.clear());
            "empty titles"
        }
    }
}
