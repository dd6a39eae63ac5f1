//! A small world with a memory, behind every port of this crate: for tests.

mod agents;
mod clearings;
mod directory;
mod held;
mod history;
mod login_apps;
mod ranges;
mod runs;
mod settings;
mod wecom;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use org_model::{DirectoryDepartment, DirectoryUser, RunId, SourceId, UserKey};
use org_plan::HeldItem;
use secrecy::SecretString;
use source_settings::{AgentId, Contact, LoginAppId, Schedule};
use sync_run::ports::{SendError, StoreError};
use sync_run::{
    Cancellation, KeptSet, Notice, Row, RunRecord, RunStatus, StandingRange, StoredAgent,
    StoredHeldList, StoredResolution, StoredSource, Trigger,
};

use crate::ports::{
    AgentCheck, ContactState, HeldHeader, HistoryEntry, KeptSource, Page, PageRequest,
    READ_A_CURSOR, StoredLoginApp, Unsettled,
};
use crate::{Admin, Ports};

pub use clearings::Cleared;
pub use wecom::{Asking, FakeWecom};

/// What can be out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Settings can be read, not written, and nobody knows whether they were.
    SettingsWrite,
    /// Somebody else changes the settings just before the write.
    SettingsRace,
    /// Settings are written, and the answer is lost.
    SettingsAnswer,
    Store,
    Vault,
    VaultRemove,
    SecretsRead,
    Schedules,
    Contacts,
    Notifier,
    Queue,
    Starter,
}

/// The world's memory, open to tests.
#[derive(Default)]
pub struct State {
    pub now: Timestamp,
    pub broken: BTreeSet<Part>,
    /// Everything that was asked of the world, in order.
    pub acts: Vec<&'static str>,
    /// From this act on, nothing answers any more.
    pub acts_max: Option<usize>,
    pub agents: BTreeMap<AgentId, StoredAgent>,
    pub checks: BTreeMap<AgentId, AgentCheck>,
    pub login_apps: BTreeMap<LoginAppId, StoredLoginApp>,
    pub wecom: FakeWecom,
    pub sources: BTreeMap<SourceId, StoredSource>,
    /// Those of them that no run can read; what stands in `sources` was salvaged.
    pub unreadable: BTreeSet<SourceId>,
    /// By ARN.
    pub secrets: BTreeMap<String, SecretString>,
    pub secrets_made: u64,
    pub schedules: BTreeMap<SourceId, Schedule>,
    pub subscriptions: BTreeSet<(Contact, SourceId)>,
    /// Endpoints whose owners confirmed.
    pub confirmed: BTreeSet<Contact>,
    pub unsettled: BTreeMap<SourceId, Unsettled>,
    /// Oldest first.
    pub history: BTreeMap<SourceId, Vec<HistoryEntry>>,
    /// What stands where settings stood.
    pub cleared: BTreeMap<SourceId, Cleared>,
    /// The range that waits, and whom it does not show.
    pub ranges: BTreeMap<SourceId, (StandingRange, Vec<HeldItem>)>,
    pub notices: Vec<Notice>,
    /// Every start of a clearing that was sent.
    pub clearings_started: Vec<SourceId>,
    /// In the order they were queued.
    pub runs: Vec<RunRecord>,
    pub keys: BTreeMap<(SourceId, String), RunId>,
    pub rows: BTreeMap<RunId, Vec<Row>>,
    /// Who wants which live run to stop.
    pub cancellations: BTreeMap<RunId, Cancellation>,
    pub held: Vec<StoredHeldList>,
    /// Oldest decision first.
    pub kept: BTreeMap<SourceId, Vec<KeptSet>>,
    /// By the userid in question.
    pub resolutions: BTreeMap<SourceId, BTreeMap<UserKey, StoredResolution>>,
    /// What was said to be two people.
    pub settled: BTreeMap<SourceId, BTreeMap<UserKey, StoredResolution>>,
    pub users: BTreeMap<SourceId, Vec<DirectoryUser>>,
    /// Records whose userid was given to somebody else, oldest first.
    pub aside: BTreeMap<SourceId, Vec<DirectoryUser>>,
    pub departments: BTreeMap<SourceId, Vec<DirectoryDepartment>>,
    /// Every start of a run that was sent.
    pub started: Vec<(SourceId, RunId, Trigger)>,
}

