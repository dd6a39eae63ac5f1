//! What must leave the system. An unsent item stands under `OUTBOX#` and never expires; once sent
//! it moves to `NOTICE#`, where it is part of the log. An id that was sent is never put again.

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::SourceId;
use sync_run::OutboxItem;
use sync_run::ports::{Outbox, StoreError};

use crate::DynamoStore;
use crate::wire::attributes::{from_json, json, n, s};
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::query::Search;
use crate::wire::transact::{Action, Transacted};

impl DynamoStore {
    /// Was this id sent before? Refuses the transaction if so.
    pub(crate) fn not_sent_check(&self, source: &SourceId, item: &OutboxItem) -> Action {
        Action::Check(
            self.tables.sync.clone(),
            keys::notice(source, &item.id),
            Expression::condition("attribute_not_exists(#pk)"),
        )
    }

    pub(crate) fn outbox_action(&self, source: &SourceId, item: &OutboxItem) -> Action {
        let mut attributes = keys::outbox(source, &item.id).attributes();
        attributes.insert("item".to_owned(), json(item));
        Action::Put(self.tables.sync.clone(), attributes, Expression::default())
    }
}

#[async_trait]
impl Outbox for DynamoStore {
    async fn unsent(&self, source: &SourceId) -> Result<Vec<OutboxItem>, StoreError> {
        let act = "read the outbox";
        let search = Search {
            table: self.tables.sync.clone(),
            expression: Expression::key("#pk = :pk AND begins_with(#sk, :prefix)")
                .with(":pk", s(keys::source_partition(source)))
                .with(":prefix", s(keys::OUTBOX)),
            ..Search::default()
        };
        let found = self.search(act, search).await?;
        let mut items: Vec<OutboxItem> = found
            .iter()
            .map(|item| from_json(item, "item", act))
            .collect::<Result<_, _>>()?;
        items.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
        Ok(items)
    }

    async fn put(&self, source: &SourceId, item: &OutboxItem) -> Result<(), StoreError> {
        let actions = [
            self.not_sent_check(source, item),
            self.outbox_action(source, item),
            self.not_cleared(source),
        ];
        // Cancelled: it was sent before, which is all that is wanted, or the source is cleared.
        let _either: Transacted = self.transact("put into the outbox", &actions).await?;
        Ok(())
    }

    async fn sent(&self, source: &SourceId, id: &str, at: Timestamp) -> Result<(), StoreError> {
        let act = "move a sent item out of the outbox";
        let key = keys::outbox(source, id);
        let Some(mut item) = self.get(act, &self.tables.sync, &key).await? else {
            return Ok(());
        };
        let expiry = self.log_expiry(source, at).await?;
        item.extend(keys::notice(source, id).attributes());
        item.insert("sent_at".to_owned(), s(at.to_string()));
        item.insert("expires_at".to_owned(), n(expiry));
        let table = &self.tables.sync;
        let actions = [
            Action::Delete(table.clone(), key, Expression::default()),
            Action::Put(table.clone(), item, Expression::default()),
        ];
        // Neither action has a condition: moving twice is moving once.
        let _moved: Transacted = self.transact(act, &actions).await?;
        Ok(())
    }

    async fn remember_notice(
        &self,
        source: &SourceId,
        cause: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.note_cause(source, cause, at).await
    }
}
