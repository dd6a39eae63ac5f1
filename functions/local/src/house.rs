//! Everything one local process owns: the data folder and what works on it.

use std::fs::{DirBuilder, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use dynamo_store::{DynamoStore, TableNames};
use jiff::SignedDuration;
use source_admin::Admin;
use sync_org::{SystemClock, new_run_id};
use sync_run::ports::{Ports, Progress, Sources};
use testkit::dynamo::{DIRECTORY_TABLE, EmbeddedDynamo, SYNC_TABLE};
use wecom_client::WecomClient;

use crate::schedule::NoScheduler;
use crate::standins::{NoContacts, NoticeFile, SecretFile, TaskStarter};

/// The template is part of the binary, so that it runs from any folder.
const TEMPLATE: &str = include_str!("../../../template.yaml");

/// One process's hold on a data folder.
pub struct House {
    store: DynamoStore,
    wecom: Arc<WecomClient>,
    secrets: Arc<SecretFile>,
    notices: Arc<NoticeFile>,
    starter: Arc<TaskStarter>,
    progress: Arc<dyn Progress>,
    /// Dropped, and with that stopped, after everything that uses it.
    _database: EmbeddedDynamo,
    _lock: File,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House").finish_non_exhaustive()
    }
}

impl House {
    /// Opens a data folder, alone, and takes over what a dead process of its own left. Each
    /// invocation of a run ends after `invocation`.
    ///
    /// # Errors
    /// If another process holds the folder, or its contents cannot be opened.
    pub async fn open(
        data: &Path,
        wecom: WecomClient,
        progress: Arc<dyn Progress>,
        invocation: SignedDuration,
    ) -> anyhow::Result<Arc<Self>> {
        private_folder(data)
            .with_context(|| format!("the data folder {} cannot be made", data.display()))?;
        let lock = lock(data)?;
        let database = EmbeddedDynamo::open(&data.join("dynamodb.sqlite"), TEMPLATE).await?;
        let tables = TableNames {
            directory: DIRECTORY_TABLE.to_owned(),
            sync: SYNC_TABLE.to_owned(),
        };
        let house = Arc::new(Self {
            store: DynamoStore::new(database.client(), tables, Arc::new(SystemClock)),
            wecom: Arc::new(wecom),
            secrets: Arc::new(SecretFile::open(data)?),
            notices: Arc::new(NoticeFile::new(data)),
            starter: Arc::new(TaskStarter::new(invocation)),
            progress,
            _database: database,
            _lock: lock,
        });
        house.starter.belongs_to(&house);
        house.take_over().await?;
        Ok(house)
    }

    /// The ports of one run.
    pub fn run_ports(&self) -> Ports {
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
            notifier: self.notices.clone(),
            events: self.notices.clone(),
            starter: self.starter.clone(),
            clock: Arc::new(SystemClock),
            progress: self.progress.clone(),
        }
    }

    /// The administrator's desk.
    pub fn admin(&self) -> Admin {
        let store = Arc::new(self.store.clone());
        Admin::new(source_admin::Ports {
            settings: store.clone(),
            history: store.clone(),
            clearings: store.clone(),
            agent_checks: store.clone(),
            login_apps: store.clone(),
            vault: self.secrets.clone(),
            secrets: self.secrets.clone(),
            wecom: self.wecom.clone(),
            schedules: Arc::new(NoScheduler),
            contacts: Arc::new(NoContacts),
            notifier: self.notices.clone(),
            queue: store.clone(),
            held: store.clone(),
            kept: store.clone(),
            ranges: store.clone(),
            directory: store,
            starter: self.starter.clone(),
            clock: Arc::new(SystemClock),
        })
    }

    pub fn starter(&self) -> &TaskStarter {
        &self.starter
    }

    pub fn notices(&self) -> PathBuf {
        self.notices.path().to_owned()
    }

    async fn take_over(&self) -> anyhow::Result<()> {
        let ports = self.run_ports();
        for source in Sources::sources(&self.store).await? {
            if let Some(dead) = sync_run::take_over(&ports, &source, &new_run_id()).await? {
                tracing::warn!(%source, run = %dead, "closed a run of a process that died");
            }
        }
        Ok(())
    }
}

/// Everybody's phones and mails stand in it: nobody else on this machine reads it.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

/// The operating system gives the lock back when the process ends, however it ends.
fn lock(data: &Path) -> anyhow::Result<File> {
    let path = data.join("lock");
    let file = File::create(&path).with_context(|| format!("{} cannot be made", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            bail!(
                "the data folder {} is in use by another wecom-sync",
                data.display()
            )
        }
        Err(std::fs::TryLockError::Error(error)) => Err(error).context("the lock failed"),
    }
}
