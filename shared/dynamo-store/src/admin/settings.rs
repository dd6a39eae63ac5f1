//! Settings of sources and agents. The conditional write of the settings is the one commit point.

use async_trait::async_trait;
use futures::future::join_all;
use org_model::SourceId;
use source_admin::ports::{Author, Expected, KeptSource, SettingsStore};
use source_settings::{AgentId, AgentSettings, SecretRef, SourceSettings};
use sync_run::ports::StoreError;
use sync_run::{StoredAgent, StoredSource};

use crate::DynamoStore;
use crate::sources::agent_of;
use crate::wire::Attributes;
use crate::wire::attributes::{json, n, s};
use crate::wire::calls::Written;
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::transact::{Action, Refusal, Transacted};

const PUT_AGENT: &str = "write an agent";
const PUT_SOURCE: &str = "write the settings of a source";

fn next_version(expected: Expected) -> u64 {
    match expected {
        Expected::Absent => 1,
        Expected::Version(version) => version + 1,
    }
}

fn is_expected(expected: Expected, condition: Expression) -> Expression {
    match expected {
        Expected::Absent => condition.when("attribute_not_exists(#pk)"),
        Expected::Version(version) => condition
            .when("#version = :expected")
            .with(":expected", n(version)),
    }
}

/// What stands there is this very change, sent before: its next version, by the same hand at the
/// same moment, with the same content.
fn is_own(found: Option<&Attributes>, expected: Expected, author: &Author, settings: &str) -> bool {
    found.is_some_and(|found| {
        found.get("version") == Some(&n(next_version(expected)))
            && found.get("updated_at") == Some(&s(author.at.to_string()))
            && found.get("updated_by") == Some(&s(author.by.as_str()))
            && found.get("settings") == Some(&s(settings))
    })
}

fn secret_attributes(secret: Option<&SecretRef>) -> Attributes {
    let Some(secret) = secret else {
        return Attributes::new();
    };
    Attributes::from([
        ("secret_arn".to_owned(), s(secret.arn.as_str())),
        ("secret_version".to_owned(), s(secret.version.as_str())),
    ])
}

fn source_change(settings: &SourceSettings, expected: Expected, author: &Author) -> Expression {
    let mut text = "SET #settings = :settings, #log_days = :log_days, #version = :version, \
                    #created_at = if_not_exists(#created_at, :at), #updated_at = :at, \
                    #updated_by = :by"
        .to_owned();
    let secret = settings.credentials.secret.as_ref();
    text.push_str(match secret {
        Some(_) => ", #secret_arn = :arn, #secret_version = :secret_version",
        None => " REMOVE #secret_arn, #secret_version",
    });
    let mut change = Expression::update(&text)
        .with(":settings", json(settings))
        .with(":log_days", n(settings.retention_days.logs))
        .with(":version", n(next_version(expected)))
        .with(":at", s(author.at.to_string()))
        .with(":by", s(author.by.as_str()));
    if let Some(secret) = secret {
        change = change
            .with(":arn", s(secret.arn.as_str()))
            .with(":secret_version", s(secret.version.as_str()));
    }
    is_expected(expected, change)
}

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
        let mut item = keys::agent(id.as_str()).attributes();
        let text = serde_json::to_string(settings).unwrap_or_default();
        item.insert("settings".to_owned(), s(text.as_str()));
        item.insert("version".to_owned(), n(next_version(expected)));
        item.insert("updated_at".to_owned(), s(author.at.to_string()));
        item.insert("updated_by".to_owned(), s(author.by.as_str()));
        item.extend(secret_attributes(settings.credentials.as_ref()));
        let condition = is_expected(expected, Expression::default());
        let table = &self.tables.sync;
        let written = self
            .put(PUT_AGENT, table, item.clone(), Some(condition))
            .await?;
        match written {
            Written::Refused(found) if !is_own(found.as_ref(), expected, author, &text) => {
                Err(StoreError::Conflict { act: PUT_AGENT })
            }
            _ => agent_of(&item),
        }
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
        settings: &SourceSettings,
        expected: Expected,
        author: &Author,
    ) -> Result<StoredSource, StoreError> {
        let table = &self.tables.sync;
        let actions = [
            Action::Update(
                table.clone(),
                keys::settings(source),
                source_change(settings, expected, author),
            ),
            Action::Put(
                table.clone(),
                keys::source_entry(source).attributes(),
                Expression::default(),
            ),
        ];
        if let Transacted::Cancelled(refusals) = self.transact(PUT_SOURCE, &actions).await? {
            let text = serde_json::to_string(settings).unwrap_or_default();
            let own = match refusals.into_iter().next().flatten() {
                Some(Refusal::Condition(found)) => is_own(found.as_ref(), expected, author, &text),
                _ => false,
            };
            if !own {
                return Err(StoreError::Conflict { act: PUT_SOURCE });
            }
        }
        let kept = self.kept_source(source).await?;
        let stored = kept.map(|kept| kept.stored);
        stored.ok_or(StoreError::Conflict { act: PUT_SOURCE })
    }
}