/// Share it in an `Arc`; see [`World::admin`].
#[derive(Default)]
pub struct World {
    state: Mutex<State>,
}

impl World {
    pub fn new(now: Timestamp) -> Arc<Self> {
        let world = Arc::new(Self::default());
        world.state().now = now;
        world
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn break_part(&self, part: Part) {
        self.state().broken.insert(part);
    }

    /// Everything works again, and nothing has been asked yet.
    pub fn mend(&self) {
        let mut state = self.state();
        state.broken.clear();
        state.acts.clear();
        state.acts_max = None;
    }

    pub fn admin(self: &Arc<Self>) -> Admin {
        Admin::new(Ports {
            settings: self.clone(),
            history: self.clone(),
            clearings: self.clone(),
            agent_checks: self.clone(),
            login_apps: self.clone(),
            vault: self.clone(),
            secrets: self.clone(),
            wecom: self.clone(),
            schedules: self.clone(),
            contacts: self.clone(),
            notifier: self.clone(),
            queue: self.clone(),
            held: self.clone(),
            kept: self.clone(),
            ranges: self.clone(),
            directory: self.clone(),
            starter: self.clone(),
            clock: self.clone(),
        })
    }
}

impl State {
    /// Notes an act, and whether it can still be done.
    fn act(&mut self, part: Part, act: &'static str) -> bool {
        self.acts.push(act);
        let silent = self.acts_max.is_some_and(|max| self.acts.len() > max);
        !silent && !self.broken.contains(&part)
    }

    fn working(&mut self, part: Part, act: &'static str) -> Result<(), StoreError> {
        match !self.act(part, act) || self.broken.contains(&Part::Store) {
            true => Err(StoreError::Unavailable {
                act,
                reason: "told to fail".to_owned(),
            }),
            false => Ok(()),
        }
    }

    fn reachable(
        &mut self,
        part: Part,
        service: &'static str,
        act: &'static str,
    ) -> Result<(), SendError> {
        match !self.act(part, act) {
            true => Err(SendError {
                service,
                reason: "told to fail".to_owned(),
            }),
            false => Ok(()),
        }
    }

    fn kept(&self, stored: &StoredSource) -> KeptSource {
        let unreadable = self.unreadable.contains(&stored.source);
        KeptSource {
            stored: stored.clone(),
            unsettled: self
                .unsettled
                .get(&stored.source)
                .cloned()
                .unwrap_or_default(),
            unreadable: unreadable.then(|| "told to be unreadable".to_owned()),
        }
    }

    fn live_run(&self, source: &SourceId) -> Option<&RunRecord> {
        let mut runs = self.runs.iter();
        runs.find(|run| run.source == *source && run.status == RunStatus::Running)
    }

    fn contact_state(&self, contact: &Contact) -> Option<ContactState> {
        let subscribed = self.subscriptions.iter().any(|(one, _)| one == contact);
        match (subscribed, self.confirmed.contains(contact)) {
            (false, _) => None,
            (true, true) => Some(ContactState::Confirmed),
            (true, false) => Some(ContactState::Pending),
        }
    }
}

/// The cursor is the number of items before the page.
fn page_of<T>(items: impl Iterator<Item = T>, page: &PageRequest) -> Result<Page<T>, StoreError> {
    let start = page.cursor.as_deref().map_or(Ok(0), str::parse::<usize>);
    let start = start.map_err(|_| StoreError::Unreadable {
        act: READ_A_CURSOR,
        reason: "it is no number".to_owned(),
    })?;
    let limit = page.limit as usize;
    let mut items: Vec<T> = items.skip(start).take(limit + 1).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    Ok(Page {
        items,
        next: more.then(|| (start + limit).to_string()),
    })
}

/// As the port says: a list without its items.
fn header_of(list: &StoredHeldList) -> HeldHeader {
    let remaining = list.remaining().count() as u64;
    let mut list = list.clone();
    list.list.items = Vec::<HeldItem>::new();
    list.released.clear();
    HeldHeader { list, remaining }
}
