//! An organisation in memory, and a reader that sees it honestly or not.

mod reader;

use std::collections::{BTreeMap, BTreeSet};

use org_model::{
    DepartmentId, Gap, GapCause, GapPlace, MemberStatus, Membership, RawDepartment, RawMember,
    RawOrg, UserId, VisibleRange,
};
use sync_run::ports::{AgentFailure, Answer, WecomScope};

pub(crate) use reader::Reader;

/// One person as the organisation has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub userid: String,
    pub name: String,
    pub departments: BTreeSet<u32>,
    pub status: MemberStatus,
    pub title: String,
    /// Empty: WeCom shows none.
    pub mobile: String,
    pub main_department: Option<u32>,
}

/// The organisation, and how its reader misbehaves right now.
#[derive(Clone, Debug, Default)]
pub struct Corp {
    pub people: BTreeMap<String, Person>,
    /// Department → parent.
    pub departments: BTreeMap<u32, Option<u32>>,
    /// These departments' lists are not answered.
    pub deaf: BTreeSet<u32>,
    /// These departments' lists are answered honestly-looking and empty.
    pub short: BTreeSet<u32>,
    /// Nothing can be read at all.
    pub down: bool,
    /// The app sees these departments only (and what is below).
    pub range: Option<BTreeSet<u32>>,
    /// People of whom WeCom does not say that they exist.
    pub silent: bool,
    /// Of whoever is out of the range WeCom says that there is nobody (60111).
    pub unseen_are_absent: bool,
    /// A department answers by name although no list has it.
    pub unlisted_answer: bool,
    /// Whoever is asked about in another spelling than their own is said not to be there.
    pub exact: bool,
    /// The one secret that WeCom takes, by the version of its reference; `None`: any.
    pub secret: Option<String>,
    /// Agents that a conversation goes around.
    pub failing_agents: Vec<AgentFailure>,
    /// Counts the changes around; whoever makes one counts.
    pub epoch: u64,
    /// When WeCom last said of this userid or department that there is none.
    pub told_absent: BTreeMap<String, u64>,
    /// When WeCom last said of one that it is out of the range.
    pub told_outside: BTreeMap<String, u64>,
    /// When WeCom last showed somebody who was asked about by name.
    pub told_there: BTreeMap<String, u64>,
    /// How often each wrong secret was tried.
    pub refused: BTreeMap<String, u32>,
    /// Calls that reached WeCom, by its name for them.
    pub calls: BTreeMap<String, u64>,
}

impl Corp {
    pub fn raw(&self, scope: &WecomScope) -> RawOrg {
        let visible = self.visible();
        let kept = self.in_scope(&visible, scope);
        let mut raw = RawOrg {
            range_before: Some(self.declared()),
            scoped: kept != visible,
            scope_missing: (&scope.include | &scope.exclude)
                .into_iter()
                .filter(|id| !visible.contains(&id.0))
                .collect(),
            ..RawOrg::default()
        };
        for (&id, &parent) in self.departments.iter().filter(|(id, _)| kept.contains(id)) {
            raw.departments.push(RawDepartment {
                id: DepartmentId(id),
                name: format!("D{id}"),
                parent: parent.map(DepartmentId),
                order: u64::from(id),
                leaders: Some(Vec::new()),
            });
            self.list(id, &mut raw);
        }
        raw.range_after = Some(self.declared());
        raw
    }

    /// From now on everything is answered honestly.
    pub fn behave(&mut self) {
        self.deaf.clear();
        self.short.clear();
        self.range = None;
        self.down = false;
        self.silent = false;
        self.unseen_are_absent = false;
        self.exact = false;
        self.unlisted_answer = false;
    }

    fn list(&self, department: u32, raw: &mut RawOrg) {
        if self.deaf.contains(&department) {
            let what = GapPlace::DepartmentMembers(DepartmentId(department));
            raw.gaps.push(Gap {
                what,
                cause: GapCause::NoAnswer,
            });
            return;
        }
        if self.short.contains(&department) {
            return;
        }
        for person in self
            .people
            .values()
            .filter(|p| p.departments.contains(&department))
        {
            let listed_in = Some(DepartmentId(department));
            raw.members.push(RawMember {
                listed_in,
                ..person.raw()
            });
        }
    }

    fn declared(&self) -> VisibleRange {
        let roots = self.range.clone().unwrap_or_else(|| [1].into());
        VisibleRange {
            departments: roots.into_iter().map(DepartmentId).collect(),
            ..VisibleRange::default()
        }
    }

    fn visible(&self) -> BTreeSet<u32> {
        let roots = self.range.clone().unwrap_or_else(|| [1].into());
        let below = |id: &u32| self.line(*id).any(|id| roots.contains(&id));
        self.departments
            .keys()
            .filter(|id| below(id))
            .copied()
            .collect()
    }

    /// The departments that an honest reading lists.
    pub(crate) fn listed(&self, scope: &WecomScope) -> BTreeSet<u32> {
        self.in_scope(&self.visible(), scope)
    }

    /// The visible departments that the settings take in.
    fn in_scope(&self, visible: &BTreeSet<u32>, scope: &WecomScope) -> BTreeSet<u32> {
        let below = |id: u32, tops: &BTreeSet<DepartmentId>| {
            self.line(id).any(|id| tops.contains(&DepartmentId(id)))
        };
        let takes_in = |id: &&u32| {
            let included = scope.include.is_empty() || below(**id, &scope.include);
            included && !below(**id, &scope.exclude)
        };
        visible.iter().filter(takes_in).copied().collect()
    }

    /// A department and those above it.
    fn line(&self, id: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(Some(id), |id| *self.departments.get(id)?)
    }

    /// The answer about somebody or something that cannot be shown.
    fn tell<T>(&mut self, key: String, is_there: bool) -> Answer<T> {
        let epoch = self.epoch;
        if is_there {
            self.told_outside.insert(key, epoch);
            return match self.unseen_are_absent {
                true => Answer::Absent,
                false => Answer::OutOfRange,
            };
        }
        self.told_absent.insert(key, epoch);
        Answer::Absent
    }

    fn find(&self, userid: &UserId) -> Option<&Person> {
        let asked = userid.as_str();
        let is_meant = |person: &&Person| match self.exact {
            true => person.userid == asked,
            false => person.userid.eq_ignore_ascii_case(asked),
        };
        self.people.values().find(is_meant)
    }
}

impl Person {
    fn raw(&self) -> RawMember {
        let membership = |&id: &u32| Membership {
            department: DepartmentId(id),
            order: 0,
            leader: false,
        };
        let fields = serde_json::json!({
            "userid": self.userid, "name": self.name, "position": self.title, "mobile": self.mobile,
        });
        RawMember {
            userid: UserId::new(self.userid.clone()),
            name: Some(self.name.clone()),
            memberships: Some(self.departments.iter().map(membership).collect()),
            listed_in: None,
            main_department: self.main_department.map(DepartmentId),
            status: Some(self.status),
            direct_leaders: Some(Vec::new()),
            fields: fields.to_string().into_boxed_str(),
        }
    }
}
