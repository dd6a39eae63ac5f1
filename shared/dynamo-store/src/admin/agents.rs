//! The last check of each agent, and the end of an agent.
//!
//! Who names an agent stands in the settings of the sources, of those too that were put before
//! agents counted their bindings (commit.rs). Whoever deletes one looks through them, and the count
//! has to be as it was before that look.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use org_model::SourceId;
use source_admin::ports::{AgentCheck, AgentChecks, AgentDeleted};
use source_settings::AgentId;
use sync_run::ports::StoreError;

use super::commit::agents_named;
use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{from_json, json, n, number, text};
use crate::wire::calls::Written;
use crate::wire::errors::unreadable;
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};

const READ: &str = "read the checks of agents";
const DELETE: &str = "delete an agent";

/// Each further round means that a source was put that names the agent, or named it, in between.
const DELETE_ROUNDS_MAX: usize = 8;

fn check_in(item: &Attributes) -> Result<Option<AgentCheck>, StoreError> {
    item.get("check")
        .map(|_| from_json(item, "check", READ))
        .transpose()
}

impl DynamoStore {
    /// The sources whose settings name this agent, as they stand now.
    async fn naming(&self, agent: &AgentId) -> Result<BTreeSet<SourceId>, StoreError> {
        let sources = self.source_ids().await?;
        let wanted: Vec<Key> = sources.iter().map(keys::settings).collect();
        let found = self.get_all(DELETE, &self.tables.sync, &wanted).await?;
        let mut naming = BTreeSet::new();
        for item in &found {
            if agents_named(item).contains(agent) {
                let pk = text(item, "pk", DELETE)?;
                let id = sources.iter().zip(&wanted).find(|(_, key)| key.pk == pk);
                naming.extend(id.map(|(source, _)| source.clone()));
            }
        }
        Ok(naming)
    }
}

/// Nobody bound it since it was read, and it is this version.
fn as_it_was(item: &Attributes, version: u64) -> Expression {
    let condition = match item.get("bindings") {
        None => Expression::condition("#version = :version AND attribute_not_exists(#bindings)"),
        Some(bindings) => Expression::condition("#version = :version AND #bindings = :bindings")
            .with(":bindings", bindings.clone()),
    };
    condition.with(":version", n(version))
}

#[async_trait]
impl AgentChecks for DynamoStore {
    async fn checks(&self) -> Result<BTreeMap<AgentId, AgentCheck>, StoreError> {
        let mut checks = BTreeMap::new();
        for item in self.entries(READ, keys::AGENTS).await? {
            let id = AgentId::parse(text(&item, "sk", READ)?);
            let id = id.map_err(|_| unreadable(READ, "its id is no id"))?;
            checks.extend(check_in(&item)?.map(|check| (id, check)));
        }
        Ok(checks)
    }

    async fn check_of(&self, id: &AgentId) -> Result<Option<AgentCheck>, StoreError> {
        let key = keys::agent(id.as_str());
        let found = self.get(READ, &self.tables.sync, &key).await?;
        found.as_ref().map_or(Ok(None), check_in)
    }

    async fn note_check(&self, id: &AgentId, check: &AgentCheck) -> Result<(), StoreError> {
        let noted = Expression::update("SET #check = :check, #checked_at = :at")
            .when(
                "attribute_exists(#version) AND \
                 (attribute_not_exists(#checked_at) OR #checked_at <= :at)",
            )
            .with(":check", json(check))
            .with(":at", n(check.at.as_millisecond()));
        let key = keys::agent(id.as_str());
        // Refused: the agent was deleted, or a later check stands there.
        let _either: Written = self
            .update("note the check of an agent", &self.tables.sync, &key, noted)
            .await?;
        Ok(())
    }

    async fn delete_agent(&self, id: &AgentId, version: u64) -> Result<AgentDeleted, StoreError> {
        let key = keys::agent(id.as_str());
        for _round in 0..DELETE_ROUNDS_MAX {
            let Some(item) = self.get(DELETE, &self.tables.sync, &key).await? else {
                return Ok(AgentDeleted::Done);
            };
            let naming = self.naming(id).await?;
            if !naming.is_empty() {
                return Ok(AgentDeleted::InUse(naming.into_iter().collect()));
            }
            if number::<u64>(&item, "version", DELETE)? != version {
                return Err(StoreError::Conflict { act: DELETE });
            }
            let condition = as_it_was(&item, version);
            let deleted = self.delete(DELETE, &self.tables.sync, &key, condition);
            if let Written::Done = deleted.await? {
                return Ok(AgentDeleted::Done);
            }
        }
        Err(StoreError::Conflict { act: DELETE })
    }
}
