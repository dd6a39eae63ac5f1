//! Sources and agents, as a run and as an administrator read them.

use async_trait::async_trait;
use futures::future::try_join_all;
use org_model::SourceId;
use serde_json::Value;
use source_admin::ports::{KeptSource, Unsettled};
use source_settings::{AgentId, AgentSettings, SecretRef, SourceSettings};
use sync_run::ports::{Sources, StoreError};
use sync_run::{SourceState, StoredAgent, StoredSource};

use crate::DynamoStore;
use crate::clearing::{STANDING, VACANT, has_settings};
use crate::wire::Attributes;
use crate::wire::attributes::{from_json, number, optional_text, s, text, time};
use crate::wire::errors::unreadable;
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::query::Search;

const READ_SOURCE: &str = "read a source";
const READ_AGENT: &str = "read an agent";

/// The two items that make a source.
struct SourceItems {
    settings: Attributes,
    state: Option<Attributes>,
}

pub(crate) fn settings_of(item: &Attributes) -> Result<SourceSettings, StoreError> {
    let json = from_json(item, "settings", READ_SOURCE)?;
    SourceSettings::from_stored(&json, secret_of(item))
        .map_err(|problems| no_longer_valid(READ_SOURCE, problems.len()))
}

fn salvaged_settings(item: &Attributes) -> SourceSettings {
    let json = from_json(item, "settings", READ_SOURCE).unwrap_or_default();
    SourceSettings::salvaged(&json, secret_of(item))
}

/// Whether there is a mirror decides whether the organisation may change: unknown counts as yes.
fn salvaged_state(item: Option<&Attributes>) -> SourceState {
    let json = item.and_then(|item| from_json::<Value>(item, "state", READ_SOURCE).ok());
    let has_mirror = json.and_then(|json| json.get("has_mirror")?.as_bool());
    SourceState {
        has_mirror: has_mirror.unwrap_or(true),
        ..SourceState::default()
    }
}

/// The value, or what can be salvaged of it if it is unreadable. Anything else stays an error.
fn or_salvaged<T>(
    read: Result<T, StoreError>,
    salvaged: impl FnOnce() -> T,
    reasons: &mut Vec<String>,
) -> Result<T, StoreError> {
    match read {
        Err(StoreError::Unreadable { reason, .. }) => {
            reasons.push(reason);
            Ok(salvaged())
        }
        other => other,
    }
}

impl DynamoStore {
    async fn source_items(&self, source: &SourceId) -> Result<Option<SourceItems>, StoreError> {
        let wanted = [keys::settings(source), keys::state(source)];
        let (mut settings, mut state) = (None, None);
        for item in self
            .get_all(READ_SOURCE, &self.tables.sync, &wanted)
            .await?
        {
            match text(&item, "sk", READ_SOURCE)? {
                sk if sk == wanted[0].sk => settings = Some(item),
                _ => state = Some(item),
            }
        }
        // A clearance in their place is none of a run's business.
        let settings = settings.filter(has_settings);
        Ok(settings.map(|settings| SourceItems { settings, state }))
    }

    /// As a run has it: readable as a whole, or an error.
    pub(crate) async fn read_source(
        &self,
        source: &SourceId,
    ) -> Result<Option<StoredSource>, StoreError> {
        let Some(items) = self.source_items(source).await? else {
            return Ok(None);
        };
        let settings = settings_of(&items.settings)?;
        let state = self.state_of(source, items.state.as_ref()).await?;
        self.source_of(source, &items.settings, settings, state)
            .map(Some)
    }

    /// As an administrator has it: what is unreadable is salvaged and said.
    pub(crate) async fn kept_source(
        &self,
        source: &SourceId,
    ) -> Result<Option<KeptSource>, StoreError> {
        let Some(items) = self.source_items(source).await? else {
            return Ok(None);
        };
        let mut reasons = Vec::new();
        let salvaged = || salvaged_settings(&items.settings);
        let settings = or_salvaged(settings_of(&items.settings), salvaged, &mut reasons)?;
        let state = self.state_of(source, items.state.as_ref()).await;
        let salvaged = || salvaged_state(items.state.as_ref());
        let state = or_salvaged(state, salvaged, &mut reasons)?;
        let unsettled = unsettled_of(&items.settings, READ_SOURCE);
        let unsettled = or_salvaged(unsettled, Unsettled::default, &mut reasons)?;
        let stored = self.source_of(source, &items.settings, settings, state)?;
        let unreadable = (!reasons.is_empty()).then(|| reasons.join("; "));
        if let Some(reason) = &unreadable {
            tracing::warn!(%source, reason, "a source is unreadable");
        }
        Ok(Some(KeptSource {
            stored,
            unsettled,
            unreadable,
        }))
    }

