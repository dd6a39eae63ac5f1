//! The one store behind all ports.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use jiff::Timestamp;
use org_model::{Fingerprint, SourceId, UserKey};
use source_settings::RetentionDays;
use sync_run::ports::{Clock, StoreError};

use crate::state::Noticed;
use crate::wire::meter::Meter;
use crate::wire::{attributes, keys};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What the two tables are called here (`DIRECTORY_TABLE`, `SYNC_TABLE`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableNames {
    pub directory: String,
    pub sync: String,
}

/// Clones share everything, the meter too.
#[derive(Clone)]
pub struct DynamoStore {
    pub(crate) client: Client,
    pub(crate) tables: TableNames,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) meter: Meter,
    pub(crate) known: Arc<Mutex<Known>>,
}

/// What this handle has read of the sources, so that a quiet run reads and writes it once.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub log_days: BTreeMap<SourceId, u32>,
    /// The baseline that the source's state named when it was last read or written.
    pub baselines: BTreeMap<SourceId, Fingerprint>,
    /// What the source's state remembered of notices when it was last read or written; none of a
    /// source whose state has no such map yet.
    pub noticed: BTreeMap<SourceId, Noticed>,
    /// What was said about conflicts, as it was stored when it was last read.
    pub resolutions: BTreeMap<SourceId, BTreeMap<UserKey, String>>,
    /// Pages of rows that took more than one item, and how many: what is written over them may
    /// take fewer.
    pub row_parts: BTreeMap<(String, String), usize>,
}

impl fmt::Debug for DynamoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoStore")
            .field("tables", &self.tables)
            .finish_non_exhaustive()
    }
}

impl DynamoStore {
    /// The client brings its own retries: standard, three to five attempts. The clock judges
    /// whether a lease has expired and dates what should expire.
    pub fn new(client: Client, tables: TableNames, clock: Arc<dyn Clock>) -> Self {
        Self {
            client,
            tables,
            clock,
            meter: Meter::default(),
            known: Arc::default(),
        }
    }

    /// A store over the SDK's own configuration (`aws_config::SdkConfig`), so that a function need
    /// not name the SDK.
    pub fn connect<C>(config: &C, tables: TableNames, clock: Arc<dyn Clock>) -> Self
    where
        for<'a> aws_sdk_dynamodb::Config: From<&'a C>,
    {
        Self::new(Client::from_conf(config.into()), tables, clock)
    }

    /// The same store for one run: its meter starts at nothing, and it remembers nothing.
    #[must_use]
    pub fn metered(&self) -> Self {
        Self {
            meter: Meter::default(),
            known: Arc::default(),
            ..self.clone()
        }
    }

    pub(crate) fn knows<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// When a log line of this source, written at `at`, may be forgotten: epoch seconds.
    pub(crate) async fn log_expiry(
        &self,
        source: &SourceId,
        at: Timestamp,
    ) -> Result<i64, StoreError> {
        let days = match self.knows(|known| known.log_days.get(source).copied()) {
            Some(days) => days,
            None => self.read_log_days(source).await?,
        };
        Ok(at.as_second() + i64::from(days) * DAY_SECONDS)
    }

    async fn read_log_days(&self, source: &SourceId) -> Result<u32, StoreError> {
        let act = "look up how long logs are kept";
        let found = self
            .get(act, &self.tables.sync, &keys::settings(source))
            .await?;
        let days = match found {
            Some(found) => attributes::number(&found, "log_days", act)?,
            None => RetentionDays::default().logs,
        };
        self.knows(|known| known.log_days.insert(source.clone(), days));
        Ok(days)
    }
}
