//! Settings of sources and agents.

use async_trait::async_trait;
use futures::future::join_all;
use org_model::SourceId;
use source_admin::ports::{Author, Expected, KeptSource, SettingsStore, SourceCommit, Unsettled};
use source_settings::{AgentId, AgentSettings};
use sync_run::ports::StoreError;
use sync_run::{StoredAgent, StoredSource};

use super::versions::Versioned;
use crate::DynamoStore;
use crate::sources::agent_of;
use crate::wire::attributes::{json, n};
use crate::wire::calls::Written;
use crate::wire::expression::Expression;
use crate::wire::keys;

const PUT_AGENT: &str = "write an agent";
const SETTLE: &str = "write down what is left to settle";

#[async_trait]
impl SettingsStore for DynamoStore {
    async fn agent(&self, id: &AgentId) -> Result<Option<StoredAgent>, StoreError> {
        self.read_agent(id).await
    }

    async fn agents(&self) -> Result<Vec<StoredAgent>, StoreError> {
        let entries = self.entries("list the agents", keys::AGENTS).await?;
        entries.iter().map(agent_of).collect()
    }

    async fn put_agent(
        &self,
        id: &AgentId,
        settings: &AgentSettings,
        expected: Expected,
        author: &Author,
    ) -> Result<StoredAgent, StoreError> {
        let change = Versioned {
            act: PUT_AGENT,
            key: keys::agent(id.as_str()),
            text: serde_json::to_string(settings).unwrap_or_default(),
            secret: settings.credentials.as_ref(),
            expected,
            author,
        };
        agent_of(&self.put_versioned(&change).await?)
    }

    async fn source(&self, source: &SourceId) -> Result<Option<KeptSource>, StoreError> {
        self.kept_source(source).await
    }

    async fn all_sources(&self) -> Result<Vec<KeptSource>, StoreError> {
        let ids = self.source_ids().await?;
        let found = join_all(ids.iter().map(|id| self.kept_source(id))).await;
        let mut sources = Vec::new();
        for (source, found) in ids.iter().zip(found) {
            match found {
                Err(error @ StoreError::Unreadable { .. }) => {
                    tracing::warn!(%source, %error, "a source is left out");
                }
                found => sources.extend(found?),
            }
        }
        Ok(sources)
    }

    async fn put_source(
        &self,
        source: &SourceId,
        commit: &SourceCommit<'_>,
    ) -> Result<StoredSource, StoreError> {
        self.commit_source(source, commit).await
    }

    async fn settle_source(
        &self,
        source: &SourceId,
        version: u64,
        left: &Unsettled,
    ) -> Result<(), StoreError> {
        let settled = Expression::update("SET #unsettled = :left")
            .when("#version = :version AND attribute_exists(#settings)")
            .with(":left", json(left))
            .with(":version", n(version));
        let key = keys::settings(source);
        // Refused: other settings stand there by now, with an `unsettled` of their own.
        let _either: Written = self
            .update(SETTLE, &self.tables.sync, &key, settled)
            .await?;
        Ok(())
    }
}
