//! Ranges that wait, over the world's memory.

use async_trait::async_trait;
use org_model::{Fingerprint, SourceId};
use org_plan::HeldItem;
use sync_run::ports::StoreError;
use sync_run::{AffectedPeople, RangeAcceptance, StandingRange};

use super::{Part, World, page_of};
use crate::ports::{
    Author, HistoryAction, HistoryEntry, Page, PageRequest, RangeAccepted, RangeDecisions,
};

#[async_trait]
impl RangeDecisions for World {
    async fn standing_range(&self, source: &SourceId) -> Result<Option<StandingRange>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read a range")?;
        Ok(state.ranges.get(source).map(|(range, _)| range.clone()))
    }

    async fn affected_items(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        page: &PageRequest,
    ) -> Result<Option<Page<HeldItem>>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read a range")?;
        let range = state.ranges.get(source);
        let items = range.filter(|(range, _)| range.fingerprint == fingerprint);
        items
            .map(|(_, items)| page_of(items.iter().cloned(), page))
            .transpose()
    }

    async fn accept_range(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        people: AffectedPeople,
        author: &Author,
    ) -> Result<RangeAccepted, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "accept a range")?;
        let Some((range, _)) = state.ranges.get_mut(source) else {
            return Ok(RangeAccepted::Nothing);
        };
        if range.fingerprint != fingerprint {
            return Ok(RangeAccepted::Stale(Box::new(range.clone())));
        }
        match &range.acceptance {
            Some(word) if word.people != people => {
                return Ok(RangeAccepted::Decided(Box::new(range.clone())));
            }
            Some(_) => return Ok(RangeAccepted::Done(Box::new(range.clone()))),
            None => {}
        }
        range.acceptance = Some(RangeAcceptance {
            people,
            by: author.by.clone(),
            at: author.at,
        });
        let range = range.clone();
        let entry = HistoryEntry {
            at: author.at,
            by: author.by.clone(),
            action: HistoryAction::RangeAccepted,
            version: None,
            changes: Vec::new(),
        };
        state.history.entry(source.clone()).or_default().push(entry);
        Ok(RangeAccepted::Done(Box::new(range)))
    }
}
