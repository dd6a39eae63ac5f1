//! Housekeeping's purge: what was deleted long ago leaves for good.

use async_trait::async_trait;
use futures::StreamExt;
use jiff::Timestamp;
use org_model::SourceId;
use org_plan::Item;
use sync_run::ports::{MirrorUpkeep, PURGE_MAX, PurgePage, Purgeable, StoreError};

use super::items::{item_of, key_of};
use super::keys::{partitions, place, place_aside};
use super::write::unchanged;
use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{s, text};
use crate::wire::calls::Written;
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};

const FIND: &str = "find deleted items";
const PURGE: &str = "purge deleted items";

const DELETES_IN_FLIGHT: usize = 16;

/// Items read at once while looking for old ones: one batch of DynamoDB.
const READ_AT_ONCE: usize = 100;

impl DynamoStore {
    /// Adds what was deleted before `older_than` in one partition, displaced records too. `false`:
    /// the page is full, and the partition may hold more.
    async fn deleted_in(
        &self,
        source: &SourceId,
        pk: &str,
        older_than: Timestamp,
        found: &mut Vec<Purgeable>,
    ) -> Result<bool, StoreError> {
        let mut search = self.index_of(pk);
        search.expression = search
            .expression
            .filtered("#st = :deleted")
            .with(":deleted", s("deleted"));
        loop {
            let entries = self.search_once(FIND, &search).await?;
            let places: Vec<Key> = entries
                .items
                .iter()
                .map(|entry| place_of(pk, entry))
                .collect::<Result<_, _>>()?;
            for places in places.chunks(READ_AT_ONCE) {
                let items = self
                    .get_all(FIND, &self.tables.directory, places)
                    .await?
                    .into_iter();
                for attributes in items {
                    let purgeable = purgeable(source, attributes)?;
                    if deleted_at(&purgeable.item).is_some_and(|at| at < older_than) {
                        found.push(purgeable);
                    }
                }
                if found.len() >= PURGE_MAX {
                    return Ok(false);
                }
            }
            match entries.last {
                Some(last) => search.after = Some(last),
                None => return Ok(true),
            }
        }
    }

    /// Deletes one item if it is still exactly as it was found. The stamp stands for status and
    /// age: whoever changes either writes another stamp.
    async fn purge_one(&self, source: &SourceId, found: &Purgeable) -> Result<bool, StoreError> {
        let item = &found.item;
        let key = match found.aside {
            true => place_aside(source, &item.key(), item.internal_id()),
            false => place(source, &item.key()),
        };
        let condition = unchanged(Some(item.stamp()))
            .when("#fp = :fp AND #gen = :gen AND #st = :deleted")
            .with(":deleted", s("deleted"));
        let table = &self.tables.directory;
        Ok(match self.delete(PURGE, table, &key, condition).await? {
            // Nothing there any more: this very delete, sent before.
            Written::Done | Written::Refused(None) => true,
            Written::Refused(Some(_)) => false,
        })
    }
}

fn place_of(pk: &str, entry: &Attributes) -> Result<Key, StoreError> {
    Ok(Key {
        pk: pk.to_owned(),
        sk: text(entry, "mk", FIND)?.to_owned(),
    })
}

fn purgeable(source: &SourceId, attributes: Attributes) -> Result<Purgeable, StoreError> {
    let stands = key_of(&attributes, FIND)?;
    let item = item_of(attributes, FIND)?;
    let aside = stands.sk != place(source, &item.key()).sk;
    Ok(Purgeable { item, aside })
}

fn deleted_at(item: &Item) -> Option<Timestamp> {
    match item {
        Item::User(user) => user.deleted_at,
        Item::Department(department) => department.deleted_at,
    }
}

#[async_trait]
impl MirrorUpkeep for DynamoStore {
    async fn deleted_before(
        &self,
        source: &SourceId,
        older_than: Timestamp,
        from: usize,
    ) -> Result<PurgePage, StoreError> {
        let mut page = PurgePage::default();
        for (number, (_, pk)) in partitions(source).iter().enumerate().skip(from) {
            let all = self
                .deleted_in(source, pk, older_than, &mut page.items)
                .await?;
            if !all {
                page.items.truncate(PURGE_MAX);
                page.next = Some(number);
                break;
            }
        }
        Ok(page)
    }

    async fn purge(&self, source: &SourceId, items: &[Purgeable]) -> Vec<Result<bool, StoreError>> {
        let deletes: Vec<_> = items
            .iter()
            .map(|found| self.purge_one(source, found))
            .collect();
        futures::stream::iter(deletes)
            .buffered(DELETES_IN_FLIGHT)
            .collect()
            .await
    }

    async fn purged(&self, source: &SourceId, at: Timestamp) -> Result<(), StoreError> {
        let act = "remember the purge";
        let change = Expression::update("SET #purged_at = :at").with(":at", s(at.to_string()));
        let key = keys::state(source);
        let _unconditional = self.update(act, &self.tables.sync, &key, change).await?;
        Ok(())
    }
}
