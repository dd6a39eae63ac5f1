//! What was said about a userid whose record may be another's: one item each, until a run has
//! carried it out.

use org_model::{SourceId, UserKey};
use sync_run::StoredResolution;
use sync_run::ports::StoreError;

use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{from_json, json, s, text};
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::query::Search;
use crate::wire::transact::{Action, Transacted};

const READ: &str = "read what was said about conflicts";
const WRITE: &str = "write what was said about a conflict";

impl DynamoStore {
    pub(super) async fn all_resolutions(
        &self,
        source: &SourceId,
    ) -> Result<Vec<StoredResolution>, StoreError> {
        let search = Search {
            table: self.tables.sync.clone(),
            expression: Expression::key("#pk = :pk AND begins_with(#sk, :prefix)")
                .with(":pk", s(keys::source_partition(source)))
                .with(":prefix", s(keys::RESOLVE)),
            ..Search::default()
        };
        let found = self.search(READ, search).await?;
        let mut resolutions = Vec::new();
        let mut heard = std::collections::BTreeMap::new();
        for item in &found {
            let resolution = resolution_of(item)?;
            let told = text(item, "resolution", READ)?.to_owned();
            heard.insert(resolution.userid.key(), told);
            resolutions.push(resolution);
        }
        self.knows(|known| known.resolutions.insert(source.clone(), heard));
        Ok(resolutions)
    }

    pub(crate) async fn resolution_about(
        &self,
        source: &SourceId,
        userid: &UserKey,
    ) -> Result<Option<StoredResolution>, StoreError> {
        let key = keys::resolution(source, userid);
        let found = self.get(READ, &self.tables.sync, &key).await?;
        found.as_ref().map(resolution_of).transpose()
    }

    pub(crate) async fn put_word(
        &self,
        source: &SourceId,
        resolution: &StoredResolution,
    ) -> Result<(), StoreError> {
        let mut item = keys::resolution(source, &resolution.userid.key()).attributes();
        item.insert("resolution".to_owned(), json(resolution));
        let put = Action::Put(self.tables.sync.clone(), item, Expression::default());
        match self
            .transact(WRITE, &[put, self.not_cleared(source)])
            .await?
        {
            Transacted::Done => Ok(()),
            Transacted::Cancelled(_) => Err(StoreError::Conflict { act: WRITE }),
        }
    }

    /// Removes the word that this handle read. `None`: it read none, and none is removed.
    pub(super) fn resolved_action(&self, source: &SourceId, userid: &UserKey) -> Option<Action> {
        let heard = self.knows(|known| known.resolutions.get(source)?.get(userid).cloned())?;
        let heard = Expression::condition("attribute_not_exists(#pk) OR #resolution = :heard")
            .with(":heard", s(heard));
        let key = keys::resolution(source, userid);
        Some(Action::Delete(self.tables.sync.clone(), key, heard))
    }
}

pub(crate) fn resolution_of(item: &Attributes) -> Result<StoredResolution, StoreError> {
    from_json(item, "resolution", READ)
}
