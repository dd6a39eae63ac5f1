//! Changes to people who are here: names, userids, seats, and every field they have.

use serde_json::Value;

use super::{Org, Person, PersonNo, Post};
use crate::command::{Command, CommandError, Outcome};

impl Org {
    /// Runs a command that changes the organisation.
    pub(crate) fn change(&mut self, command: Command) -> Result<Outcome, CommandError> {
        match command {
            Command::Hire {
                userid,
                name,
                departments,
                count,
            } => self.hire(userid, name, departments, count),
            Command::Rehire { userid } => self.rehire(&userid),
            Command::Dismiss { userids } => self.dismiss(&userids),
            Command::DismissRandom { count, seed } => {
                Ok(self.dismiss_numbers(self.sample(count, seed)))
            }
            Command::DismissDepartment { id } => self.dismiss_department(id),
            Command::Churn {
                percent,
                seed,
                leavers_max,
            } => Ok(self.churn(percent, seed, leavers_max)),
            other => self.change_person(other),
        }
    }

    fn change_person(&mut self, command: Command) -> Result<Outcome, CommandError> {
        match command {
            Command::Rename { userid, name } => self.edit(&userid, |person| person.name = name),
            Command::SwapNames { a, b } => self.swap_names(&a, &b),
            Command::ChangeUserid { userid, to } => self.change_userid(&userid, to),
            Command::ChangeUseridCase { userid } => {
                let to = swap_case(&self.existing_userid(&userid)?);
                self.change_userid(&userid, to)
            }
            Command::Move {
                userid,
                departments,
                main_department,
            } => self.move_person(&userid, &departments, main_department),
            Command::SetLeader {
                userid,
                department,
                leader,
            } => self.set_leader(&userid, department, leader),
            Command::SetStatus { userids, status } => {
                let numbers: Result<Vec<_>, _> =
                    userids.iter().map(|userid| self.number(userid)).collect();
                Ok(self.edit_numbers(numbers?, |person| person.status = status))
            }
            Command::SetStatusRandom {
                count,
                seed,
                status,
            } => {
                let numbers = self.sample(count, seed);
                Ok(self.edit_numbers(numbers, |person| person.status = status))
            }
            other => self.change_fields(other),
        }
    }

    fn change_fields(&mut self, command: Command) -> Result<Outcome, CommandError> {
        match command {
            Command::SetField {
                userid,
                field,
                value,
            } => self.edit(&userid, |person| person.set(field, Some(value))),
            Command::UnsetField { userid, field } => {
                self.edit(&userid, |person| person.set(field, None))
            }
            Command::SetFieldForAll { field, value } => {
                self.blanket.insert(field, Some(value));
                Ok(Outcome::default())
            }
            Command::UnsetFieldForAll { field } => {
                self.blanket.insert(field, None);
                Ok(Outcome::default())
            }
            other => self.change_tree(other),
        }
    }

    pub(super) fn number(&self, userid: &str) -> Result<PersonNo, CommandError> {
        self.find(userid)
            .ok_or_else(|| CommandError::NoPerson(userid.to_owned()))
    }

    fn existing_userid(&self, userid: &str) -> Result<String, CommandError> {
        let no = self.number(userid)?;
        let userid = self
            .userid(no)
            .ok_or_else(|| CommandError::NoPerson(userid.to_owned()))?;
        Ok(userid.into_owned())
    }

    pub(super) fn edit_numbers(
        &mut self,
        numbers: Vec<PersonNo>,
        mut edit: impl FnMut(&mut Person),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        for no in numbers {
            let Some(person) = self.person(no) else {
                continue;
            };
            let mut person = person.into_owned();
            edit(&mut person);
            outcome.changed.push(person.userid.clone());
            self.put(no, person);
        }
        outcome
    }

    fn edit(
        &mut self,
        userid: &str,
        edit: impl FnOnce(&mut Person),
    ) -> Result<Outcome, CommandError> {
        let no = self.number(userid)?;
        let mut edit = Some(edit);
        Ok(self.edit_numbers(vec![no], |person| {
            if let Some(edit) = edit.take() {
                edit(person);
            }
        }))
    }