    fn source_of(
        &self,
        source: &SourceId,
        item: &Attributes,
        settings: SourceSettings,
        state: SourceState,
    ) -> Result<StoredSource, StoreError> {
        let log_days = settings.retention_days.logs;
        self.knows(|known| known.log_days.insert(source.clone(), log_days));
        Ok(StoredSource {
            source: source.clone(),
            settings,
            version: number(item, "version", READ_SOURCE)?,
            created_at: time(item, "created_at", READ_SOURCE)?,
            updated_at: time(item, "updated_at", READ_SOURCE)?,
            updated_by: optional_text(item, "updated_by").map(str::to_owned),
            state,
        })
    }

    /// Everything in an index partition.
    pub(crate) async fn entries(
        &self,
        act: &'static str,
        partition: &str,
    ) -> Result<Vec<Attributes>, StoreError> {
        let search = Search {
            table: self.tables.sync.clone(),
            expression: Expression::key("#pk = :pk").with(":pk", s(partition)),
            ..Search::default()
        };
        self.search(act, search).await
    }

    /// Every source that there may be something to do for: one that is being cleared too, so that
    /// housekeeping goes on with it; not one that is vacant.
    pub(crate) async fn source_ids(&self) -> Result<Vec<SourceId>, StoreError> {
        let act = "list the sources";
        let entries = self.entries(act, keys::SOURCES).await?;
        let ids = entries
            .iter()
            .filter(|entry| optional_text(entry, STANDING) != Some(VACANT))
            .map(|entry| Ok(SourceId::new(text(entry, "sk", act)?)));
        ids.collect()
    }

    pub(crate) async fn read_agent(&self, id: &AgentId) -> Result<Option<StoredAgent>, StoreError> {
        let key = keys::agent(id.as_str());
        let found = self.get(READ_AGENT, &self.tables.sync, &key).await?;
        found.as_ref().map(agent_of).transpose()
    }
}

/// What the settings, or the clearance in their place, ask of the world outside the store.
pub(crate) fn unsettled_of(item: &Attributes, act: &'static str) -> Result<Unsettled, StoreError> {
    match item.get("unsettled") {
        // Written before there was such a thing.
        None => Ok(Unsettled::default()),
        Some(_) => from_json(item, "unsettled", act),
    }
}

pub(crate) fn agent_of(item: &Attributes) -> Result<StoredAgent, StoreError> {
    let id = AgentId::parse(text(item, "sk", READ_AGENT)?);
    let json = from_json(item, "settings", READ_AGENT)?;
    let settings = AgentSettings::from_stored(&json, secret_of(item));
    Ok(StoredAgent {
        id: id.map_err(|_| unreadable(READ_AGENT, "its id is no id"))?,
        settings: settings.map_err(|problems| no_longer_valid(READ_AGENT, problems.len()))?,
        version: number(item, "version", READ_AGENT)?,
        updated_at: time(item, "updated_at", READ_AGENT)?,
        updated_by: optional_text(item, "updated_by").map(str::to_owned),
    })
}

pub(crate) fn secret_of(item: &Attributes) -> Option<SecretRef> {
    Some(SecretRef {
        arn: optional_text(item, "secret_arn")?.to_owned(),
        version: optional_text(item, "secret_version")?.to_owned(),
    })
}

pub(crate) fn no_longer_valid(act: &'static str, problems: usize) -> StoreError {
    unreadable(act, format!("the stored settings have {problems} problems"))
}

#[async_trait]
impl Sources for DynamoStore {
    async fn source(&self, source: &SourceId) -> Result<Option<StoredSource>, StoreError> {
        self.read_source(source).await
    }

    async fn sources(&self) -> Result<Vec<SourceId>, StoreError> {
        self.source_ids().await
    }

    async fn agents(&self, ids: &[AgentId]) -> Result<Vec<StoredAgent>, StoreError> {
        let found = try_join_all(ids.iter().map(|id| self.read_agent(id))).await?;
        Ok(found.into_iter().flatten().collect())
    }
}
