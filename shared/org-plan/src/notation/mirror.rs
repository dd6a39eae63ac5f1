//! One source's part of the directory, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use org_model::{DepartmentId, Generation, ItemKey, ItemKind, ItemState, Mark};

use crate::{Change, Item, KeptItem, Reclaimed};

/// Every item by its key, and those that moved aside for somebody new.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirror {
    pub items: BTreeMap<ItemKey, Item>,
    pub aside: Vec<Item>,
}

impl Mirror {
    pub fn marks(&self) -> BTreeMap<ItemKey, Mark> {
        let items = self.items.iter();
        items
            .map(|(key, item)| (key.clone(), mark(key, item)))
            .collect()
    }

    /// The before-images of these keys.
    pub fn images<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a ItemKey>,
    ) -> BTreeMap<ItemKey, Item> {
        let found = keys.into_iter().filter_map(|key| {
            let item = self.items.get(key)?;
            Some((key.clone(), item.clone()))
        });
        found.collect()
    }

    /// Writes one change as a store would: only over what was read. A change that stands there
    /// already is a write that came twice. Panics if somebody else wrote in between.
    pub fn apply(&mut self, change: &Change) {
        let key = change.key();
        let held = self.items.get(&key);
        if held == Some(&change.after) {
            return;
        }
        let (held, before) = (
            held.map(Item::stamp),
            change.before.as_ref().map(Item::stamp),
        );
        assert_eq!(held, before, "{key} is not as it was read");
        let displaced = self.items.insert(key, change.after.clone());
        if change.displaces {
            self.aside.extend(displaced);
        }
        if let Some(other) = &change.reclaims {
            self.forget(other);
        }
    }

    /// The other record of a person goes in the same write, as it was read.
    fn forget(&mut self, other: &Reclaimed) {
        let gone = if other.aside {
            let mut aside = self.aside.iter();
            let at = aside.position(|item| item.internal_id() == other.item.internal_id());
            at.map(|at| self.aside.remove(at))
        } else {
            self.items.remove(&other.item.key())
        };
        assert_eq!(gone.as_ref(), Some(&other.item), "not as it was read");
    }

    /// Writes the mark of a kept item, if there is one.
    pub fn mark(&mut self, kept: &KeptItem, generation: Generation) {
        if let Some(marked) = kept.marked(generation) {
            self.items.insert(marked.key(), marked);
        }
    }

    pub fn live(&self, kind: ItemKind) -> impl Iterator<Item = &Item> {
        let items = self.items.values();
        items.filter(move |item| item.state() == ItemState::Live && item.kind() == kind)
    }

    /// What is wrong with the live part: a parent or a department that is not there, a cycle.
    /// None of it may be true after any change of any plan.
    pub fn flaws(&self) -> Vec<String> {
        let parents: BTreeMap<DepartmentId, Option<DepartmentId>> = self
            .live(ItemKind::Department)
            .filter_map(|item| match item {
                Item::Department(department) => Some((department.id, department.parent)),
                Item::User(_) => None,
            })
            .collect();
        let mut flaws = Vec::new();
        for item in self
            .items
            .values()
            .filter(|item| item.state() == ItemState::Live)
        {
            let homes = item.departments().into_iter();
            let lost = homes.filter(|id| !parents.contains_key(id));
            flaws.extend(lost.map(|id| format!("{} stands in {id}, which is gone", item.key())));
        }
        for id in parents.keys() {
            if !reaches_top(*id, &parents) {
                flaws.push(format!("department {id} stands in a cycle"));
            }
        }
        flaws
    }
}

fn reaches_top(
    start: DepartmentId,
    parents: &BTreeMap<DepartmentId, Option<DepartmentId>>,
) -> bool {
    let mut passed = BTreeSet::new();
    let mut next = Some(start);
    while let Some(id) = next {
        if !passed.insert(id) {
            return false;
        }
        next = parents.get(&id).copied().flatten();
    }
    true
}

fn mark(key: &ItemKey, item: &Item) -> Mark {
    Mark {
        key: key.clone(),
        internal_id: item.internal_id().clone(),
        state: item.state(),
        stamp: item.stamp(),
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for item in self.items.values() {
            let state = match item {
                Item::User(user) => user.status.as_str(),
                Item::Department(department) if department.deleted_at.is_some() => "deleted",
                Item::Department(_) => "live",
            };
            let homes: Vec<u32> = item.departments().iter().map(|id| id.0).collect();
            write!(
                f,
                "{} {} {:?} {state} in {homes:?}",
                item.kind(),
                item.id(),
                item.name()
            )?;
            match item {
                Item::User(user) if !user.attributes.is_empty() => {
                    writeln!(f, " {}", serde_json::json!(user.attributes))?;
                }
                _ => writeln!(f)?,
            }
        }
        Ok(())
    }
}
