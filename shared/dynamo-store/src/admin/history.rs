//! Who changed what of a source, and when: one entry per change, written in the transaction of the
//! change itself. It does not expire: it goes with the source.

use async_trait::async_trait;
use org_model::{Fingerprint, SourceId};
use serde_json::Value;
use source_admin::ports::{History, HistoryEntry, Page, PageRequest};
use source_settings::SettingsChange;
use sync_run::ports::StoreError;

use super::cursor::no_cursor;
use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{b, bytes, s, text};
use crate::wire::errors::unreadable;
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};
use crate::wire::packing::{PAGE_MAX_BYTES, pack, unpack};
use crate::wire::query::Search;
use crate::wire::transact::Action;

const READ: &str = "read the history of a source";
const WRITE: &str = "write the history of a source";

/// Stands for a value that does not fit an item; where it stood is still told.
const TOO_LARGE: &str = "(too large for the history)";

impl DynamoStore {
    /// The entry as part of the transaction that it tells of. Named by its time and content, so
    /// that the same change sent twice is one entry.
    pub(crate) fn history_action(
        &self,
        source: &SourceId,
        entry: &HistoryEntry,
    ) -> Result<Action, StoreError> {
        let mut packed = pack(WRITE, std::slice::from_ref(entry))?;
        if packed.len() > PAGE_MAX_BYTES {
            packed = pack(WRITE, &[without_values(entry)])?;
        }
        let key = keys::history(source, entry.at, Fingerprint::of(entry));
        let mut item = key.attributes();
        item.insert("body".to_owned(), b(packed));
        let table = self.tables.sync.clone();
        Ok(Action::Put(table, item, Expression::default()))
    }
}

fn without_values(entry: &HistoryEntry) -> HistoryEntry {
    let told = |value: &Option<Value>| value.as_ref().map(|_| Value::from(TOO_LARGE));
    let changes = entry.changes.iter().map(|change| SettingsChange {
        pointer: change.pointer.clone(),
        before: told(&change.before),
        after: told(&change.after),
    });
    HistoryEntry {
        changes: changes.collect(),
        ..entry.clone()
    }
}

pub(crate) fn entry_of(item: &Attributes) -> Result<HistoryEntry, StoreError> {
    let entries: Vec<HistoryEntry> = unpack(READ, bytes(item, "body", READ)?)?;
    let mut entries = entries.into_iter();
    entries
        .next()
        .ok_or_else(|| unreadable(READ, "an entry is empty"))
}

#[async_trait]
impl History for DynamoStore {
    async fn history(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        let pk = keys::history_partition(source);
        let after = page.cursor.as_ref().map(|sk| Key {
            pk: pk.clone(),
            sk: sk.clone(),
        });
        let known = |c: char| c.is_ascii_hexdigit() || c == '-';
        if after
            .as_ref()
            .is_some_and(|key| key.sk.is_empty() || !key.sk.chars().all(known))
        {
            return Err(no_cursor());
        }
        let search = Search {
            table: self.tables.sync.clone(),
            expression: Expression::key("#pk = :pk").with(":pk", s(pk)),
            backwards: true,
            limit: i32::try_from(page.limit).ok(),
            after: after.as_ref().map(Key::attributes),
            ..Search::default()
        };
        let found = self.search_once(READ, &search).await?;
        let last = found.last.as_ref();
        Ok(Page {
            items: found.items.iter().map(entry_of).collect::<Result<_, _>>()?,
            next: last
                .map(|key| text(key, "sk", READ).map(str::to_owned))
                .transpose()?,
        })
    }
}
