//! The lists of a source: agents, departments in and out of scope, contacts.

use std::collections::BTreeSet;

use org_model::DepartmentId;

use crate::problem::Problems;
use crate::section::Section;
use crate::{AgentId, Contact, Scope};

const AGENTS_MAX: usize = 8;
const CONTACTS_MAX: usize = 20;
const SCOPE_MAX: usize = 1_000;
/// WECOM.md §6: department ids are int32.
const DEPARTMENT_ID_MAX: u32 = i32::MAX.cast_unsigned();

pub(super) fn read_agents(body: &Section<'_>, problems: &mut Problems) -> Vec<AgentId> {
    let mut agents = Vec::new();
    for (pointer, item) in body.items("agents", AGENTS_MAX, problems) {
        match item.as_str().map(AgentId::parse) {
            Some(Ok(agent)) if agents.contains(&agent) => {
                problems.add(&pointer, "this agent stands here twice", "remove one");
            }
            Some(Ok(agent)) => agents.push(agent),
            Some(Err(_)) | None => {
                let remedy = "write the name of an agent, such as dc-1";
                problems.add(&pointer, "this is not the name of an agent", remedy);
            }
        }
    }
    agents
}

pub(super) fn read_scope(body: &Section<'_>, problems: &mut Problems) -> Scope {
    let known = ["include_departments", "exclude_departments"];
    let section = body.inner("scope", &known, problems);
    let scope = Scope {
        include_departments: read_departments(&section, known[0], problems),
        exclude_departments: read_departments(&section, known[1], problems),
    };
    let place = section.at(known[1]);
    if !scope
        .include_departments
        .is_disjoint(&scope.exclude_departments)
    {
        let message = "a department is both included and excluded";
        problems.add(&place, message, "remove it from one of the lists");
    }
    if scope.exclude_departments.contains(&DepartmentId::ROOT) {
        let message = "without department 1, the company itself, nothing would be read";
        problems.add(&place, message, "exclude the departments below it");
    }
    scope
}

fn read_departments(
    section: &Section<'_>,
    name: &str,
    problems: &mut Problems,
) -> BTreeSet<DepartmentId> {
    let mut departments = BTreeSet::new();
    for (pointer, item) in section.items(name, SCOPE_MAX, problems) {
        let id = item.as_u64().and_then(|id| u32::try_from(id).ok());
        match id.filter(|id| (1..=DEPARTMENT_ID_MAX).contains(id)) {
            Some(id) => {
                departments.insert(DepartmentId(id));
            }
            None => {
                let remedy = "write the number WeCom gave the department, without quotes";
                problems.add(&pointer, "this is not the id of a department", remedy);
            }
        }
    }
    departments
}

pub(super) fn read_contacts(body: &Section<'_>, problems: &mut Problems) -> Vec<Contact> {
    let mut contacts: Vec<Contact> = Vec::new();
    for (pointer, item) in body.items("contacts", CONTACTS_MAX, problems) {
        let before = problems.count();
        let section = Section::item(item, &pointer, &["email"], problems);
        section.requires("email", "write the address to notify", problems);
        let email = section.text("email", problems);
        if email.is_some_and(|email| !is_email(email)) {
            let remedy = "write it like it@example.com";
            problems.add(&section.at("email"), "this is not a mail address", remedy);
        }
        let known = |email: &str| {
            let mut addresses = contacts.iter().map(Contact::address);
            addresses.any(|address| address.eq_ignore_ascii_case(email))
        };
        if email.is_some_and(known) {
            problems.add(&pointer, "this contact stands here twice", "remove one");
        }
        if problems.count() == before {
            contacts.extend(email.map(|email| Contact::Email(email.to_owned())));
        }
    }
    contacts
}

/// The plain form that SNS takes: RFC 5321 without quoted and internationalised parts.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let in_local =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let good_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(in_label);
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && local.bytes().all(in_local)
        && domain.contains('.')
        && domain.split('.').all(good_label)
}
