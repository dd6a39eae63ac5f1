//! People for the tests of this crate.

use std::collections::BTreeMap;

use org_model::{DepartmentId, Intent, MappedUser, MemberStatus, Membership, RawMember, UserId};
use serde_json::Value;

use crate::{Mapping, MappingRule};

/// A person with this record.
pub(crate) fn member(fields: &Value) -> RawMember {
    RawMember {
        userid: UserId::new("Zhang.1"),
        name: Some("张三".to_owned()),
        memberships: Some(vec![Membership {
            department: DepartmentId(2),
            order: 4_000_000_000,
            leader: false,
        }]),
        listed_in: None,
        main_department: Some(DepartmentId(2)),
        status: Some(MemberStatus::Active),
        direct_leaders: None,
        fields: fields.to_string().into(),
    }
}

/// Rules from a table of lines such as `title: position` or `title: position ?? "Staff"`.
pub(crate) fn rules(table: &str) -> BTreeMap<String, MappingRule> {
    let rule = |line: &str| {
        let (attribute, expression) = line.trim().split_once(": ").unwrap();
        let (value, default) = match expression.split_once(" ?? ") {
            Some((value, default)) => (value, Some(serde_json::from_str(default).unwrap())),
            None => (expression, None),
        };
        let value = value.to_owned();
        (attribute.to_owned(), MappingRule { value, default })
    };
    table
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(rule)
        .collect()
}

pub(crate) fn mapping(table: &str) -> Mapping {
    Mapping::compile(&rules(table)).unwrap()
}

/// Maps a person who is the whole reading; one line per attribute.
pub(crate) fn mapped_alone(table: &str, fields: &Value) -> String {
    let member = member(fields);
    let filled = Mapping::filled_fields([&member]);
    lines(&mapping(table).map(&member, &filled))
}

pub(crate) fn lines(user: &MappedUser) -> String {
    let line = |(attribute, intent): (&String, &Intent<Value>)| match intent {
        Intent::Set(value) => format!("{attribute} = {value}\n"),
        Intent::Clear => format!("{attribute} is cleared\n"),
        Intent::Keep(cause) => format!("{attribute} stays: {cause}\n"),
    };
    user.attributes.iter().map(line).collect()
}
