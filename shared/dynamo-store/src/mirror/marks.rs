//! Reading a mirror: marks from the index, before-images by key.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use org_model::{ItemKey, ItemKind, Mark, SourceId};
use org_plan::Item;
use sync_run::ports::StoreError;

use super::items::{item_of, mark_of};
use super::keys::{partitions, place};
use crate::DynamoStore;
use crate::wire::attributes::s;
use crate::wire::expression::Expression;
use crate::wire::keys::Key;
use crate::wire::query::Search;

/// Partitions whose index entries are under way at once. An answer is at most 1 MB, some 8,000
/// entries, and about eight times as large once the SDK has decoded it: 4 of them are 32 MB.
const PARTITIONS_IN_FLIGHT: usize = 4;

/// The local index of template.yaml.
const INDEX: &str = "fingerprints";

impl DynamoStore {
    pub(super) async fn all_marks(
        &self,
        source: &SourceId,
    ) -> Result<BTreeMap<ItemKey, Mark>, StoreError> {
        let parts: Vec<_> = partitions(source)
            .into_iter()
            .map(|(kind, pk)| self.marks_in(kind, pk))
            .collect();
        let mut answers = futures::stream::iter(parts).buffer_unordered(PARTITIONS_IN_FLIGHT);
        let mut marks = BTreeMap::new();
        while let Some(part) = answers.next().await {
            marks.extend(part?.into_iter().map(|mark| (mark.key.clone(), mark)));
        }
        Ok(marks)
    }

    async fn marks_in(&self, kind: ItemKind, pk: String) -> Result<Vec<Mark>, StoreError> {
        let act = "read the marks of a mirror";
        let mut marks = Vec::new();
        self.search_each(act, self.index_of(&pk), |entry| {
            marks.extend(mark_of(kind, &entry, act)?);
            Ok(())
        })
        .await?;
        Ok(marks)
    }

    /// The one place that knows how marks are read: the index entries of one partition.
    pub(super) fn index_of(&self, pk: &str) -> Search {
        Search {
            table: self.tables.directory.clone(),
            index: Some(INDEX),
            expression: Expression::key("#pk = :pk").with(":pk", s(pk)),
            ..Search::default()
        }
    }

    pub(super) async fn items_at(
        &self,
        source: &SourceId,
        keys: &[ItemKey],
    ) -> Result<BTreeMap<ItemKey, Item>, StoreError> {
        let act = "read items as they stand";
        let keys: BTreeSet<&ItemKey> = keys.iter().collect();
        let places: Vec<Key> = keys.iter().map(|key| place(source, key)).collect();
        let found = self.get_all(act, &self.tables.directory, &places).await?;
        let mut items = BTreeMap::new();
        for attributes in found {
            let item = item_of(attributes, act)?;
            items.insert(item.key(), item);
        }
        Ok(items)
    }
}
