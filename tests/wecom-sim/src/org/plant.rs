//! The department tree that a seed gives.

use std::collections::{BTreeMap, BTreeSet};

use super::generate::{Generator, Topic, low32};
use super::names::{BRANCHES, UNITS, UNITS_IN_ENGLISH};
use super::{Department, ROOT};

/// This many departments at the end of the list form one deep chain, where there are enough.
const CHAIN: u32 = 6;

impl Generator {
    /// All departments without their people, parents before children.
    pub(crate) fn tree(&self) -> BTreeMap<u32, Department> {
        let mut children = BTreeMap::<u32, usize>::new();
        let mut tree = BTreeMap::new();
        tree.insert(
            ROOT,
            department(ROOT, "示例集团".to_owned(), None, 0, 100_000_000),
        );
        for id in ROOT + 1..=self.departments {
            let parent = self.parent_of(id);
            let sibling = children.entry(parent).or_default();
            let (name, name_en) = department_names(parent, *sibling);
            let order = 100_000_000_u32.saturating_sub(1000 * low32(*sibling as u64));
            let order = if id % 50 == 7 { u32::MAX - id } else { order };
            *sibling += 1;
            tree.insert(id, department(id, name, name_en, parent, order));
        }
        tree
    }

    fn parent_of(&self, id: u32) -> u32 {
        let in_chain = self.departments >= 60 && id > self.departments - CHAIN;
        if in_chain {
            return id - 1;
        }
        // Six children each, some pulled up to an earlier parent: depth grows as log6.
        let parent = (id - 2) / 6;
        let pulled = low32(self.draw(id, Topic::Tree) % u64::from(id / 12 + 1));
        ROOT + parent.saturating_sub(pulled)
    }
}

fn department(
    id: u32,
    name: String,
    name_en: Option<String>,
    parent: u32,
    order: u32,
) -> Department {
    let (people, leaders) = (BTreeSet::new(), BTreeSet::new());
    Department {
        id,
        name,
        name_en,
        parent,
        order,
        people,
        leaders,
    }
}

/// Unique among siblings, not beyond.
fn department_names(parent: u32, sibling: usize) -> (String, Option<String>) {
    let names = if parent == ROOT { BRANCHES } else { UNITS };
    let name = names[sibling % names.len()];
    let name = match sibling / names.len() {
        0 => name.to_owned(),
        round => format!("{name}{}", round + 1),
    };
    let english = UNITS_IN_ENGLISH
        .get(sibling)
        .filter(|_| parent != ROOT && parent.is_multiple_of(2));
    (name, english.map(|name| (*name).to_owned()))
}
