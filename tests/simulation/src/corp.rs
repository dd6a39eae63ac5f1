//! An organisation in memory, and a reader that sees it honestly or not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use org_model::{
    DepartmentId, Gap, GapCause, GapPlace, MemberStatus, Membership, RawDepartment, RawMember,
    RawOrg, UserId, VisibleRange,
};
use sync_run::ports::{
    Answer, Progress, ReadError, Remedy, Wecom, WecomAccess, WecomScope, WecomSession,
};

/// One person as the organisation has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub userid: String,
    pub name: String,
    pub departments: BTreeSet<u32>,
    pub status: MemberStatus,
    pub title: String,
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

    fn find(&self, userid: &UserId) -> Option<&Person> {
        self.people
            .values()
            .find(|p| p.userid.eq_ignore_ascii_case(userid.as_str()))
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
            "userid": self.userid, "name": self.name, "position": self.title,
        });
        RawMember {
            userid: UserId::new(self.userid.clone()),
            name: Some(self.name.clone()),
            memberships: Some(self.departments.iter().map(membership).collect()),
            listed_in: None,
            main_department: None,
            status: Some(self.status),
            direct_leaders: Some(Vec::new()),
            fields: fields.to_string().into_boxed_str(),
        }
    }
}

/// The reader over a shared organisation.
pub struct Reader(pub Arc<Mutex<Corp>>);

struct Session(Arc<Mutex<Corp>>);

#[async_trait]
impl Wecom for Reader {
    async fn connect(&self, _access: WecomAccess) -> Result<Box<dyn WecomSession>, ReadError> {
        if self.0.lock().unwrap().down {
            return Err(ReadError::new(
                "unreachable",
                "WeCom could not be reached",
                Remedy::RetryLater,
                "check the agent",
            ));
        }
        Ok(Box::new(Session(Arc::clone(&self.0))))
    }
}

#[async_trait]
impl WecomSession for Session {
    fn agent(&self) -> Option<String> {
        None
    }

    async fn read(&self, scope: &WecomScope, _: &dyn Progress) -> Result<RawOrg, ReadError> {
        Ok(self.0.lock().unwrap().raw(scope))
    }

    async fn ask_member(&self, userid: &UserId) -> Answer<RawMember> {
        let corp = self.0.lock().unwrap();
        let visible = corp.visible();
        match corp.find(userid) {
            _ if corp.silent => Answer::Unknown,
            Some(person) if person.departments.iter().any(|id| visible.contains(id)) => {
                Answer::Found(person.raw())
            }
            Some(_) => Answer::OutOfRange,
            None => Answer::Absent,
        }
    }

    async fn ask_department(&self, id: DepartmentId) -> Answer<RawDepartment> {
        let corp = self.0.lock().unwrap();
        let Some(parent) = corp.departments.get(&id.0) else {
            return Answer::Absent;
        };
        if !corp.visible().contains(&id.0) {
            return Answer::OutOfRange;
        }
        Answer::Found(RawDepartment {
            id,
            name: format!("D{id}"),
            parent: parent.map(DepartmentId),
            order: u64::from(id.0),
            leaders: Some(Vec::new()),
        })
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}
