//! The administrator's desk: every port, and what several use cases share.

use std::sync::Arc;

use org_model::SourceId;
use source_settings::parse_source_id;
use sync_run::ports::{Clock, RunStarter};

use crate::ports::{
    Author, Contacts, DirectoryReader, HeldDecisions, KeptSource, RunQueue, Schedules, SecretVault,
    SettingsStore,
};
use crate::{AdminError, Warning};

/// Everything [`Admin`] may ask of the world.
#[derive(Clone)]
pub struct Ports {
    pub settings: Arc<dyn SettingsStore>,
    pub vault: Arc<dyn SecretVault>,
    pub schedules: Arc<dyn Schedules>,
    pub contacts: Arc<dyn Contacts>,
    pub queue: Arc<dyn RunQueue>,
    pub held: Arc<dyn HeldDecisions>,
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
        let stored = self.ports.settings.source(&source).await?;
        stored.ok_or_else(missing)
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
