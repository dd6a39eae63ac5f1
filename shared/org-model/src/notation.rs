//! Organisations in text, for tests: an indented tree as a person would write it down.
//!
//! ```text
//! 1 Acme
//!   2 Sales; order=7; leaders=an
//!     - an An Wang; leader; main; title=Boss
//!     - bo Bo Li; pending
//!   3 Engineering
//!     - an
//! - eve Eve
//! ```
//!
//! A line is a department (`id name`) below the less indented one above it, or a person
//! (`- userid name`) in it. A person may stand in several places; what is said of them in one is
//! true in all. Behind semicolons: for departments `order=`, `leaders=`, `parent=` (a number, or
//! `none`, against the indentation), `leaders=?` where nothing is said of them; for people
//! `leader`, `main` and `order=` of this membership,
//! the statuses `active`, `disabled`, `pending`, `left`, then `in=` (a department, against the
//! indentation; `in=?` for a record that does not say in which, as in an answer by name),
//! `reports=` (direct leaders) and any other `attribute=value`. A person who stands above every
//! department has no membership.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a text that makes no sense is a mistake in a test"
)]

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    DepartmentId, MemberStatus, Membership, RawDepartment, RawMember, RawOrg, UserId, VisibleRange,
};

/// The reading of a whole company that answers everything and agrees with itself.
pub fn raw_org(text: &str) -> RawOrg {
    let mut page = Page::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        page.read(line);
    }
    let range = VisibleRange {
        departments: [DepartmentId::ROOT].into(),
        ..VisibleRange::default()
    };
    RawOrg {
        departments: page.departments,
        members: page.people.values().flat_map(Person::listings).collect(),
        range_before: Some(range.clone()),
        range_after: Some(range),
        ..RawOrg::default()
    }
}

#[derive(Default)]
struct Page {
    /// Indentation and id of the departments the current line stands below.
    above: Vec<(usize, DepartmentId)>,
    departments: Vec<RawDepartment>,
    people: BTreeMap<String, Person>,
}

impl Page {
    fn read(&mut self, line: &str) {
        let indentation = line.len() - line.trim_start().len();
        self.above.retain(|(column, _)| *column < indentation);
        let parent = self.above.last().map(|(_, id)| *id);
        match line.trim().strip_prefix("- ") {
            Some(person) => self.read_person(person, parent),
            None => {
                let department = department(line.trim(), parent);
                self.above.push((indentation, department.id));
                self.departments.push(department);
            }
        }
    }

    fn read_person(&mut self, line: &str, department: Option<DepartmentId>) {
        let (id, name, rest) = head(line);
        let rest: Vec<&str> = rest.collect();
        let named = rest.iter().find_map(|part| part.strip_prefix("in="));
        let department = match named {
            Some("?") => None,
            Some(id) => Some(DepartmentId(id.parse().expect("a number"))),
            None => department,
        };
        let person = self.people.entry(id.to_owned()).or_default();
        person.userid = id.to_owned();
        person.is_silent_on_departments |= named == Some("?");
        person.name = name.map(str::to_owned).or(person.name.take());
        let mut membership = department.map(|department| Membership {
            department,
            order: 0,
            leader: false,
        });
        for part in rest.into_iter().filter(|part| !part.starts_with("in=")) {
            person.hear(part, &mut membership);
        }
        person.memberships.extend(membership);
    }
}

fn department(line: &str, parent: Option<DepartmentId>) -> RawDepartment {
    let (id, name, rest) = head(line);
    let mut department = RawDepartment {
        id: DepartmentId(id.parse().expect("a department starts with its number")),
        name: name.unwrap_or(id).to_owned(),
        parent,
        order: 0,
        leaders: Some(Vec::new()),
    };
    for part in rest {
        match part.split_once('=') {
            Some(("order", order)) => department.order = order.parse().expect("a number"),
            Some(("leaders", "?")) => department.leaders = None,
            Some(("leaders", leaders)) => department.leaders = Some(userids(leaders)),
            Some(("parent", parent)) => department.parent = parent.parse().ok().map(DepartmentId),
            _ => panic!("a department has no `{part}`"),
        }
    }
    department
}

#[derive(Default)]
struct Person {
    userid: String,
    name: Option<String>,
    memberships: Vec<Membership>,
    is_silent_on_departments: bool,
    main: Option<DepartmentId>,
    status: Option<MemberStatus>,
    direct_leaders: Option<Vec<UserId>>,
    attributes: BTreeMap<String, String>,
}

impl Person {
    fn hear(&mut self, part: &str, membership: &mut Option<Membership>) {
        match (part, part.split_once('='), membership) {
            ("leader", _, Some(membership)) => membership.leader = true,
            ("main", _, Some(membership)) => self.main = Some(membership.department),
            (_, Some(("order", order)), Some(membership)) => {
                membership.order = order.parse().expect("a number");
            }
            ("active", ..) => self.status = Some(MemberStatus::Active),
            ("disabled", ..) => self.status = Some(MemberStatus::Disabled),
            ("pending", ..) => self.status = Some(MemberStatus::Pending),
            ("left", ..) => self.status = Some(MemberStatus::Left),
            (_, Some(("reports", leaders)), _) => self.direct_leaders = Some(userids(leaders)),
            (_, Some((attribute, value)), _) => {
                self.attributes
                    .insert(attribute.to_owned(), value.to_owned());
            }
            _ => panic!("a person has no `{part}`"),
        }
    }

    /// One listing per department, each with the whole record, as WeCom lists people.
    fn listings(&self) -> Vec<RawMember> {
        let places = self.memberships.iter().map(|m| Some(m.department));
        let mut places: Vec<Option<DepartmentId>> = places.collect();
        if places.is_empty() {
            places.push(None);
        }
        places
            .into_iter()
            .map(|place| self.listing(place))
            .collect()
    }

    fn listing(&self, listed_in: Option<DepartmentId>) -> RawMember {
        let mut memberships = self.memberships.clone();
        memberships.sort_unstable();
        RawMember {
            userid: UserId::new(self.userid.as_str()),
            name: self.name.clone(),
            memberships: (!self.is_silent_on_departments).then_some(memberships),
            listed_in,
            main_department: self.main,
            status: self.status,
            direct_leaders: self.direct_leaders.clone(),
            fields: self.fields().into(),
        }
    }

    fn fields(&self) -> String {
        let mut fields = Map::new();
        fields.insert("userid".to_owned(), Value::from(self.userid.as_str()));
        if let Some(name) = &self.name {
            fields.insert("name".to_owned(), Value::from(name.as_str()));
        }
        for (attribute, value) in &self.attributes {
            fields.insert(attribute.clone(), Value::from(value.as_str()));
        }
        Value::Object(fields).to_string()
    }
}

/// The first word, the words after it, and what stands behind semicolons.
fn head(line: &str) -> (&str, Option<&str>, impl Iterator<Item = &str>) {
    let mut parts = line.split(';').map(str::trim);
    let first = parts.next().unwrap_or_default();
    match first.split_once(' ') {
        Some((id, name)) => (id, Some(name.trim()), parts),
        None => (first, None, parts),
    }
}

fn userids(list: &str) -> Vec<UserId> {
    let ids = list.split(',').map(str::trim);
    ids.filter(|id| !id.is_empty()).map(UserId::new).collect()
}
