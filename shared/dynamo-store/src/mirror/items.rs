//! One person or department as a DynamoDB item: readable attributes, and beside them what the
//! store needs (`mk`, `fp`, `gen`, `st`, `iid`, `at`).

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use org_model::{Fingerprint, Generation, InternalId, ItemKind, ItemState, Mark, WriteStamp};
use org_plan::Item;
use sync_run::ports::StoreError;

use super::keys::item_key;
use crate::wire::Attributes;
use crate::wire::attributes::{from_word, n, number, optional_text, s, text, word};
use crate::wire::errors::unreadable;
use crate::wire::keys::Key;

/// DynamoDB's limit is 400 KB, the entry in the local index included: that has at most a key of
/// 1,024 bytes twice and 200 bytes of marks.
pub(crate) const ITEM_MAX_BYTES: usize = 400 * 1024 - 3 * 1024;

/// Marks a record that was moved aside.
pub(crate) const ASIDE: &str = "aside";

/// The item under `key`, written at `now`.
pub(crate) fn attributes_of(
    key: &Key,
    item: &Item,
    now: Timestamp,
) -> Result<Attributes, StoreError> {
    let encoded = match item {
        Item::User(user) => serde_dynamo::aws_sdk_dynamodb_1::to_item(user),
        Item::Department(department) => serde_dynamo::aws_sdk_dynamodb_1::to_item(department),
    };
    let mut attributes: Attributes =
        encoded.map_err(|_| unreadable("write an item", "a value that DynamoDB does not have"))?;
    // Both stand beside the others under the short names that the index carries.
    attributes.remove("stamp");
    attributes.remove("internal_id");
    attributes.extend(key.attributes());
    attributes.insert("mk".to_owned(), s(&key.sk));
    attributes.insert("fp".to_owned(), s(item.stamp().fingerprint.to_string()));
    attributes.insert("gen".to_owned(), n(item.stamp().generation));
    attributes.insert("st".to_owned(), s(word(&item.state())));
    attributes.insert("iid".to_owned(), s(item.internal_id().as_str()));
    attributes.insert("at".to_owned(), n(now.as_millisecond()));
    Ok(attributes)
}

pub(crate) fn item_of(attributes: Attributes, act: &'static str) -> Result<Item, StoreError> {
    let mut attributes = attributes;
    let kind = kind_of(&attributes, act)?;
    let stamp = [
        ("fingerprint".to_owned(), s(text(&attributes, "fp", act)?)),
        (
            "generation".to_owned(),
            n(number::<u64>(&attributes, "gen", act)?),
        ),
    ];
    let internal_id = s(text(&attributes, "iid", act)?);
    attributes.insert("stamp".to_owned(), AttributeValue::M(stamp.into()));
    attributes.insert("internal_id".to_owned(), internal_id);
    let decoded = match kind {
        ItemKind::User => serde_dynamo::aws_sdk_dynamodb_1::from_item(attributes).map(Item::User),
        ItemKind::Department => {
            serde_dynamo::aws_sdk_dynamodb_1::from_item(attributes).map(Item::Department)
        }
    };
    decoded.map_err(|_| unreadable(act, "an item lacks an attribute or has one of another type"))
}

/// Partitions are `{source}#u#…` and `{source}#d#…`.
fn kind_of(attributes: &Attributes, act: &'static str) -> Result<ItemKind, StoreError> {
    match text(attributes, "pk", act)?.split('#').nth(1) {
        Some("u") => Ok(ItemKind::User),
        Some("d") => Ok(ItemKind::Department),
        _ => Err(unreadable(act, "an item stands in no partition of ours")),
    }
}

/// The mark of an index entry; `None` for a displaced record.
pub(crate) fn mark_of(
    kind: ItemKind,
    entry: &Attributes,
    act: &'static str,
) -> Result<Option<Mark>, StoreError> {
    let Some(key) = item_key(kind, text(entry, "mk", act)?) else {
        return Ok(None);
    };
    Ok(Some(Mark {
        key,
        internal_id: InternalId::new(text(entry, "iid", act)?),
        state: from_word::<ItemState>(entry, "st", act)?,
        stamp: stamp_of(entry, act)?,
    }))
}

pub(crate) fn stamp_of(
    attributes: &Attributes,
    act: &'static str,
) -> Result<WriteStamp, StoreError> {
    let fingerprint: Fingerprint = text(attributes, "fp", act)?
        .parse()
        .map_err(|_| unreadable(act, "fp is no fingerprint"))?;
    Ok(WriteStamp {
        fingerprint,
        generation: Generation(number(attributes, "gen", act)?),
    })
}

/// What stands there is what we wanted to write: our own write, sent before.
pub(crate) fn is_written(wanted: &Attributes, found: Option<&Attributes>) -> bool {
    found.is_some_and(|found| {
        ["fp", "gen", "iid", "st"]
            .iter()
            .all(|name| wanted.get(*name) == found.get(*name))
            && optional_text(wanted, "sk") == optional_text(found, "sk")
    })
}

/// The size of an item as DynamoDB counts it, or a little more.
pub(crate) fn size_of(attributes: &Attributes) -> usize {
    attributes
        .iter()
        .map(|(name, value)| name.len() + value_size(value))
        .sum()
}

fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        // A byte per two digits, and one.
        AttributeValue::N(digits) => digits.len() / 2 + 2,
        AttributeValue::B(blob) => blob.as_ref().len(),
        AttributeValue::L(list) => 3 + list.iter().map(|item| 1 + value_size(item)).sum::<usize>(),
        AttributeValue::M(map) => {
            let entries = map
                .iter()
                .map(|(name, value)| 1 + name.len() + value_size(value));
            3 + entries.sum::<usize>()
        }
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => {
            texts.iter().map(String::len).sum()
        }
        _ => 1,
    }
}

/// Where an item stands.
pub(crate) fn key_of(attributes: &Attributes, act: &'static str) -> Result<Key, StoreError> {
    Ok(Key {
        pk: text(attributes, "pk", act)?.to_owned(),
        sk: text(attributes, "sk", act)?.to_owned(),
    })
}
