//! The one commit point of a source's settings: the settings, what they ask of the world outside,
//! the source's entry in the index, its history, and the binding of its agents, in one transaction.
//!
//! Each agent's item counts how often it was named. Races considered:
//! - *An agent is deleted while a source is put that names it:* the transaction asks that the agent
//!   is there and counts; the deletion looks through the sources' settings and asks that nothing
//!   was counted since before it looked: one of the two is refused. An agent that is named no
//!   longer needs no write: the settings themselves say so.
//! - *Two authors change one version:* the second is refused by the version, with its bindings.
//! - *A run reads the organisation that the settings name while they are made to name another:* it
//!   would write one company's people under the settings of the other, and the next run would take
//!   namesakes of userids for the same people. The transaction asks that no run is live and that
//!   none has mirrored anything; a run that is claimed after it reads the new settings.
//! - *The answer is lost and the transaction sent again:* what stands there is recognised as ours.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use org_model::SourceId;
use serde_json::Value;
use source_admin::ports::{Expected, HistoryEntry, SourceCommit};
use source_settings::AgentId;
use sync_run::StoredSource;
use sync_run::ports::StoreError;

use crate::DynamoStore;
use crate::clearing::is_vacant;
use crate::lease::nobody_holds;
use crate::wire::Attributes;
use crate::wire::attributes::{from_json, json, n, number, s};
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::transact::{Action, Refusal, Transacted};

const PUT: &str = "write the settings of a source";

/// A commit beside what stood there when it was prepared.
struct Prepared<'a> {
    commit: &'a SourceCommit<'a>,
    /// The settings as they will be stored.
    text: AttributeValue,
    version: u64,
    /// The source is vacant, as it was cleared at this version.
    vacant: Option<u64>,
    named: BTreeSet<AgentId>,
}

impl DynamoStore {
    pub(super) async fn commit_source(
        &self,
        source: &SourceId,
        commit: &SourceCommit<'_>,
    ) -> Result<StoredSource, StoreError> {
        let key = keys::settings(source);
        let before = self.get(PUT, &self.tables.sync, &key).await?;
        let prepared = Prepared::new(commit, before.as_ref())?;
        if !prepared.stands_in(before.as_ref()) {
            self.send_commit(source, &prepared).await?;
        }
        let kept = self.kept_source(source).await?;
        let stored = kept.map(|kept| kept.stored);
        stored.ok_or(StoreError::Conflict { act: PUT })
    }

    async fn send_commit(
        &self,
        source: &SourceId,
        prepared: &Prepared<'_>,
    ) -> Result<(), StoreError> {
        let actions = self.commit_actions(source, prepared)?;
        let refusals = match self.transact(PUT, &actions).await? {
            Transacted::Done => return Ok(()),
            Transacted::Cancelled(refusals) => refusals,
        };
        match refusals.first() {
            Some(Some(Refusal::Condition(found))) if prepared.stands_in(found.as_ref()) => Ok(()),
            _ => Err(StoreError::Conflict { act: PUT }),
        }
    }

    /// The settings first: their refusal says whose they are.
    fn commit_actions(
        &self,
        source: &SourceId,
        prepared: &Prepared<'_>,
    ) -> Result<Vec<Action>, StoreError> {
        let (table, commit) = (&self.tables.sync, prepared.commit);
        let entry = HistoryEntry {
            at: commit.author.at,
            by: commit.author.by.clone(),
            action: commit.action,
            version: Some(prepared.version),
            changes: commit.changes.to_vec(),
        };
        let mut actions = vec![
            Action::Update(table.clone(), keys::settings(source), prepared.change()),
            Action::Put(
                table.clone(),
                keys::source_entry(source).attributes(),
                Expression::default(),
            ),
            self.history_action(source, &entry)?,
        ];
        let named = prepared.named.iter();
        actions.extend(named.map(|agent| self.bind_action(agent)));
        if commit.moves {
            actions.push(Action::Check(
                table.clone(),
                keys::lease(source),
                nobody_holds(commit.author.at),
            ));
            actions.push(Action::Check(
                table.clone(),
                keys::state(source),
                nothing_mirrored(),
            ));
        }
        Ok(actions)
    }

