//! The handle by which a test drives a running simulator and asks what the organisation truly is.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::command::{Command, CommandError, Outcome, SettingsPatch};
use crate::faults::{At, Fault, Times, What};
use crate::members;
use crate::org::{Org, Person, PersonNo};
use crate::world::World;

/// Drives a simulator; cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Control {
    world: Arc<World>,
}

/// All of the organisation, or what the app may see of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    Everything,
    /// Inside the visible range; seats in departments out of sight are left out.
    Visible,
}

/// One person as the organisation knows them, whatever the app may see of their fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub userid: String,
    pub name: String,
    pub departments: Vec<u32>,
    /// Parallel to `departments`.
    pub orders: Vec<u32>,
    pub main_department: Option<u32>,
    /// The departments this person leads.
    pub leader_of: Vec<u32>,
    pub direct_leaders: Vec<String>,
    /// 1 active, 2 disabled, 4 not activated, 5 left.
    pub status: u8,
    pub position: String,
    pub mobile: String,
    pub gender: String,
    pub email: String,
    pub biz_mail: String,
    pub telephone: String,
    pub alias: String,
    pub address: String,
    pub attributes: Vec<crate::org::Attribute>,
    /// Fields that commands replaced as they are (`None`: left out of the body).
    pub patches: BTreeMap<String, Option<Value>>,
}

/// One department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentView {
    pub id: u32,
    pub name: String,
    pub name_en: Option<String>,
    pub parent: u32,
    pub order: u32,
    pub leaders: Vec<String>,
    /// How many people sit in it directly.
    pub people: usize,
}

/// Sizes, whole and visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrgSummary {
    pub people: usize,
    pub departments: usize,
    pub visible_departments: usize,
    pub range_departments: Vec<u32>,
    pub range_people: usize,
    pub range_tags: Vec<u32>,
}

impl Control {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// Runs one command; a refused command changes nothing.
    pub fn run(&self, command: Command) -> Result<Outcome, CommandError> {
        self.world.run(command)
    }

    pub fn fault(&self, at: At, times: Times, what: What) -> Result<(), CommandError> {
        self.run(Command::Fault(Fault { at, times, what }))
            .map(drop)
    }

    /// Runs `command` just before the call with this index is served.
    pub fn on_call(&self, index: u64, command: Command) -> Result<(), CommandError> {
        self.run(Command::OnCall {
            index,
            command: Box::new(command),
        })
        .map(drop)
    }

    pub fn configure(&self, patch: SettingsPatch) -> Result<(), CommandError> {
        self.run(Command::Configure(patch)).map(drop)
    }

    pub fn clear_faults(&self) -> Result<(), CommandError> {
        self.run(Command::ClearFaults).map(drop)
    }

    pub fn reset_counts(&self) -> Result<(), CommandError> {
        self.run(Command::ResetCounts).map(drop)
    }

    /// What `on_call` commands could not do.
    pub fn hook_failures(&self) -> Vec<CommandError> {
        self.world.hook_failures()
    }

    /// Everybody, in the order of hiring. Reads as it goes: keep the organisation still meanwhile.
    pub fn members(&self, view: View) -> Members {
        Members {
            world: Arc::clone(&self.world),
            view,
            next: 0,
            ready: VecDeque::new(),
        }
    }

    pub fn member(&self, userid: &str, view: View) -> Option<Member> {
        let org = self.world.org();
        org.find(userid).and_then(|no| member(&org, no, view))
    }

    /// What `user/get` would answer about somebody, without `errcode`.
    pub fn member_body(&self, userid: &str) -> Option<Value> {
        let (settings, org) = (self.world.settings(), self.world.org());
        let no = org.find(userid).filter(|no| org.sees_person(*no))?;
        members::shown(&org, &settings, no)
    }

    /// All departments of the view, by id.
    pub fn departments(&self, view: View) -> Vec<DepartmentView> {
        let org = self.world.org();
        let all = org.departments.values();
        let wanted = all.filter(|it| view == View::Everything || org.sees_department(it.id));
        wanted
            .map(|it| DepartmentView {
                id: it.id,
                name: it.name.clone(),
                name_en: it.name_en.clone(),
                parent: it.parent,
                order: it.order,
                leaders: userids(&org, it.leaders.iter()),
                people: it.people.len(),
            })
            .collect()
    }

    pub fn summary(&self) -> OrgSummary {
        OrgSummary::of(&self.world)
    }
}

fn userids<'a>(org: &Org, numbers: impl Iterator<Item = &'a PersonNo>) -> Vec<String> {
    numbers
        .filter_map(|no| org.userid(*no))
        .map(std::borrow::Cow::into_owned)
        .collect()
}

fn member(org: &Org, no: PersonNo, view: View) -> Option<Member> {
    let mut person = org.person(no)?;
    if view == View::Visible {
        if !org.sees_person(no) {
            return None;
        }
        person = org.as_seen(person);
    }
    let direct_leaders = userids(org, person.direct_leaders.iter());
    Some(Member::of(person.into_owned(), direct_leaders))
}

impl Member {
    fn of(person: Person, direct_leaders: Vec<String>) -> Self {
        let leads = person.posts.iter().filter(|post| post.leader);
        Self {
            departments: person.posts.iter().map(|post| post.department).collect(),
            orders: person.posts.iter().map(|post| post.order).collect(),
            leader_of: leads.map(|post| post.department).collect(),
            direct_leaders,
            userid: person.userid,
            name: person.name,
            main_department: person.main_department,
            status: person.status,
            position: person.position,
            mobile: person.mobile,
            gender: person.gender,
            email: person.email,
            biz_mail: person.biz_mail,
            telephone: person.telephone,
            alias: person.alias,
            address: person.address,
            attributes: person.attributes,
            patches: person.patches,
        }
    }
}

/// People one after another, made in small lots.
pub struct Members {
    world: Arc<World>,
    view: View,
    next: PersonNo,
    ready: VecDeque<Member>,
}

/// So many people are made under one lock.
const LOT: u32 = 256;

impl Iterator for Members {
    type Item = Member;

    fn next(&mut self) -> Option<Member> {
        while self.ready.is_empty() {
            let org = self.world.org();
            let end = org.numbers().end;
            if self.next >= end {
                return None;
            }
            let lot = self.next..end.min(self.next.saturating_add(LOT));
            self.next = lot.end;
            self.ready
                .extend(lot.filter_map(|no| member(&org, no, self.view)));
        }
        self.ready.pop_front()
    }
}

impl OrgSummary {
    pub(crate) fn of(world: &World) -> Self {
        let org = world.org();
        Self {
            people: org.len(),
            departments: org.departments.len(),
            visible_departments: org.visible_departments(None).len(),
            range_departments: org.range.departments.iter().copied().collect(),
            range_people: org.range.people.len(),
            range_tags: org.range.tags.iter().copied().collect(),
        }
    }
}
