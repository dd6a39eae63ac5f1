//! The lists of a source: agents, departments in and out of scope, contacts.

use std::collections::BTreeSet;

use org_model::DepartmentId;

use crate::contact::{endpoint_problem, is_email, is_telephone};
use crate::problem::Problems;
use crate::section::Section;
use crate::{AgentId, Contact, Scope};

const AGENTS_MAX: usize = 8;
const CONTACTS_MAX: usize = 20;
const CONTACT_FIELDS: [&str; 3] = ["email", "sms", "arn"];
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

/// Each item is an object with exactly one of the three fields.
pub(super) fn read_contacts(body: &Section<'_>, problems: &mut Problems) -> Vec<Contact> {
    let mut contacts: Vec<Contact> = Vec::new();
    for (pointer, item) in body.items("contacts", CONTACTS_MAX, problems) {
        let before = problems.count();
        let section = Section::item(item, &pointer, &CONTACT_FIELDS, problems);
        let contact = read_contact(&section, problems);
        let is_known = |contact: &Contact| contacts.iter().any(|known| known.is_same(contact));
        if contact.as_ref().is_some_and(is_known) {
            problems.add(&pointer, "this contact stands here twice", "remove one");
        }
        if problems.count() == before {
            contacts.extend(contact);
        }
    }
    contacts
}

fn read_contact(section: &Section<'_>, problems: &mut Problems) -> Option<Contact> {
    let given = CONTACT_FIELDS
        .into_iter()
        .filter(|name| section.value(name).is_some());
    let &[kind] = given.collect::<Vec<_>>().as_slice() else {
        problems.add(
            &section.pointer,
            "a contact is exactly one of email, sms and arn",
            "write one of them; several contacts are several items",
        );
        return None;
    };
    let address = section.text(kind, problems)?;
    let (is_good, message, remedy) = match kind {
        "email" => (
            is_email(address),
            "this is not a mail address",
            "write it like it@example.com",
        ),
        "sms" => (
            is_telephone(address),
            "this is not a telephone number in E.164 form",
            "write + and 8 to 15 digits, country code first, such as +8613800000000",
        ),
        _ => {
            let wrong = endpoint_problem(address);
            let (message, remedy) = wrong.unwrap_or_default();
            (wrong.is_none(), message, remedy)
        }
    };
    if !is_good {
        problems.add(&section.at(kind), message, remedy);
        return None;
    }
    let address = address.to_owned();
    Some(match kind {
        "email" => Contact::Email(address),
        "sms" => Contact::Sms(address),
        _ => Contact::Arn(address),
    })
}
