//! A mirror in memory and a source that runs over it, for tests: what the text says is read,
//! planned, judged and applied, with nothing between.
//!
//! The text is that of [`org_model::notation`], with these additions: an attribute `title=?code`
//! is one that the reading says nothing about, for the reason `code`; `or_title=x` is the default
//! of `title`; `untold=leads,orders` says that the record leaves these two open.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "whatever fails here is a mistake in a test"
)]

mod mirror;
mod said;
mod standing;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use org_model::{
    AttributeName, Intent, MappedUser, OrgSnapshot, RawMember, SealEvidence, Untold, UserKey,
};
use serde_json::{Map, Value};

pub use mirror::Mirror;
pub use said::{Other, Said, lost};
pub use standing::RemovingRun;
pub use world::{Reading, World};

/// The sealed snapshot of a text.
pub fn snapshot(text: &str) -> OrgSnapshot {
    OrgSnapshot::judge(org_model::notation::raw_org(text), &SealEvidence::default())
}

/// What every text maps, whether or not anybody has it.
const ALWAYS_MAPPED: [&str; 3] = ["mail", "mobile", "title"];

/// Everybody of a snapshot with every field as an attribute of the same name. The mapping names
/// the fields that anybody has, and always [`ALWAYS_MAPPED`].
pub fn mapped(snapshot: &OrgSnapshot) -> BTreeMap<UserKey, MappedUser> {
    let people = snapshot.members().iter();
    let mut people: BTreeMap<UserKey, MappedUser> = people
        .map(|(key, member)| (key.clone(), mapped_user(member)))
        .collect();
    let named = |user: &MappedUser| user.attributes.keys().cloned().collect::<Vec<_>>();
    let always = ALWAYS_MAPPED.map(str::to_owned);
    let named: BTreeSet<AttributeName> = people.values().flat_map(named).chain(always).collect();
    for user in people.values_mut() {
        for attribute in &named {
            let absent = || Intent::Keep("absent".to_owned());
            user.attributes
                .entry(attribute.clone())
                .or_insert_with(absent);
        }
    }
    people
}

fn mapped_user(member: &RawMember) -> MappedUser {
    let mut fields: Map<String, Value> = serde_json::from_str(&member.fields).expect("an object");
    let untold = fields.remove("untold").unwrap_or_default();
    let is_untold = |what| untold.as_str().is_some_and(|untold| untold.contains(what));
    let (defaults, fields): (Map<_, _>, Map<_, _>) = fields
        .into_iter()
        .filter(|(name, _)| name != "userid" && name != "name")
        .partition(|(name, _)| name.starts_with("or_"));
    let attributes: BTreeMap<AttributeName, Intent<Value>> = fields
        .into_iter()
        .map(|(name, value)| (name, intent(value)))
        .collect();
    let is_set = |name: &str| attributes.get(name).is_some_and(|i| i.as_set().is_some());
    let defaults: BTreeMap<AttributeName, Value> = defaults
        .into_iter()
        .map(|(name, value)| (name["or_".len()..].to_owned(), value))
        .filter(|(name, _)| !is_set(name))
        .collect();
    MappedUser {
        userid: member.userid.clone(),
        name: member.name.clone(),
        memberships: member.memberships.clone(),
        untold: Untold {
            leads: is_untold("leads"),
            orders: is_untold("orders"),
        },
        main_department: member.main_department,
        direct_leaders: member.direct_leaders.clone(),
        status: member.status,
        attributes,
        defaults,
    }
}

fn intent(value: Value) -> Intent<Value> {
    match value.as_str() {
        Some("") => Intent::Clear,
        Some(text) if text.starts_with('?') => Intent::Keep(text[1..].to_owned()),
        _ => Intent::Set(value),
    }
}
