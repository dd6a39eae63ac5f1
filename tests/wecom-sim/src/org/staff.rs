//! Who comes and who goes.

use rand::SeedableRng;
use rand::seq::IteratorRandom;
use rand_chacha::ChaCha8Rng;

use super::{Org, Person, PersonNo, ROOT};
use crate::command::{CommandError, Outcome};

impl Org {
    pub(super) fn hire(
        &mut self,
        userid: Option<String>,
        name: Option<String>,
        departments: Vec<u32>,
        count: u32,
    ) -> Result<Outcome, CommandError> {
        self.all_exist(&departments)?;
        if let Some(taken) = userid.as_ref().filter(|userid| self.find(userid).is_some()) {
            return Err(CommandError::UseridTaken(taken.clone()));
        }
        if userid.is_some() && count != 1 {
            return Err(CommandError::OneUserid);
        }
        Ok(self.newcomers(count, |person| {
            if let Some(userid) = &userid {
                person.userid.clone_from(userid);
            }
            if let Some(name) = &name {
                person.name.clone_from(name);
            }
            if !departments.is_empty() {
                person.seat(&departments, None);
            }
        }))
    }

    /// People as the seed goes on to make them, all active, each changed by `settle`.
    pub(super) fn newcomers(&mut self, count: u32, settle: impl Fn(&mut Person)) -> Outcome {
        let mut outcome = Outcome::default();
        for no in self.next..self.next.saturating_add(count) {
            let mut person = self.generator.person(no);
            person.status = 1;
            settle(&mut person);
            self.keep_real_seats(&mut person);
            outcome.hired.push(person.userid.clone());
            self.put(no, person);
        }
        outcome
    }

    /// Drops seats in departments that no longer exist; who has none left sits at the root.
    fn keep_real_seats(&self, person: &mut Person) {
        let real = |id: u32| self.departments.contains_key(&id);
        person.posts.retain(|post| real(post.department));
        if person.posts.is_empty() {
            person.seat(&[ROOT], None);
        }
        let first = person.posts.first().map(|post| post.department);
        person.main_department = person.main_department.filter(|id| real(*id)).or(first);
    }

    pub(super) fn rehire(&mut self, userid: &str) -> Result<Outcome, CommandError> {
        if self.find(userid).is_some() {
            return Err(CommandError::UseridTaken(userid.to_owned()));
        }
        let left = self
            .find_departed(userid)
            .and_then(|no| Some((no, self.departed(no)?)));
        let (no, mut person) = left.ok_or_else(|| CommandError::NoPerson(userid.to_owned()))?;
        self.keep_real_seats(&mut person);
        let hired = vec![person.userid.clone()];
        self.put(no, person);
        Ok(Outcome {
            hired,
            ..Outcome::default()
        })
    }

    pub(super) fn dismiss(&mut self, userids: &[String]) -> Result<Outcome, CommandError> {
        let numbers: Result<Vec<_>, _> = userids.iter().map(|userid| self.number(userid)).collect();
        Ok(self.dismiss_numbers(numbers?))
    }

    pub(super) fn dismiss_department(&mut self, id: u32) -> Result<Outcome, CommandError> {
        self.all_exist(&[id])?;
        let below = self
            .below(id)
            .into_iter()
            .filter_map(|id| self.departments.get(&id));
        let numbers: Vec<_> = below
            .flat_map(|department| department.people.clone())
            .collect();
        Ok(self.dismiss_numbers(numbers))
    }

    pub(super) fn dismiss_numbers(&mut self, numbers: Vec<PersonNo>) -> Outcome {
        let dismissed = numbers.into_iter().filter_map(|no| self.take(no)).collect();
        Outcome {
            dismissed,
            ..Outcome::default()
        }
    }

    /// `count` people who are here, in random order of the seed.
    pub(super) fn sample(&self, count: u32, seed: u64) -> Vec<PersonNo> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let here = self.numbers().filter(|no| self.is_here(*no));
        here.sample(&mut random, count as usize)
    }
}
