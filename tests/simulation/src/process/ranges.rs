//! Ranges that wait for a person, and clearing a source.

use async_trait::async_trait;
use org_model::{Fingerprint, ItemKey, SourceId};
use org_plan::HeldItem;
use sync_run::ports::{Clearing, Ranges, StoreError};
use sync_run::{Clearance, RunLease, StandingRange};

use super::Process;
use crate::Shelf;

#[async_trait]
impl Ranges for Process {
    async fn standing(&self, _: &SourceId) -> Result<Option<StandingRange>, StoreError> {
        self.ask("read the range", |shelf| Ok(shelf.standing.clone()))
            .await
    }

    async fn affected(
        &self,
        _: &SourceId,
        fingerprint: Fingerprint,
    ) -> Result<Vec<HeldItem>, StoreError> {
        let affected = |shelf: &mut Shelf| {
            let stands = shelf.standing.as_ref();
            let stands = stands.is_some_and(|range| range.fingerprint == fingerprint);
            Ok(if stands {
                shelf.affected.clone()
            } else {
                Vec::new()
            })
        };
        self.ask("read who is affected", affected).await
    }

    async fn see(
        &self,
        lease: &RunLease,
        seen: &StandingRange,
        affected: &[HeldItem],
        overruled: Option<Fingerprint>,
    ) -> Result<(), StoreError> {
        let see = |shelf: &mut Shelf| {
            shelf.see(seen, affected, overruled);
            Ok(())
        };
        self.ask_leased("see a range", lease, see).await
    }

    async fn settle(&self, lease: &RunLease, fingerprint: Fingerprint) -> Result<(), StoreError> {
        let settle = |shelf: &mut Shelf| {
            shelf
                .standing
                .take_if(|range| range.fingerprint == fingerprint);
            Ok(())
        };
        self.ask_leased("settle a range", lease, settle).await
    }
}

#[async_trait]
impl Clearing for Process {
    async fn clearance(&self, _: &SourceId) -> Result<Option<Clearance>, StoreError> {
        self.ask("read the clearance", |shelf| Ok(shelf.clearance.clone()))
            .await
    }

    async fn is_vacant(&self, _: &SourceId) -> Result<bool, StoreError> {
        self.ask("see whether it is vacant", |shelf| Ok(shelf.vacant))
            .await
    }

    async fn detach(&self, lease: &RunLease, keys: &[ItemKey]) -> Result<(), StoreError> {
        let detach = |shelf: &mut Shelf| {
            shelf.detach(lease, keys);
            Ok(())
        };
        self.ask_leased("detach", lease, detach).await
    }

    async fn clear_some(&self, lease: &RunLease) -> Result<bool, StoreError> {
        let clear = |shelf: &mut Shelf| Ok(shelf.clear_some());
        self.ask_leased("clear", lease, clear).await
    }

    async fn finish(&self, lease: &RunLease, clearance: &Clearance) -> Result<(), StoreError> {
        let finish = |shelf: &mut Shelf| {
            if shelf.clearance.take().is_some() {
                (shelf.vacant, shelf.gone) = (!clearance.remove, clearance.remove);
            }
            Ok(())
        };
        self.ask_leased("finish a clearing", lease, finish).await
    }
}
