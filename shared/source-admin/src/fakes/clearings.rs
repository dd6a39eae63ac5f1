//! Sources that are cleared, over the world's memory. The worker is [`State::clear`].

use async_trait::async_trait;
use org_model::SourceId;
use sync_run::Clearance;
use sync_run::ports::StoreError;

use super::{Part, State, World};
use crate::ports::{
    Author, ClearStart, Clearings, HistoryAction, HistoryEntry, SourceStanding, Unsettled,
};

/// What stands in the place of a source's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleared {
    pub clearance: Clearance,
    pub unsettled: Unsettled,
    pub vacant: bool,
}

impl State {
    /// What the worker does once it is started and the world outside is settled.
    pub fn clear(&mut self, source: &SourceId) {
        let Some(cleared) = self.cleared.get_mut(source) else {
            return;
        };
        if !cleared.clearance.outside_done {
            return;
        }
        for user in self.users.get_mut(source).into_iter().flatten() {
            user.detached = true;
        }
        self.runs.retain(|run| run.source != *source);
        cleared.vacant = true;
        if cleared.clearance.remove {
            self.cleared.remove(source);
            self.history.remove(source);
        }
    }
}

#[async_trait]
impl Clearings for World {
    async fn standing_of(&self, source: &SourceId) -> Result<SourceStanding, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read how a source stands")?;
        let settled = state.sources.contains_key(source);
        Ok(match state.cleared.get(source) {
            Some(cleared) if cleared.vacant => SourceStanding::Vacant(cleared.clearance.clone()),
            Some(cleared) => SourceStanding::Clearing(cleared.clearance.clone()),
            None if settled => SourceStanding::Settled,
            None => SourceStanding::Unknown,
        })
    }

    async fn cleared_sources(&self) -> Result<Vec<Clearance>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "list the cleared sources")?;
        let cleared = state.cleared.values();
        Ok(cleared.map(|one| one.clearance.clone()).collect())
    }

    async fn begin_clearing(
        &self,
        source: &SourceId,
        version: u64,
        remove: bool,
        unsettled: &Unsettled,
        author: &Author,
    ) -> Result<ClearStart, StoreError> {
        let mut state = self.state();
        state.working(Part::SettingsWrite, "begin to clear")?;
        let mut runs = state.runs.iter();
        if let Some(live) = runs.find(|run| run.source == *source && !run.status.is_final()) {
            return Ok(ClearStart::RunLive(live.run.clone()));
        }
        let current = state.sources.get(source).map(|stored| stored.version);
        if current != Some(version) {
            return Ok(ClearStart::Stale);
        }
        state.sources.remove(source);
        state.unsettled.remove(source);
        state.ranges.remove(source);
        let clearance = Clearance {
            source: source.clone(),
            remove,
            by: author.by.clone(),
            at: author.at,
            outside_done: unsettled.is_empty(),
        };
        let entry = HistoryEntry {
            at: author.at,
            by: author.by.clone(),
            action: HistoryAction::Replaced,
            version: None,
            changes: Vec::new(),
        };
        state.history.insert(source.clone(), vec![entry]);
        let cleared = Cleared {
            clearance: clearance.clone(),
            unsettled: unsettled.clone(),
            vacant: false,
        };
        state.cleared.insert(source.clone(), cleared);
        Ok(ClearStart::Begun(clearance))
    }

    async fn clearing_unsettled(&self, source: &SourceId) -> Result<Option<Unsettled>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read what is left of a clearing")?;
        let cleared = state.cleared.get(source);
        Ok(cleared.map(|one| one.unsettled.clone()))
    }

    async fn settle_clearing(&self, source: &SourceId, left: &Unsettled) -> Result<(), StoreError> {
        let mut state = self.state();
        state.working(Part::SettingsWrite, "settle a clearing")?;
        if let Some(cleared) = state.cleared.get_mut(source) {
            cleared.unsettled = left.clone();
            cleared.clearance.outside_done = left.is_empty();
        }
        Ok(())
    }

    async fn remove_cleared(&self, source: &SourceId) -> Result<(), StoreError> {
        let mut state = self.state();
        state.working(Part::SettingsWrite, "remove a cleared source")?;
        if let Some(cleared) = state.cleared.get_mut(source) {
            cleared.clearance.remove = true;
            cleared.vacant = false;
        }
        Ok(())
    }
}
