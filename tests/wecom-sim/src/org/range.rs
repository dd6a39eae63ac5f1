//! The visible range of the app: departments with all below them, single people, tags.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Department, Org, Person, PersonNo, ROOT};
use crate::command::{Command, CommandError, Outcome};

/// A tag: single people and whole departments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tag {
    pub name: String,
    pub people: BTreeSet<PersonNo>,
    pub departments: BTreeSet<u32>,
}

/// What an administrator entered; ids that no longer exist are not reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub departments: BTreeSet<u32>,
    pub people: BTreeSet<PersonNo>,
    pub tags: BTreeSet<u32>,
}

impl Default for Range {
    fn default() -> Self {
        let departments = BTreeSet::from([ROOT]);
        Self {
            departments,
            people: BTreeSet::new(),
            tags: BTreeSet::new(),
        }
    }
}

/// No tree is deeper (WeCom allows 15); a walk that goes further is in a cycle.
const DEEPEST: usize = 64;

impl Org {
    /// With the root in the range everything is visible, even departments cut off by a cycle.
    pub(crate) fn sees_everything(&self) -> bool {
        self.range.departments.contains(&ROOT)
    }

    fn range_tags(&self) -> impl Iterator<Item = &Tag> {
        self.range.tags.iter().filter_map(|id| self.tags.get(id))
    }

    /// Departments of a tag in the range count as departments of the range.
    pub(crate) fn sees_department(&self, id: u32) -> bool {
        if !self.departments.contains_key(&id) {
            return false;
        }
        if self.sees_everything() {
            return true;
        }
        self.lineage(id).any(|id| {
            self.range.departments.contains(&id)
                || self.range_tags().any(|tag| tag.departments.contains(&id))
        })
    }

    /// A department and those above it, as far as they exist.
    fn lineage(&self, id: u32) -> impl Iterator<Item = u32> {
        let above = |id: &u32| self.departments.get(id).map(|department| department.parent);
        std::iter::successors(Some(id), above).take(DEEPEST)
    }

    pub(crate) fn sees_person(&self, no: PersonNo) -> bool {
        self.sees_everything()
            || self.range.people.contains(&no)
            || self.range_tags().any(|tag| tag.people.contains(&no))
            || self
                .departments_of(no)
                .into_iter()
                .any(|id| self.sees_department(id))
    }

    pub(crate) fn sees_tag(&self, id: u32) -> bool {
        self.sees_everything() || self.range.tags.contains(&id)
    }

    /// The person as the app may see them: seats in departments out of its sight are left out.
    pub(crate) fn as_seen<'a>(&self, person: Cow<'a, Person>) -> Cow<'a, Person> {
        let foreign = |id: u32| !self.sees_department(id);
        if self.sees_everything() || !person.posts.iter().any(|post| foreign(post.department)) {
            return person;
        }
        let mut person = person.into_owned();
        person.posts.retain(|post| !foreign(post.department));
        person.main_department = person.main_department.filter(|id| !foreign(*id));
        Cow::Owned(person)
    }

    /// The visible departments in or below `top` (`None`: all of them), by id.
    pub(crate) fn visible_departments(&self, top: Option<u32>) -> Vec<&Department> {
        let below = top.map(|top| self.below(top));
        let inside = |id: &u32| below.as_ref().is_none_or(|below| below.contains(id));
        let all = self.departments.values();
        all.filter(|department| inside(&department.id) && self.sees_department(department.id))
            .collect()
    }

    pub(super) fn change_range(&mut self, command: Command) -> Result<Outcome, CommandError> {
        match command {
            Command::SetRange {
                departments,
                users,
                tags,
            } => {
                let people = self.numbers_of(&users)?;
                let departments = departments.into_iter().collect();
                self.range = Range {
                    departments,
                    people,
                    tags: tags.into_iter().collect(),
                };
            }
            Command::SetTag {
                id,
                name,
                users,
                departments,
            } => {
                let people = self.numbers_of(&users)?;
                let departments = departments.into_iter().collect();
                self.tags.insert(
                    id,
                    Tag {
                        name,
                        people,
                        departments,
                    },
                );
            }
            Command::DeleteTag { id } => {
                self.tags.remove(&id).ok_or(CommandError::NoTag(id))?;
                self.range.tags.remove(&id);
            }
            other => return Err(CommandError::NotOfTheOrganisation(other.name())),
        }
        Ok(Outcome::default())
    }

    fn numbers_of(&self, userids: &[String]) -> Result<BTreeSet<PersonNo>, CommandError> {
        userids.iter().map(|userid| self.number(userid)).collect()
    }
}
