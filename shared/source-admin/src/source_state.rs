//! What the system knows about a source, gathered for one look at it.

use futures::future::join_all;
use jiff::Timestamp;
use org_model::{RunId, SourceId};
use sync_run::ports::StoreError;
use sync_run::{RunRecord, RunStatus, StoredSource};

use crate::contacts::{ContactView, States, contact_warning, contacts_of};
use crate::ports::{KeptSource, PageRequest};
use crate::settle::unsettled_warnings;
use crate::{Admin, Warning};

/// A live run is looked for among so many: each skipped run beside it takes one place.
const RECENT_RUNS_MAX: u32 = 20;

/// How many of the next start times are shown.
const NEXT_RUNS: usize = 5;

/// A source as it is shown. What could not be read is `None`, and a warning says so.
#[derive(Clone, Debug)]
pub struct SourceView {
    pub stored: StoredSource,
    /// The latest run that was not skipped.
    pub last_run: Option<RunRecord>,
    /// Queued or running.
    pub live_run: Option<RunId>,
    pub held_waiting: Option<u64>,
    pub contacts: Vec<ContactView>,
    /// The next start times in order; none: the schedule is off.
    pub next_runs_at: Vec<Timestamp>,
    pub warnings: Vec<Warning>,
}

/// What is asked once for a look at any number of sources.
struct Beside {
    states: States,
    /// Every source, its server and its corp.
    organisations: Result<Vec<(SourceId, String, String)>, StoreError>,
}

impl Admin {
    pub(crate) async fn view_source(&self, kept: KeptSource) -> SourceView {
        let all = self.ports.settings.all_sources().await;
        let beside = Beside {
            states: self.contact_states([&kept]).await,
            organisations: all.map(|all| organisations(&all)),
        };
        self.view_with(kept, &beside).await
    }

    /// All sources there are.
    pub(crate) async fn view_sources(&self, kept: Vec<KeptSource>) -> Vec<SourceView> {
        let beside = Beside {
            states: self.contact_states(&kept).await,
            organisations: Ok(organisations(&kept)),
        };
        let views = kept.into_iter().map(|one| self.view_with(one, &beside));
        join_all(views).await
    }

    async fn view_with(&self, kept: KeptSource, beside: &Beside) -> SourceView {
        let KeptSource {
            stored,
            unsettled,
            unreadable,
        } = kept;
        let mut warnings = Vec::new();
        let mut note = |error: StoreError| {
            warnings.push(Warning::state_incomplete(&stored.source, &error));
        };
        let runs = self
            .recent_runs(&stored.source)
            .await
            .unwrap_or_else(|error| {
                note(error);
                Vec::new()
            });
        let held_waiting = self.count_waiting(&stored).await.map_err(&mut note).ok();
        let range = self.range_warning(&stored).await.unwrap_or_else(|error| {
            note(error);
            None
        });
        let same_corp = same_corp_warning(&stored, beside).unwrap_or_else(|error| {
            note(error);
            None
        });
        warnings.extend(unreadable.map(|reason| Warning::source_unreadable(&reason)));
        let contacts = contacts_of(&stored, &beside.states);
        warnings.extend(contact_warning(&contacts, &beside.states));
        warnings.extend(unsettled_warnings(&unsettled));
        warnings.extend(same_corp);
        warnings.extend(range);
        let live = runs.iter().find(|run| !run.status.is_final());
        SourceView {
            live_run: live.map(|run| run.run.clone()),
            next_runs_at: next_runs(&stored, self.ports.clock.now()),
            last_run: runs.into_iter().find(|r| r.status != RunStatus::Skipped),
            held_waiting,
            contacts,
            stored,
            warnings,
        }
    }

    /// A range that somebody accepted waits for nobody.
    async fn range_warning(&self, stored: &StoredSource) -> Result<Option<Warning>, StoreError> {
        let range = self.ports.ranges.standing_range(&stored.source).await?;
        let waits = range.filter(|range| range.acceptance.is_none());
        Ok(waits.as_ref().map(Warning::range_waits))
    }

    /// Latest first.
    pub(crate) async fn recent_runs(
        &self,
        source: &SourceId,
    ) -> Result<Vec<RunRecord>, StoreError> {
        let page = PageRequest {
            cursor: None,
            limit: RECENT_RUNS_MAX,
        };
        let runs = self.ports.queue.runs(source, &page).await?;
        Ok(runs.items)
    }

    async fn count_waiting(&self, stored: &StoredSource) -> Result<u64, StoreError> {
        let lists = self.ports.held.lists(&stored.source).await?;
        let waiting = lists.iter().filter(|one| self.waits(&one.list));
        Ok(waiting.count() as u64)
    }
}

fn next_runs(stored: &StoredSource, now: Timestamp) -> Vec<Timestamp> {
    let schedule = &stored.settings.schedule;
    match schedule.enabled {
        true => schedule.next_times(now, NEXT_RUNS),
        false => Vec::new(),
    }
}

fn organisations(sources: &[KeptSource]) -> Vec<(SourceId, String, String)> {
    let organisation = |KeptSource { stored, .. }: &KeptSource| {
        let settings = &stored.settings;
        (
            stored.source.clone(),
            settings.base_url.clone(),
            settings.credentials.corp_id.clone(),
        )
    };
    sources.iter().map(organisation).collect()
}

fn same_corp_warning(
    stored: &StoredSource,
    beside: &Beside,
) -> Result<Option<Warning>, StoreError> {
    let settings = &stored.settings;
    let corp_id = &settings.credentials.corp_id;
    let all = beside.organisations.as_ref().map_err(Clone::clone)?;
    let same = all.iter().filter(|(source, server, corp)| {
        *source != stored.source && *server == settings.base_url && corp == corp_id
    });
    let others: Vec<&SourceId> = same.map(|(source, ..)| source).collect();
    // Of a source that cannot be read, the corp may be unknown.
    let known = !corp_id.is_empty() && !others.is_empty();
    Ok(known.then(|| Warning::same_corp(&others)))
}