    fn swap_names(&mut self, a: &str, b: &str) -> Result<Outcome, CommandError> {
        let name = |userid: &str| {
            let person = self.number(userid).map(|no| self.person(no))?;
            person
                .map(|it| it.name.clone())
                .ok_or_else(|| CommandError::NoPerson(userid.to_owned()))
        };
        let (name_of_a, name_of_b) = (name(a)?, name(b)?);
        let mut outcome = self.edit(a, |person| person.name = name_of_b)?;
        outcome
            .changed
            .extend(self.edit(b, |person| person.name = name_of_a)?.changed);
        Ok(outcome)
    }

    fn change_userid(&mut self, userid: &str, to: String) -> Result<Outcome, CommandError> {
        let no = self.number(userid)?;
        if self.find(&to).is_some_and(|holder| holder != no) {
            return Err(CommandError::UseridTaken(to));
        }
        self.edit(userid, |person| person.userid = to)
    }

    fn move_person(
        &mut self,
        userid: &str,
        departments: &[u32],
        main: Option<u32>,
    ) -> Result<Outcome, CommandError> {
        self.all_exist(departments)?;
        let moved = self
            .edit(userid, |person| person.seat(departments, main))?
            .changed;
        Ok(Outcome {
            moved,
            ..Outcome::default()
        })
    }

    fn set_leader(
        &mut self,
        userid: &str,
        department: u32,
        leader: bool,
    ) -> Result<Outcome, CommandError> {
        if !self
            .departments_of(self.number(userid)?)
            .contains(&department)
        {
            return Err(CommandError::NotThere(userid.to_owned(), department));
        }
        self.edit(userid, |person| {
            for post in person
                .posts
                .iter_mut()
                .filter(|post| post.department == department)
            {
                post.leader = leader;
            }
        })
    }

    pub(super) fn all_exist(&self, departments: &[u32]) -> Result<(), CommandError> {
        let lost = departments
            .iter()
            .find(|id| !self.departments.contains_key(id));
        lost.map_or(Ok(()), |id| Err(CommandError::NoDepartment(*id)))
    }
}

impl Person {
    /// Seats the person in exactly these departments; seats they already had stay as they were.
    pub(super) fn seat(&mut self, departments: &[u32], main: Option<u32>) {
        let old = std::mem::take(&mut self.posts);
        let post = |department: u32| {
            let known = old.iter().find(|post| post.department == department);
            known.copied().unwrap_or(Post {
                department,
                order: 0,
                leader: false,
            })
        };
        self.posts = departments.iter().map(|id| post(*id)).collect();
        self.main_department = main.or_else(|| departments.first().copied());
    }

    /// Text goes into the field itself; anything else is shown as it is in the body.
    fn set(&mut self, field: String, value: Option<Value>) {
        let text = match (&value, self.text_mut(&field)) {
            (Some(Value::String(text)), Some(known)) => {
                *known = text.clone();
                true
            }
            _ => false,
        };
        if text {
            self.patches.remove(&field);
        } else {
            self.patches.insert(field, value);
        }
    }

    fn text_mut(&mut self, field: &str) -> Option<&mut String> {
        Some(match field {
            "name" => &mut self.name,
            "position" => &mut self.position,
            "mobile" => &mut self.mobile,
            "gender" => &mut self.gender,
            "email" => &mut self.email,
            "biz_mail" => &mut self.biz_mail,
            "telephone" => &mut self.telephone,
            "alias" => &mut self.alias,
            "address" => &mut self.address,
            "avatar" => &mut self.avatar,
            "qr_code" => &mut self.qr_code,
            "external_position" => &mut self.external_position,
            _ => return None,
        })
    }
}

/// `ZhangWei.17` ↔ `zHANGwEI.17`.
fn swap_case(userid: &str) -> String {
    let swap = |c: char| {
        if c.is_ascii_lowercase() {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        }
    };
    userid.chars().map(swap).collect()
}
