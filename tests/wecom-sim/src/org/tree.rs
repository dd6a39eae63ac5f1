//! Changes to the department tree. Nothing keeps it sound: a cycle or a lost parent can be made.

use std::collections::{BTreeMap, BTreeSet};

use super::{Department, Org, ROOT};
use crate::command::{Command, CommandError, DepartmentPeople, Outcome};

impl Org {
    /// `top` and everything below it; ends in a cycle too.
    pub(crate) fn below(&self, top: u32) -> BTreeSet<u32> {
        let mut children = BTreeMap::<u32, Vec<u32>>::new();
        for department in self.departments.values() {
            children
                .entry(department.parent)
                .or_default()
                .push(department.id);
        }
        let (mut found, mut open) = (BTreeSet::new(), vec![top]);
        while let Some(id) = open.pop() {
            if found.insert(id) {
                open.extend(children.get(&id).into_iter().flatten());
            }
        }
        found
    }

    pub(super) fn change_tree(&mut self, command: Command) -> Result<Outcome, CommandError> {
        let id = match command {
            Command::CreateDepartment { id, name, parent } => {
                self.create_department(id, name, parent)?
            }
            Command::RenameDepartment { id, name } => {
                self.department_mut(id)?.name = name;
                id
            }
            Command::MoveDepartment { id, parent } => {
                self.department_mut(id)?.parent = parent;
                id
            }
            Command::DeleteDepartment { id, people } => return self.delete_department(id, people),
            other => return self.change_range(other),
        };
        Ok(Outcome {
            departments: vec![id],
            ..Outcome::default()
        })
    }

    fn department_mut(&mut self, id: u32) -> Result<&mut Department, CommandError> {
        self.departments
            .get_mut(&id)
            .ok_or(CommandError::NoDepartment(id))
    }

    pub(super) fn create_department(
        &mut self,
        id: Option<u32>,
        name: String,
        parent: u32,
    ) -> Result<u32, CommandError> {
        let id = match id {
            Some(id) if self.departments.contains_key(&id) => {
                return Err(CommandError::DepartmentExists(id));
            }
            Some(id) => id,
            None => self
                .departments
                .keys()
                .next_back()
                .map_or(ROOT, |last| last + 1),
        };
        let department = Department {
            id,
            name,
            name_en: None,
            parent,
            order: 0,
            people: BTreeSet::new(),
            leaders: BTreeSet::new(),
        };
        self.departments.insert(id, department);
        Ok(id)
    }

    /// Its children go to its parent; its people do what `people` says.
    fn delete_department(
        &mut self,
        id: u32,
        people: DepartmentPeople,
    ) -> Result<Outcome, CommandError> {
        if id == ROOT {
            return Err(CommandError::Root);
        }
        let parent = self.department_mut(id)?.parent;
        for child in self
            .departments
            .values_mut()
            .filter(|child| child.parent == id)
        {
            child.parent = parent;
        }
        let members: Vec<_> = self.department_mut(id)?.people.iter().copied().collect();
        let mut outcome = Outcome {
            departments: vec![id],
            ..Outcome::default()
        };
        for no in members {
            match people {
                DepartmentPeople::Dismiss => outcome.dismissed.extend(self.take(no)),
                DepartmentPeople::MoveUp => outcome.moved.extend(self.leave(no, id, Some(parent))),
                DepartmentPeople::Leave => outcome.moved.extend(self.leave(no, id, None)),
            }
        }
        self.departments.remove(&id);
        Ok(outcome)
    }

    /// Takes one seat away; who has none left gets one in `refuge`, if there is one.
    fn leave(&mut self, no: u32, id: u32, refuge: Option<u32>) -> Option<String> {
        let mut person = self.person(no)?.into_owned();
        person.posts.retain(|post| post.department != id);
        if let (true, Some(department)) = (person.posts.is_empty(), refuge) {
            person.posts.push(super::Post {
                department,
                order: 0,
                leader: false,
            });
        }
        if person.main_department == Some(id) {
            person.main_department = person.posts.first().map(|post| post.department);
        }
        let userid = person.userid.clone();
        self.put(no, person);
        Some(userid)
    }
}
