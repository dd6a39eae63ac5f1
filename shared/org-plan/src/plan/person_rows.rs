//! What changed of a person, attribute by attribute.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{AttributeName, DirectoryUser};
use serde_json::Value;

use super::settle::Rows;
use crate::AttributeChange;

/// The rows of a person; `before` is `None` for a person who is new.
pub(crate) fn rows(before: Option<&DirectoryUser>, after: &DirectoryUser) -> Vec<AttributeChange> {
    let mut rows = Rows::default();
    // Differs only where two records of one person are joined; a new person's is no news.
    let internal_id = before.map_or(&after.internal_id, |b| &b.internal_id);
    rows.compare("internal_id", Some(internal_id), Some(&after.internal_id));
    rows.compare("userid", before.map(|b| &b.userid), Some(&after.userid));
    rows.compare("name", before.map(|b| &b.name), Some(&after.name));
    rows.compare(
        "departments",
        before.map(departments).as_ref(),
        Some(&departments(after)),
    );
    rows.compare("leads", before.map(leads).as_ref(), Some(&leads(after)));
    if let Some(before) = before {
        let (old, new) = common_orders(before, after);
        rows.compare("order_in_departments", Some(&old), Some(&new));
    }
    rows.compare(
        "main_department",
        before.map(|b| &b.main_department),
        Some(&after.main_department),
    );
    rows.compare(
        "direct_leaders",
        before.map(|b| &b.direct_leaders),
        Some(&after.direct_leaders),
    );
    rows.compare("status", before.map(|b| &b.status), Some(&after.status));
    let was_detached = before.map(|b| b.detached).filter(|detached| *detached);
    rows.compare(
        "detached",
        was_detached.as_ref(),
        after.detached.then_some(&true),
    );
    compare_attributes(&mut rows, before.map(|b| &b.attributes), &after.attributes);
    rows.done()
}

fn compare_attributes(
    rows: &mut Rows,
    before: Option<&BTreeMap<AttributeName, Value>>,
    after: &BTreeMap<AttributeName, Value>,
) {
    let none = BTreeMap::new();
    let before = before.unwrap_or(&none);
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for name in names {
        rows.compare(name, before.get(name), after.get(name));
    }
}

fn departments(user: &DirectoryUser) -> Vec<u32> {
    user.memberships.iter().map(|m| m.department.0).collect()
}

fn leads(user: &DirectoryUser) -> Vec<u32> {
    let led = user.memberships.iter().filter(|m| m.leader);
    led.map(|m| m.department.0).collect()
}

/// A person's place within the departments they stand in before and after.
fn common_orders(
    before: &DirectoryUser,
    after: &DirectoryUser,
) -> (BTreeMap<u32, u32>, BTreeMap<u32, u32>) {
    let orders = |user: &DirectoryUser| -> BTreeMap<u32, u32> {
        let pairs = user.memberships.iter().map(|m| (m.department.0, m.order));
        pairs.collect()
    };
    let (mut old, mut new) = (orders(before), orders(after));
    old.retain(|department, _| new.contains_key(department));
    new.retain(|department, _| old.contains_key(department));
    (old, new)
}
