//! The real world, plugged in.

use std::sync::Arc;

use aws_services::{BusEvents, LambdaStarter, SnsNotifier, VaultSecrets};
use dynamo_store::{DynamoStore, TableNames};
use lambda_boot::{Failure, Settings, aws_config, environment};
use sync_run::ports::{Events, NoProgress, Notifier, Ports, RunStarter, Secrets, Wecom};
use wecom_client::WecomClient;

use crate::SystemClock;

/// What lives as long as the process: connections, tokens, limits. Runs take their [`Ports`] here.
pub struct World {
    store: DynamoStore,
    wecom: Arc<dyn Wecom>,
    secrets: Arc<dyn Secrets>,
    notifier: Arc<dyn Notifier>,
    events: Arc<dyn Events>,
    starter: Arc<dyn RunStarter>,
}

impl World {
    /// Reads the environment and connects. No request leaves yet.
    ///
    /// # Errors
    /// Every problem of the environment together.
    pub async fn from_environment() -> Result<Self, Failure> {
        let settings = Settings::read(environment)?;
        let config = aws_config().await;
        let clock = Arc::new(SystemClock);
        let tables = TableNames {
            directory: settings.directory_table,
            sync: settings.sync_table,
        };
        Ok(Self {
            store: DynamoStore::connect(&config, tables, clock.clone()),
            wecom: Arc::new(WecomClient::new(clock)),
            secrets: Arc::new(VaultSecrets::new(&config)),
            notifier: Arc::new(SnsNotifier::new(&config, settings.notice_topic_arn)),
            events: Arc::new(BusEvents::new(&config, settings.event_bus_name)),
            starter: Arc::new(LambdaStarter::new(&config, settings.sync_function_arn)),
        })
    }

    /// The ports of one run: the store counts its units from nothing.
    pub fn ports(&self) -> Ports {
        let store = Arc::new(self.store.metered());
        Ports {
            sources: store.clone(),
            leases: store.clone(),
            mirror: store.clone(),
            upkeep: store.clone(),
            runs: store.clone(),
            held: store.clone(),
            decisions: store.clone(),
            outbox: store.clone(),
            ranges: store.clone(),
            clearing: store,
            wecom: self.wecom.clone(),
            secrets: self.secrets.clone(),
            notifier: self.notifier.clone(),
            events: self.events.clone(),
            starter: self.starter.clone(),
            clock: Arc::new(SystemClock),
            progress: Arc::new(NoProgress),
        }
    }
}
