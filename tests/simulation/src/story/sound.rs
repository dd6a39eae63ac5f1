//! The directory hangs together: every place has a home, every record its own internal id.

use std::collections::BTreeSet;

use org_model::{DepartmentId, ItemKey, ItemState};
use org_plan::Item;

use crate::Shelf;

pub fn judge(shelf: &Shelf) {
    let mut ids = BTreeSet::new();
    for item in shelf.items.values().chain(&shelf.displaced) {
        assert!(
            ids.insert(item.internal_id()),
            "two of {}",
            item.internal_id()
        );
    }
    let parent = |id: &DepartmentId| match shelf.items.get(&ItemKey::Department(*id))? {
        Item::Department(one) => one.parent,
        Item::User(_) => None,
    };
    let late = brought_late(shelf);
    let most = shelf.items.len();
    for item in shelf.items.values() {
        let above = item.departments().into_iter().next();
        let way_up = std::iter::successors(above, parent).take(most + 1);
        assert!(way_up.count() <= most, "{} stands in a circle", item.key());
        if item.state() != ItemState::Live || late.contains(&item.key()) {
            continue;
        }
        for id in item.departments() {
            let home = shelf.items.get(&ItemKey::Department(id));
            let is_live = home.is_some_and(|home| home.state() == ItemState::Live);
            assert!(is_live, "{} stands in {id}", item.key());
        }
    }
}

/// Whom a request that was on its way while the source was cleared added: nobody has written them
/// since, and the next run mends it (ARCHITECTURE.md).
fn brought_late(shelf: &Shelf) -> BTreeSet<ItemKey> {
    let mut late = BTreeSet::new();
    for write in &shelf.ledger.writes {
        let key = write.item().key();
        match write.is_late_and_homeless() {
            true => late.insert(key),
            false => late.remove(&key),
        };
    }
    late
}
