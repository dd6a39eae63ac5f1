//! Housekeeping's purge: what was deleted long ago leaves for good.

use async_trait::async_trait;
use futures::StreamExt;
use jiff::Timestamp;
use org_model::SourceId;
use org_plan::Item;
use sync_run::ports::{MirrorUpkeep, PurgeFound, StoreError};

use super::items::{item_of, key_of};
use super::keys::partitions;
use super::write::unchanged;
use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{s, text};
use crate::wire::calls::Written;
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};

const PURGE: &str = "purge deleted items";

const DELETES_IN_FLIGHT: usize = 16;

impl DynamoStore {
    /// Keys of everything deleted, from the index; displaced records too.
    async fn deleted_in(&self, pk: String) -> Result<Vec<Key>, StoreError> {
        let mut search = self.index_of(&pk);
        search.expression = search
            .expression
            .filtered("#st = :deleted")
            .with(":deleted", s("deleted"));
        let mut found = Vec::new();
        self.search_each(PURGE, search, |entry| {
            let sk = text(&entry, "mk", PURGE)?.to_owned();
            found.push(Key { pk: pk.clone(), sk });
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// Deletes one item if it is old enough and still exactly as it was read. The stamp stands for
    /// status and age: whoever changes either writes another stamp.
    async fn purge_one(
        &self,
        attributes: Attributes,
        older_than: Timestamp,
    ) -> Result<Option<PurgeFound>, StoreError> {
        let key = key_of(&attributes, PURGE)?;
        let item = item_of(attributes, PURGE)?;
        if deleted_at(&item).is_none_or(|at| at >= older_than) {
            return Ok(None);
        }
        let condition = unchanged(Some(item.stamp()))
            .when("#fp = :fp AND #gen = :gen AND #st = :deleted")
            .with(":deleted", s("deleted"));
        let deleted = self
            .delete(PURGE, &self.tables.directory, &key, condition)
            .await?;
        Ok(match deleted {
            // Nothing there any more: this very delete, sent before.
            Written::Done | Written::Refused(None) => Some(PurgeFound { item }),
            Written::Refused(Some(_)) => None,
        })
    }
}

fn deleted_at(item: &Item) -> Option<Timestamp> {
    match item {
        Item::User(user) => user.deleted_at,
        Item::Department(department) => department.deleted_at,
    }
}

#[async_trait]
impl MirrorUpkeep for DynamoStore {
    async fn purge(
        &self,
        source: &SourceId,
        older_than: Timestamp,
    ) -> Result<Vec<PurgeFound>, StoreError> {
        let parts: Vec<_> = partitions(source)
            .into_iter()
            .map(|(_, pk)| self.deleted_in(pk))
            .collect();
        let mut answers = futures::stream::iter(parts).buffer_unordered(DELETES_IN_FLIGHT);
        let mut places = Vec::new();
        while let Some(part) = answers.next().await {
            places.extend(part?);
        }
        places.sort_by(|one, other| (&one.pk, &one.sk).cmp(&(&other.pk, &other.sk)));
        let items = self.get_all(PURGE, &self.tables.directory, &places).await?;
        let deletes: Vec<_> = items
            .into_iter()
            .map(|attributes| self.purge_one(attributes, older_than))
            .collect();
        let mut deletes = futures::stream::iter(deletes).buffer_unordered(DELETES_IN_FLIGHT);
        let mut purged = Vec::new();
        while let Some(deleted) = deletes.next().await {
            purged.extend(deleted?);
        }
        Ok(purged)
    }

    async fn purged(&self, source: &SourceId, at: Timestamp) -> Result<(), StoreError> {
        let act = "remember the purge";
        let change = Expression::update("SET #purged_at = :at").with(":at", s(at.to_string()));
        let key = keys::state(source);
        let _unconditional = self.update(act, &self.tables.sync, &key, change).await?;
        Ok(())
    }
}
