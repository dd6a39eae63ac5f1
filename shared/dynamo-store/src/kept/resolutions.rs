//! What was said about a userid whose record may be another's: one item each, until a run has
//! carried it out. That they are two people is remembered beside it for good, since nothing else
//! would show it: both records stay as they are.

use org_model::{SourceId, UserKey};
use org_plan::Resolution;
use sync_run::StoredResolution;
use sync_run::ports::StoreError;

use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{from_json, json, s, text};
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};
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

    pub(crate) async fn settled_about(
        &self,
        source: &SourceId,
        userid: &UserKey,
    ) -> Result<Option<StoredResolution>, StoreError> {
        let key = keys::settled(source, userid);
        let found = self.get(READ, &self.tables.sync, &key).await?;
        found.as_ref().map(resolution_of).transpose()
    }

    pub(crate) async fn put_word(
        &self,
        source: &SourceId,
        resolution: &StoredResolution,
    ) -> Result<(), StoreError> {
        let table = &self.tables.sync;
        let put = |key: Key| {
            let mut item = key.attributes();
            item.insert("resolution".to_owned(), json(resolution));
            Action::Put(table.clone(), item, Expression::default())
        };
        let userid = resolution.userid.key();
        let settled = keys::settled(source, &userid);
        let actions = [
            put(keys::resolution(source, &userid)),
            match resolution.choice {
                Resolution::New => put(settled),
                Resolution::Same => Action::Delete(table.clone(), settled, Expression::default()),
            },
            self.not_cleared(source),
        ];
        match self.transact(WRITE, &actions).await? {
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
