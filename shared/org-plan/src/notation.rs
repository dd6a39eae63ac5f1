//! A mirror in memory and a source that runs over it, for tests: what the text says is read,
//! planned, judged and applied, with nothing between.
//!
//! The text is that of [`org_model::notation`], with one addition: an attribute `title=?code`
//! is one that the reading says nothing about, for the reason `code`; `untold=leads,orders` says
//! that the record leaves these two open.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "whatever fails here is a mistake in a test"
)]

mod mirror;
mod world;

use std::collections::BTreeMap;

use org_model::{Intent, MappedUser, OrgSnapshot, RawMember, SealEvidence, Untold, UserKey};
use serde_json::{Map, Value};

pub use mirror::Mirror;
pub use world::{Reading, World};

/// The sealed snapshot of a text.
pub fn snapshot(text: &str) -> OrgSnapshot {
    OrgSnapshot::judge(org_model::notation::raw_org(text), &SealEvidence::default())
}

/// Everybody of a snapshot with every field as an attribute of the same name.
pub fn mapped(snapshot: &OrgSnapshot) -> BTreeMap<UserKey, MappedUser> {
    let people = snapshot.members().iter();
    people
        .map(|(key, member)| (key.clone(), mapped_user(member)))
        .collect()
}

fn mapped_user(member: &RawMember) -> MappedUser {
    let mut fields: Map<String, Value> = serde_json::from_str(&member.fields).expect("an object");
    let untold = fields.remove("untold").unwrap_or_default();
    let is_untold = |what| untold.as_str().is_some_and(|untold| untold.contains(what));
    let attributes = fields
        .into_iter()
        .filter(|(name, _)| name != "userid" && name != "name")
        .map(|(name, value)| (name, intent(value)));
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
        attributes: attributes.collect(),
    }
}

fn intent(value: Value) -> Intent<Value> {
    match value.as_str() {
        Some("") => Intent::Clear,
        Some(text) if text.starts_with('?') => Intent::Keep(text[1..].to_owned()),
        _ => Intent::Set(value),
    }
}
