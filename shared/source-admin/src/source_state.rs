//! What the system knows about a source, gathered for one look at it.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use jiff::Timestamp;
use org_model::RunId;
use source_settings::Contact;
use sync_run::ports::{SendError, StoreError};
use sync_run::{RunRecord, RunStatus, StoredSource};

use crate::ports::{ContactState, KeptSource, PageRequest};
use crate::{Admin, Warning};

/// A live run is looked for among so many: each skipped run beside it takes one place.
const RECENT_RUNS_MAX: u32 = 20;

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
    /// `None`: the schedule is off.
    pub next_run_at: Option<Timestamp>,
    pub warnings: Vec<Warning>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactView {
    pub contact: Contact,
    /// `None`: it could not be asked.
    pub state: Option<ContactState>,
}

type States = Result<BTreeMap<Contact, ContactState>, SendError>;

impl Admin {
    pub(crate) async fn view_source(&self, kept: KeptSource) -> SourceView {
        let states = self.contact_states([&kept]).await;
        self.view_with(kept, &states).await
    }

    pub(crate) async fn view_sources(&self, kept: Vec<KeptSource>) -> Vec<SourceView> {
        let states = self.contact_states(&kept).await;
        let views = kept.into_iter().map(|one| self.view_with(one, &states));
        join_all(views).await
    }

    async fn contact_states<'a>(&self, kept: impl IntoIterator<Item = &'a KeptSource>) -> States {
        let contacts = kept
            .into_iter()
            .flat_map(|one| &one.stored.settings.contacts);
        let contacts: BTreeSet<Contact> = contacts.cloned().collect();
        if contacts.is_empty() {
            return Ok(BTreeMap::new());
        }
        let contacts: Vec<Contact> = contacts.into_iter().collect();
        let states = self.ports.contacts.states(&contacts).await?;
        Ok(states.into_iter().collect())
    }

    async fn view_with(&self, kept: KeptSource, states: &States) -> SourceView {
        let KeptSource {
            stored,
            unsettled: _,
            unreadable,
        } = kept;
        let mut warnings = Vec::new();
        let unreadable = unreadable.map(|reason| Warning::source_unreadable(&reason));
        let mut note = |error: StoreError| {
            warnings.push(Warning::state_incomplete(&stored.source, &error));
        };
        let runs = self.recent_runs(&stored).await.unwrap_or_else(|error| {
            note(error);
            Vec::new()
        });
        let held_waiting = self.count_waiting(&stored).await.map_err(&mut note).ok();
        warnings.extend(unreadable);
        let contacts = contacts_of(&stored, states);
        warnings.extend(contact_warning(&contacts, states));
        let schedule = &stored.settings.schedule;
        let now = self.ports.clock.now();
        let live = runs.iter().find(|run| !run.status.is_final());
        SourceView {
            live_run: live.map(|run| run.run.clone()),
            next_run_at: schedule.enabled.then(|| schedule.next_after(now)),
            last_run: runs.into_iter().find(|r| r.status != RunStatus::Skipped),
            held_waiting,
            contacts,
            stored,
            warnings,
        }
    }

    async fn recent_runs(&self, stored: &StoredSource) -> Result<Vec<RunRecord>, StoreError> {
        let page = PageRequest {
            cursor: None,
            limit: RECENT_RUNS_MAX,
        };
        let runs = self.ports.queue.runs(&stored.source, &page).await?;
        Ok(runs.items)
    }

    async fn count_waiting(&self, stored: &StoredSource) -> Result<u64, StoreError> {
        let lists = self.ports.held.lists(&stored.source).await?;
        let waiting = lists.iter().filter(|one| self.waits(&one.list));
        Ok(waiting.count() as u64)
    }
}

/// A contact without a subscription is gone.
fn contacts_of(stored: &StoredSource, states: &States) -> Vec<ContactView> {
    let view = |contact: &Contact| ContactView {
        contact: contact.clone(),
        state: states
            .as_ref()
            .ok()
            .map(|states| states.get(contact).copied().unwrap_or(ContactState::Gone)),
    };
    let contacts = stored.settings.contacts.iter();
    contacts.map(view).collect()
}

fn contact_warning(contacts: &[ContactView], states: &States) -> Option<Warning> {
    let confirmed = contacts
        .iter()
        .any(|contact| contact.state == Some(ContactState::Confirmed));
    match states {
        Err(error) if !contacts.is_empty() => Some(Warning::contacts_unknown(error)),
        _ if confirmed => None,
        _ => Some(Warning::no_confirmed_contact()),
    }
}
