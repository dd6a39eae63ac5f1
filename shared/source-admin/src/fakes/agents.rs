//! What is known about agents beside their settings, over the world's memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use org_model::SourceId;
use source_settings::AgentId;
use sync_run::ports::StoreError;

use super::settings::check;
use super::{Part, World};
use crate::ports::{AgentCheck, AgentChecks, AgentDeleted, Expected};

#[async_trait]
impl AgentChecks for World {
    async fn checks(&self) -> Result<BTreeMap<AgentId, AgentCheck>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read the checks")?;
        Ok(state.checks.clone())
    }

    async fn check_of(&self, id: &AgentId) -> Result<Option<AgentCheck>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read a check")?;
        Ok(state.checks.get(id).cloned())
    }

    async fn note_check(&self, id: &AgentId, found: &AgentCheck) -> Result<(), StoreError> {
        let mut state = self.state();
        state.working(Part::SettingsWrite, "note a check")?;
        state.checks.insert(id.clone(), found.clone());
        Ok(())
    }

    async fn delete_agent(&self, id: &AgentId, version: u64) -> Result<AgentDeleted, StoreError> {
        let mut state = self.state();
        state.working(Part::SettingsWrite, "delete an agent")?;
        let named = state.sources.values();
        let naming = named.filter(|stored| stored.settings.agents.contains(id));
        let sources: Vec<SourceId> = naming.map(|stored| stored.source.clone()).collect();
        if !sources.is_empty() {
            return Ok(AgentDeleted::InUse(sources));
        }
        let current = state.agents.get(id).map(|stored| stored.version);
        if current.is_some() {
            check(Expected::Version(version), current)?;
        }
        state.agents.remove(id);
        state.checks.remove(id);
        Ok(AgentDeleted::Done)
    }
}
