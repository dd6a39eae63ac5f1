//! The administrator's desk: every port, and what several use cases share.

use std::sync::Arc;

use org_model::SourceId;
use source_settings::parse_source_id;
use sync_run::ports::{Clock, Notifier, RunStarter, Secrets};

use crate::ports::{
    AgentChecks, Author, Clearings, Contacts, DirectoryReader, HeldDecisions, History, KeptMarks,
    KeptSource, LoginApps, RangeDecisions, RunQueue, Schedules, SecretVault, SettingsStore,
    SourceStanding, WecomDesk,
};
use crate::{AdminError, Warning};

/// Everything [`Admin`] may ask of the world.
#[derive(Clone)]
pub struct Ports {
    pub settings: Arc<dyn SettingsStore>,
    pub history: Arc<dyn History>,
    pub clearings: Arc<dyn Clearings>,
    pub agent_checks: Arc<dyn AgentChecks>,
    pub login_apps: Arc<dyn LoginApps>,
    pub vault: Arc<dyn SecretVault>,
    pub secrets: Arc<dyn Secrets>,
    pub wecom: Arc<dyn WecomDesk>,
    pub schedules: Arc<dyn Schedules>,
    pub contacts: Arc<dyn Contacts>,
    pub notifier: Arc<dyn Notifier>,
    pub queue: Arc<dyn RunQueue>,
    pub held: Arc<dyn HeldDecisions>,
    pub kept: Arc<dyn KeptMarks>,
    pub ranges: Arc<dyn RangeDecisions>,
    pub directory: Arc<dyn DirectoryReader>,
    pub starter: Arc<dyn RunStarter>,
    pub clock: Arc<dyn Clock>,
}

/// All use cases. Cheap to clone.
#[derive(Clone)]
pub struct Admin {
    pub(crate) ports: Ports,
}

/// What a `PUT` left behind.
#[derive(Clone, Debug)]
pub struct Put<T> {
    /// Nothing was there before.
    pub created: bool,
    pub view: T,
}

impl Admin {
    pub fn new(ports: Ports) -> Self {
        Self { ports }
    }

    pub(crate) fn author(&self, by: &str) -> Author {
        Author {
            by: by.to_owned(),
            at: self.ports.clock.now(),
        }
    }

    /// A source that exists. A text that cannot be a source's name names none.
    pub(crate) async fn known_source(&self, id: &str) -> Result<KeptSource, AdminError> {
        let missing = || AdminError::NotFound {
            what: "source",
            id: id.to_owned(),
        };
        let source = parse_source_id(id).map_err(|_| missing())?;
        if let Some(kept) = self.ports.settings.source(&source).await? {
            return Ok(kept);
        }
        Err(match self.ports.clearings.standing_of(&source).await? {
            SourceStanding::Clearing(clearance) => {
                let left = self.left_to_clear(&clearance).await?;
                AdminError::SourceCleared(clearance, left)
            }
            SourceStanding::Vacant(clearance) => AdminError::SourceVacant(clearance),
            SourceStanding::Unknown | SourceStanding::Settled => missing(),
        })
    }

    /// A source of which something is here, be it only its people.
    pub(crate) async fn known_place(&self, id: &str) -> Result<SourceId, AdminError> {
        let missing = || AdminError::NotFound {
            what: "source",
            id: id.to_owned(),
        };
        let source = parse_source_id(id).map_err(|_| missing())?;
        match self.ports.clearings.standing_of(&source).await? {
            SourceStanding::Unknown => Err(missing()),
            _ => Ok(source),
        }
    }

    pub(crate) async fn known_source_id(&self, id: &str) -> Result<SourceId, AdminError> {
        Ok(self.known_source(id).await?.stored.source)
    }

    /// Starts a queued run; if that fails, the record stays queued and the warning says so.
    pub(crate) async fn start(&self, record: &sync_run::RunRecord) -> Option<Warning> {
        let starter = &self.ports.starter;
        let sent = starter
            .start(&record.source, &record.run, record.trigger)
            .await;
        sent.err().map(|error| Warning::start_delayed(&error))
    }
}
