//! The departments that a held list concerns most: what tells a person whether it can be true.

use std::collections::BTreeMap;

use org_model::{DepartmentId, ItemKey, ItemKind, SourceId};
use org_plan::HeldItem;
use serde_json::{Value, json};

use super::page::{Page, departments, one_line, people};
use crate::ports::Mirror;

/// How many departments a notice names.
const PLACES_SHOWN_MAX: usize = 10;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    id: DepartmentId,
    name: Option<String>,
    /// How many people of the list stand in it.
    users: u64,
    /// The department itself is on the list.
    is_listed: bool,
}

/// The largest first, and how many are not named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    largest: Vec<Place>,
    more: usize,
}

impl Places {
    /// `known` tells a department's name, where the caller has it at hand.
    pub fn of<'i>(
        items: impl IntoIterator<Item = &'i HeldItem>,
        known: impl Fn(DepartmentId) -> Option<String>,
    ) -> Self {
        let mut places: BTreeMap<DepartmentId, Place> = BTreeMap::new();
        for item in items {
            match (item.kind, item.key()) {
                (ItemKind::User, _) => {
                    for id in &item.departments {
                        place(&mut places, *id).users += 1;
                    }
                }
                (ItemKind::Department, Some(ItemKey::Department(id))) => {
                    let place = place(&mut places, id);
                    place.is_listed = true;
                    place.name = Some(item.name.clone());
                }
                (ItemKind::Department, _) => {}
            }
        }
        let mut largest: Vec<Place> = places.into_values().collect();
        largest.sort_by_key(|place| (std::cmp::Reverse(place.users), place.id));
        let more = largest.len().saturating_sub(PLACES_SHOWN_MAX);
        largest.truncate(PLACES_SHOWN_MAX);
        for place in &mut largest {
            place.name = place.name.take().or_else(|| known(place.id));
        }
        Self { largest, more }
    }

    /// Looks up the names that are missing. A name that cannot be read keeps no notice from being
    /// written: the id stands for itself.
    pub async fn named(mut self, mirror: &dyn Mirror, source: &SourceId) -> Self {
        let unnamed = self.largest.iter().filter(|place| place.name.is_none());
        let keys: Vec<ItemKey> = unnamed.map(|place| ItemKey::Department(place.id)).collect();
        if keys.is_empty() {
            return self;
        }
        match mirror.before_images(source, &keys).await {
            Ok(images) => {
                for place in &mut self.largest {
                    let image = images.get(&ItemKey::Department(place.id));
                    let found = image.map(|item| item.name().to_owned());
                    place.name = place.name.take().or(found);
                }
            }
            Err(error) => tracing::warn!(%source, %error, "a notice names departments by id only"),
        }
        self
    }

    pub(super) fn say(&self, page: &mut Page) {
        if self.largest.is_empty() {
            return;
        }
        page.part(
            "Largest departments concerned (whoever stands in several counts in each):",
            "涉及最多的部门（一人在多个部门时分别计入）：",
        );
        for place in &self.largest {
            let name = place.name.as_deref().map(one_line).unwrap_or_default();
            let title = format!("{} {name}", place.id);
            let (title, users) = (title.trim(), place.users);
            let (also, also_chinese) = match place.is_listed {
                true => (", and the department itself", "，部门本身也在名单中"),
                false => ("", ""),
            };
            page.say(
                format!("- {title}: {}{also}", people(users)),
                format!("- {title}：{users} 人{also_chinese}"),
            );
        }
        if self.more > 0 {
            let more = self.more;
            page.say(
                format!("- and {} besides", departments(more as u64)),
                format!("- 另有 {more} 个部门"),
            );
        }
    }

    pub(super) fn detail(&self) -> Value {
        let place = |place: &Place| {
            json!({
                "id": place.id, "name": place.name, "users": place.users,
                "listed": place.is_listed,
            })
        };
        self.largest.iter().map(place).collect()
    }

    pub(super) fn more(&self) -> usize {
        self.more
    }
}

fn place(places: &mut BTreeMap<DepartmentId, Place>, id: DepartmentId) -> &mut Place {
    places.entry(id).or_insert(Place {
        id,
        name: None,
        users: 0,
        is_listed: false,
    })
}
