//! Removing a source's logs, a bounded part at a time: first what is named by runs and lists, then
//! the runs and lists, then the rest of the source's partition.

use org_model::{Generation, RunId, SourceId};
use sync_run::RunLease;
use sync_run::ports::StoreError;

use crate::DynamoStore;
use crate::wire::attributes::{n, s, text};
use crate::wire::calls::Written;
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};
use crate::wire::query::Search;
use crate::wire::transact::{Action, Transacted};

const CLEAR: &str = "clear the logs of a source";

/// Items removed by one call: with 16 deletions under way that is well below ten seconds.
const CLEARED_AT_ONCE: usize = 400;

/// Runs looked at together: their names are all that is kept of them.
const RUNS_AT_ONCE: i32 = 100;

/// Small items in one transaction: a transaction takes 4 MB, and a notice may have some 20 KB.
const ITEMS_PER_TRANSACTION: usize = 50;

/// A kept set may have 400 KB.
const SETS_PER_TRANSACTION: usize = 8;

/// One call's work: how many items it may still remove.
struct Part<'a> {
    lease: &'a RunLease,
    left: usize,
}

impl DynamoStore {
    /// `true`: there is more.
    pub(super) async fn clear_logs(&self, lease: &RunLease) -> Result<bool, StoreError> {
        self.still_holds(CLEAR, lease).await?;
        let mut part = Part {
            lease,
            left: CLEARED_AT_ONCE,
        };
        self.clear_runs(&mut part).await?;
        self.clear_held_items(&mut part).await?;
        let ranges = keys::range_partition(lease.source());
        self.clear_partition(&mut part, &ranges).await?;
        self.clear_rest(&mut part).await?;
        Ok(part.left == 0)
    }

