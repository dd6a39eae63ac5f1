//! Where an item of the directory is: spread over buckets, so that no import meets a hot partition.

use org_model::{DepartmentId, Fingerprint, InternalId, ItemKey, ItemKind, SourceId, UserKey};

use crate::wire::keys::Key;

/// A partition takes 1,000 writes a second: 64 of them take more than a run sends.
pub(crate) const USER_BUCKETS: u8 = 64;

/// Departments are at most 30,000 (WECOM.md §6).
pub(crate) const DEPARTMENT_BUCKETS: u8 = 16;

/// Stands in no userid (WECOM.md §6), so that a displaced record meets no living key.
const ASIDE: char = '~';

pub(crate) fn buckets(kind: ItemKind) -> u8 {
    match kind {
        ItemKind::User => USER_BUCKETS,
        ItemKind::Department => DEPARTMENT_BUCKETS,
    }
}

pub(crate) fn partition(source: &SourceId, kind: ItemKind, bucket: u8) -> String {
    match kind {
        ItemKind::User => format!("{source}#u#{bucket:02x}"),
        ItemKind::Department => format!("{source}#d#{bucket:02x}"),
    }
}

/// Every partition of a source's mirror.
pub(crate) fn partitions(source: &SourceId) -> Vec<(ItemKind, String)> {
    let of = |kind: ItemKind| {
        (0..buckets(kind)).map(move |bucket| (kind, partition(source, kind, bucket)))
    };
    of(ItemKind::Department).chain(of(ItemKind::User)).collect()
}

pub(crate) fn place(source: &SourceId, key: &ItemKey) -> Key {
    match key {
        ItemKey::User(user) => Key {
            pk: partition(source, ItemKind::User, user_bucket(user)),
            sk: user.as_str().to_owned(),
        },
        ItemKey::Department(id) => Key {
            pk: partition(source, ItemKind::Department, department_bucket(*id)),
            // Ten digits hold every u32, so that keys sort as ids do.
            sk: format!("{:010}", id.0),
        },
    }
}

/// Where the record of somebody goes whose userid now belongs to another person.
pub(crate) fn place_aside(source: &SourceId, key: &ItemKey, internal_id: &InternalId) -> Key {
    let mut place = place(source, key);
    place.sk = format!("{}{ASIDE}{internal_id}", place.sk);
    place
}

/// Begins the sort keys of everybody who was moved aside under this userid, and of nobody else.
pub(crate) fn aside_prefix(user: &UserKey) -> String {
    format!("{}{ASIDE}", user.as_str())
}

/// The item key that a sort key stands for; `None` for a displaced record or no key of ours.
pub(crate) fn item_key(kind: ItemKind, sk: &str) -> Option<ItemKey> {
    match kind {
        ItemKind::User if sk.contains(ASIDE) => None,
        ItemKind::User => Some(ItemKey::User(UserKey::new(sk))),
        ItemKind::Department => sk
            .parse()
            .ok()
            .map(|id| ItemKey::Department(DepartmentId(id))),
    }
}

/// The same for ever: it says where a stored item is.
fn user_bucket(user: &UserKey) -> u8 {
    let hash = Fingerprint::of(user.as_str()).to_string();
    // A fingerprint starts with two hexadecimal digits.
    u8::from_str_radix(&hash[..2], 16).unwrap_or(0) % USER_BUCKETS
}

fn department_bucket(id: DepartmentId) -> u8 {
    // The remainder is below 16.
    (id.0 % u32::from(DEPARTMENT_BUCKETS)) as u8
}
