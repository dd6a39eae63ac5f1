//! The directory hangs together: every place has a home, every record its own internal id.

use std::collections::BTreeSet;

use org_model::{ItemKey, ItemState};

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
    for item in shelf.items.values() {
        if item.state() != ItemState::Live {
            continue;
        }
        for id in item.departments() {
            let home = shelf.items.get(&ItemKey::Department(id));
            let is_live = home.is_some_and(|home| home.state() == ItemState::Live);
            assert!(is_live, "{} stands in {id}", item.key());
        }
    }
}