    /// Rows and removals of a run, and only then its record, which names them.
    async fn clear_runs(&self, part: &mut Part<'_>) -> Result<(), StoreError> {
        let source = part.lease.source().clone();
        let pk = keys::runs_partition(&source);
        while part.left > 0 {
            let mut search = self.keys_of(&pk);
            search.limit = Some(RUNS_AT_ONCE);
            let records = self.search_once(CLEAR, &search).await?.items;
            if records.is_empty() {
                return Ok(());
            }
            for record in &records {
                let run = text(record, "sk", CLEAR)?;
                self.clear_run(part, &source, &RunId::new(run)).await?;
                if part.left == 0 {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn clear_run(
        &self,
        part: &mut Part<'_>,
        source: &SourceId,
        run: &RunId,
    ) -> Result<(), StoreError> {
        self.clear_partition(part, &keys::rows_partition(source, run))
            .await?;
        self.clear_partition(part, &keys::removals_partition(source, run))
            .await?;
        if part.left > 0 {
            part.left -= 1;
            let key = [keys::run(source, run)];
            self.delete_all(CLEAR, &self.tables.sync, &key).await?;
        }
        Ok(())
    }

    /// The items of held lists; their headers go with the rest of the partition.
    async fn clear_held_items(&self, part: &mut Part<'_>) -> Result<(), StoreError> {
        if part.left == 0 {
            return Ok(());
        }
        let source = part.lease.source().clone();
        let mut search = self.keys_of(&keys::source_partition(&source));
        search.expression = Expression::key("#pk = :pk AND begins_with(#sk, :prefix)")
            .with(":pk", s(keys::source_partition(&source)))
            .with(":prefix", s(keys::HELD));
        for header in self.search(CLEAR, search).await? {
            let fingerprint = text(&header, "sk", CLEAR)?.trim_start_matches(keys::HELD);
            let pk = keys::held_partition(&source, fingerprint);
            self.clear_partition(part, &pk).await?;
        }
        Ok(())
    }

    /// Everything in a partition whose names no later life of the source uses again.
    async fn clear_partition(&self, part: &mut Part<'_>, pk: &str) -> Result<(), StoreError> {
        while part.left > 0 {
            let mut search = self.keys_of(pk);
            search.limit = i32::try_from(part.left).ok();
            let found = self.search_once(CLEAR, &search).await?;
            let keys = found_keys(&found.items)?;
            part.left -= keys.len().min(part.left);
            self.delete_all(CLEAR, &self.tables.sync, &keys).await?;
            if found.last.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The rest of the source's own partition but lease and clearance. Its names are used again,
    /// so each part checks the lease, or the generation that wrote it.
    async fn clear_rest(&self, part: &mut Part<'_>) -> Result<(), StoreError> {
        if part.left == 0 {
            return Ok(());
        }
        let source = part.lease.source();
        let stays = [keys::settings(source), keys::lease(source)];
        let mut search = self.keys_of(&keys::source_partition(source));
        search.limit = i32::try_from(part.left + stays.len()).ok();
        let found = self.search_once(CLEAR, &search).await?;
        let mut keys = found_keys(&found.items)?;
        keys.retain(|key| !stays.contains(key));
        keys.truncate(part.left);
        part.left = match found.last {
            None => part.left - keys.len(),
            Some(_) => 0,
        };
        let is_page = |key: &Key| key.sk.starts_with(keys::BASELINE);
        let (pages, small): (Vec<Key>, Vec<Key>) = keys.into_iter().partition(is_page);
        let is_set = |key: &Key| key.sk.starts_with(keys::KEPT);
        let (sets, small): (Vec<Key>, Vec<Key>) = small.into_iter().partition(is_set);
        for keys in small.chunks(ITEMS_PER_TRANSACTION) {
            self.clear_under_lease(part.lease, keys).await?;
        }
        for keys in sets.chunks(SETS_PER_TRANSACTION) {
            self.clear_under_lease(part.lease, keys).await?;
        }
        self.clear_baseline(&pages, part.lease.generation()).await
    }

    async fn clear_under_lease(&self, lease: &RunLease, keys: &[Key]) -> Result<(), StoreError> {
        let table = &self.tables.sync;
        let mut actions = vec![self.lease_check(lease)];
        let deletes = keys.iter().cloned();
        actions
            .extend(deletes.map(|key| Action::Delete(table.clone(), key, Expression::default())));
        match self.transact(CLEAR, &actions).await? {
            Transacted::Done => Ok(()),
            // Nothing but the lease has a condition.
            Transacted::Cancelled(_) => Err(StoreError::LeaseLost { act: CLEAR }),
        }
    }

    /// Pages are too large for a transaction.
    async fn clear_baseline(
        &self,
        pages: &[Key],
        generation: Generation,
    ) -> Result<(), StoreError> {
        for key in pages {
            let older = Expression::condition("#gen <= :gen").with(":gen", n(generation));
            let _gone_or_newer: Written = self.delete(CLEAR, &self.tables.sync, key, older).await?;
        }
        Ok(())
    }

    fn keys_of(&self, pk: &str) -> Search {
        Search {
            table: self.tables.sync.clone(),
            expression: Expression::key("#pk = :pk").with(":pk", s(pk)),
            keys_only: true,
            ..Search::default()
        }
    }

    /// The source's history, which goes last, and only with the source.
    pub(super) async fn clear_history(&self, source: &SourceId) -> Result<(), StoreError> {
        let search = self.keys_of(&keys::history_partition(source));
        let keys = found_keys(&self.search(CLEAR, search).await?)?;
        self.delete_all(CLEAR, &self.tables.sync, &keys).await
    }
}

fn found_keys(items: &[crate::wire::Attributes]) -> Result<Vec<Key>, StoreError> {
    let keys = items.iter().map(|item| {
        Ok(Key {
            pk: text(item, "pk", CLEAR)?.to_owned(),
            sk: text(item, "sk", CLEAR)?.to_owned(),
        })
    });
    keys.collect()
}
