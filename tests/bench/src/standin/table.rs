//! One table in memory: partitions of items in the order of their sort keys, and beside them the
//! entries of at most one local index. Items are kept as the text that answers them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::size::{entry_units, item_bytes, write_units};
use super::{Item, Refusal, unsupported};

/// DynamoDB's limit of one item.
const ITEM_MAX_BYTES: usize = 400 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub pk: String,
    pub sk: String,
}

/// A local index that carries some attributes.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub name: String,
    pub sort: String,
    /// Beside the keys of table and index.
    pub carries: BTreeSet<String>,
}

#[derive(Debug)]
pub(crate) struct Table {
    pub partition: String,
    pub sort: String,
    pub index: Option<Index>,
    pub partitions: BTreeMap<String, Partition>,
}

#[derive(Debug, Default)]
pub(crate) struct Partition {
    pub items: BTreeMap<String, Stored>,
    /// By index sort key and sort key.
    pub entries: BTreeMap<(String, String), Stored>,
}

/// An item or an index entry.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub text: Box<str>,
    pub bytes: usize,
}

impl Stored {
    fn of(item: &Item) -> Result<Self, Refusal> {
        let bytes = item_bytes(item)?;
        if bytes > ITEM_MAX_BYTES {
            return unsupported("an item of more than 400 KB");
        }
        let text = text(item).into_boxed_str();
        Ok(Self { text, bytes })
    }

    pub fn item(&self) -> Item {
        // It was written by `of`.
        serde_json::from_str(&self.text).expect("stored text is an item")
    }
}

pub(crate) fn text(item: &Item) -> String {
    serde_json::to_string(item).expect("an item is JSON")
}

/// What one write cost, apart from doubling.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct WriteUnits {
    pub item: f64,
    pub entry: f64,
}

impl Table {
    pub fn key_of(&self, item: &Item) -> Result<Key, Refusal> {
        Ok(Key {
            pk: key_text(item, &self.partition)?,
            sk: key_text(item, &self.sort)?,
        })
    }

    /// A key and nothing beside it.
    pub fn whole_key(&self, key: &Item) -> Result<Key, Refusal> {
        if key.len() != 2 {
            return unsupported("a key of other than two attributes");
        }
        self.key_of(key)
    }

    pub fn key_item(&self, key: &Key) -> Item {
        let attributes = [(&self.partition, &key.pk), (&self.sort, &key.sk)];
        let attributes = attributes.map(|(name, text)| (name.clone(), s(text)));
        attributes.into_iter().collect()
    }

    pub fn get(&self, key: &Key) -> Option<&Stored> {
        self.partitions.get(&key.pk)?.items.get(&key.sk)
    }

    /// Puts `new` in place of what stands there, or deletes it.
    pub fn write(&mut self, key: &Key, new: Option<&Item>) -> Result<WriteUnits, Refusal> {
        let entry = match new {
            Some(item) => self.entry_of(item)?,
            None => None,
        };
        let stored = new.map(Stored::of).transpose()?;
        let old = self.get(key).cloned();
        let old_entry = match &old {
            Some(old) => self.entry_of(&old.item())?,
            None => None,
        };
        let sizes = [&old, &stored].map(|it| it.as_ref().map_or(0, |it| it.bytes));
        let mut units = WriteUnits {
            item: write_units(sizes[0].max(sizes[1])),
            entry: 0.0,
        };
        let partition = self.partitions.entry(key.pk.clone()).or_default();
        match stored {
            Some(stored) => partition.items.insert(key.sk.clone(), stored),
            None => partition.items.remove(&key.sk),
        };
        let same = match (&old_entry, &entry) {
            (Some((old, one)), Some((new, other))) => old == new && one.text == other.text,
            (old, new) => old.is_none() && new.is_none(),
        };
        if same {
            return Ok(units);
        }
        if let (Some((old, _)), Some((new, _))) = (&old_entry, &entry)
            && old != new
        {
            return unsupported("an index entry that moves");
        }
        let bytes = |entry: &Option<(String, Stored)>| entry.as_ref().map(|(_, it)| it.bytes);
        units.entry = entry_units(bytes(&old_entry), bytes(&entry));
        if let Some((sort, _)) = old_entry {
            partition.entries.remove(&(sort, key.sk.clone()));
        }
        if let Some((sort, entry)) = entry {
            partition.entries.insert((sort, key.sk.clone()), entry);
        }
        Ok(units)
    }

    /// The index's sort key and its view of an item; `None` without index or without its key.
    fn entry_of(&self, item: &Item) -> Result<Option<(String, Stored)>, Refusal> {
        let Some(index) = &self.index else {
            return Ok(None);
        };
        if !item.contains_key(&index.sort) {
            return Ok(None);
        }
        let sort = key_text(item, &index.sort)?;
        let keys = [&self.partition, &self.sort, &index.sort];
        let carried = item
            .iter()
            .filter(|(name, _)| keys.contains(name) || index.carries.contains(name.as_str()));
        let view: Item = carried
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Ok(Some((sort, Stored::of(&view)?)))
    }
}

pub(crate) fn s(text: &str) -> Value {
    serde_json::json!({ "S": text })
}

pub(crate) fn key_text(item: &Item, name: &str) -> Result<String, Refusal> {
    let text = item.get(name).and_then(|value| value.get("S")?.as_str());
    match text {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => unsupported(format!("the key {name} is missing or no text")),
    }
}