    /// Binds an agent, unless it does not exist (any more).
    fn bind_action(&self, agent: &AgentId) -> Action {
        let counted = Expression::update("ADD #bindings :one")
            .when("attribute_exists(#version)")
            .with(":one", n(1));
        let table = self.tables.sync.clone();
        Action::Update(table, keys::agent(agent.as_str()), counted)
    }
}

/// No run has written anything of the organisation yet. The state is one text of JSON.
fn nothing_mirrored() -> Expression {
    Expression::condition("attribute_not_exists(#state) OR NOT contains(#state, :mirrored)")
        .with(":mirrored", s("\"has_mirror\":true"))
}

/// The agents that stored settings name, even where the settings as a whole are unreadable.
pub(crate) fn agents_named(item: &Attributes) -> BTreeSet<AgentId> {
    let settings: Value = from_json(item, "settings", PUT).unwrap_or_default();
    let named = settings.get("agents").and_then(Value::as_array);
    let named = named.into_iter().flatten().filter_map(Value::as_str);
    named.filter_map(|id| AgentId::parse(id).ok()).collect()
}

impl<'a> Prepared<'a> {
    fn new(commit: &'a SourceCommit<'a>, before: Option<&Attributes>) -> Result<Self, StoreError> {
        let vacant = match before.filter(|item| is_vacant(item)) {
            Some(item) => Some(number::<u64>(item, "version", PUT)?),
            None => None,
        };
        Ok(Self {
            commit,
            text: json(commit.settings),
            version: match commit.expected {
                Expected::Version(version) => version + 1,
                // Versions go on, so that no ETag of what was there before fits.
                Expected::Absent => vacant.unwrap_or(0) + 1,
            },
            vacant,
            named: commit.settings.agents.iter().cloned().collect(),
        })
    }

    /// What stands there is this very change, sent before: by the same hand at the same moment,
    /// with the same content, as the next version or newly made.
    fn stands_in(&self, found: Option<&Attributes>) -> bool {
        let at = s(self.commit.author.at.to_string());
        found.is_some_and(|found| {
            let is_next = match self.commit.expected {
                Expected::Absent => found.get("created_at") == Some(&at),
                Expected::Version(_) => found.get("version") == Some(&n(self.version)),
            };
            is_next
                && found.get("updated_at") == Some(&at)
                && found.get("updated_by") == Some(&s(self.commit.author.by.as_str()))
                && found.get("settings") == Some(&self.text)
        })
    }

    fn change(&self) -> Expression {
        let mut text = "SET #settings = :settings, #log_days = :log_days, #version = :version, \
                        #created_at = if_not_exists(#created_at, :at), #updated_at = :at, \
                        #updated_by = :by, #unsettled = :unsettled"
            .to_owned();
        let settings = self.commit.settings;
        let secret = settings.credentials.secret.as_ref();
        text.push_str(match secret {
            Some(_) => ", #secret_arn = :arn, #secret_version = :secret_version REMOVE ",
            None => " REMOVE #secret_arn, #secret_version, ",
        });
        // Of the clearance of a source that is put anew.
        text.push_str("#clearing_at, #clearing_by, #remove, #outside_done, #cleared_at");
        let mut change = Expression::update(&text)
            .with(":settings", self.text.clone())
            .with(":log_days", n(settings.retention_days.logs))
            .with(":version", n(self.version))
            .with(":at", s(self.commit.author.at.to_string()))
            .with(":by", s(self.commit.author.by.as_str()))
            .with(":unsettled", json(self.commit.unsettled));
        if let Some(secret) = secret {
            change = change
                .with(":arn", s(secret.arn.as_str()))
                .with(":secret_version", s(secret.version.as_str()));
        }
        self.if_expected(change)
    }

    fn if_expected(&self, change: Expression) -> Expression {
        match (self.commit.expected, self.vacant) {
            (Expected::Absent, None) => change.when("attribute_not_exists(#pk)"),
            (Expected::Absent, Some(version)) => change
                .when("#version = :expected AND attribute_exists(#cleared_at)")
                .with(":expected", n(version)),
            (Expected::Version(version), _) => change
                .when("#version = :expected AND attribute_exists(#settings)")
                .with(":expected", n(version)),
        }
    }
}
