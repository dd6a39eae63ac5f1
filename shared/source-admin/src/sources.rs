//! Sources: put and read. The conditional write of the settings is the one commit point: before
//! it, only secrets nobody names are made; what has to follow it stands beside the settings until
//! it is done (`settle.rs`).

use std::collections::BTreeSet;

use org_model::SourceId;
use secrecy::SecretString;
use serde_json::Value;
use source_settings::{
    ParsedSource, SecretRef, SettingsProblem, SourceSettings, parse_source_id, protection_problems,
    settings_changes,
};
use sync_run::{RunRecord, RunStatus, StoredSource};

use crate::agents::bad_id;
use crate::ports::{Expected, HistoryAction, KeptSource, SourceCommit, SourceStanding, Unsettled};
use crate::{Admin, AdminError, Precondition, Put, SourceView};

/// A judged change of a source, on its way to the commit point.
pub(crate) struct SourceChange<'a> {
    pub source: &'a SourceId,
    /// What was read, and what `expected` is about.
    pub existing: Option<&'a KeptSource>,
    pub expected: Expected,
    /// With the place of the secret that stays, where one does.
    pub settings: SourceSettings,
    /// A secret that is not kept yet; it replaces the one that stands.
    pub new_secret: Option<SecretString>,
    pub action: HistoryAction,
    pub by: &'a str,
}

impl Admin {
    pub async fn source(&self, id: &str) -> Result<SourceView, AdminError> {
        let kept = self.known_source(id).await?;
        Ok(self.view_source(kept).await)
    }

    /// Those with settings; what is being cleared or vacant is none of them.
    pub async fn sources(&self) -> Result<Vec<SourceView>, AdminError> {
        let kept = self.ports.settings.all_sources().await?;
        Ok(self.view_sources(kept).await)
    }

    /// Judges the body as a whole and makes it the source's settings. Settings that cannot be read
    /// any more are replaced like any others.
    pub async fn put_source(
        &self,
        id: &str,
        body: &str,
        precondition: &Precondition,
        by: &str,
    ) -> Result<Put<SourceView>, AdminError> {
        let source = parse_source_id(id).map_err(|error| bad_id(&error))?;
        let existing = self.settings_or_room(&source).await?;
        let stored = existing.as_ref().map(|kept| &kept.stored);
        let expected = precondition.required(stored.map(|stored| stored.version))?;
        let taken = self.with_login_app(body).await?;
        let parsed = self.judge_source(&taken.body, stored).await?;
        taken.judge_server(&parsed.settings)?;
        let change = SourceChange {
            source: &source,
            existing: existing.as_ref(),
            expected,
            settings: parsed.settings,
            new_secret: parsed.new_secret.map(|given| given.0),
            action: match existing {
                Some(_) => HistoryAction::Changed,
                None => HistoryAction::Created,
            },
            by,
        };
        self.change_source(change).await
    }

    /// Commits a change and does what has to follow it. One that changes nothing makes no version
    /// and no entry in the history, but completes what an earlier one left.
    pub(crate) async fn change_source(
        &self,
        change: SourceChange<'_>,
    ) -> Result<Put<SourceView>, AdminError> {
        let created = change.existing.is_none();
        let kept = match change.existing {
            Some(existing) if change.changes_nothing(existing) => existing.clone(),
            _ => self.commit_source(change).await?,
        };
        let warnings = self.settle(&kept).await;
        // What is left was just tried: the warnings say what came of it.
        let mut view = self
            .view_source(KeptSource {
                unsettled: Unsettled::default(),
                ..kept
            })
            .await;
        view.warnings.extend(warnings);
        Ok(Put { created, view })
    }

    async fn commit_source(&self, change: SourceChange<'_>) -> Result<KeptSource, AdminError> {
        let mut settings = change.settings;
        let mut fresh = None;
        if let Some(given) = &change.new_secret {
            let purpose = format!("sources/{}", change.source);
            fresh = Some(self.keep_secret(&purpose, given).await?);
        }
        let old = change.existing.and_then(secret_of);
        settings.credentials.secret = fresh.clone().or_else(|| old.clone());
        let unsettled = Unsettled {
            schedule: true,
            contacts: true,
            secrets: unused_secrets(change.existing, old, fresh.as_ref()),
        };
        let author = self.author(change.by);
        let before = change.existing.map(|kept| &kept.stored.settings);
        let commit = SourceCommit {
            settings: &settings,
            expected: change.expected,
            author: &author,
            action: change.action,
            changes: &settings_changes(before, &settings, fresh.is_some()),
            unsettled: &unsettled,
            moves: before.is_some_and(|before| settings.corp_or_server_changed(before)),
        };
        let outcome = self.ports.settings.put_source(change.source, &commit).await;
        let stored = match self.after_commit(outcome, fresh.as_ref()).await {
            Err(AdminError::Stale) if commit.moves => {
                return Err(self.why_refused(change.source).await);
            }
            stored => stored?,
        };
        Ok(KeptSource {
            stored,
            unsettled,
            unreadable: None,
        })
    }

    /// Why the store refused another organisation: a run reads the old one, and would write its
    /// people under the settings of the new one; or somebody else changed the settings.
    async fn why_refused(&self, source: &SourceId) -> AdminError {
        let runs = match self.recent_runs(source).await {
            Ok(runs) => runs.into_iter(),
            Err(error) => return AdminError::Store(error),
        };
        let mut live = runs.filter(|record| record.status == RunStatus::Running);
        match live.next() {
            Some(RunRecord { run, .. }) => AdminError::RunLive { run },
            None => AdminError::Stale,
        }
    }

    /// What a PUT meets: settings, or room for them.
    async fn settings_or_room(&self, source: &SourceId) -> Result<Option<KeptSource>, AdminError> {
        let existing = self.ports.settings.source(source).await?;
        if existing.is_none()
            && let SourceStanding::Clearing(clearance) =
                self.ports.clearings.standing_of(source).await?
        {
            let left = self.left_to_clear(&clearance).await?;
            return Err(AdminError::BeingCleared(clearance, left));
        }
        Ok(existing)
    }

    /// All problems together: of the settings, of the agents they name, of WeCom's quota, of rules
    /// that would never trip.
    pub(crate) async fn judge_source(
        &self,
        body: &str,
        existing: Option<&StoredSource>,
    ) -> Result<ParsedSource, AdminError> {
        let json: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        let judged = SourceSettings::parse_text(body, existing.map(|stored| &stored.settings));
        if let Some(stored) = existing.filter(|stored| stored.state.has_mirror) {
            let other = match &judged {
                Ok(parsed) => parsed.settings.corp_or_server_changed(&stored.settings),
                Err(_) => names_other_organisation(&json, &stored.settings),
            };
            if other {
                return Err(AdminError::OtherOrganisation);
            }
        }
        let mut problems = self.unknown_agents(&json).await?;
        match judged {
            Ok(parsed) => {
                problems.extend(quota_problem(&parsed.settings, existing));
                problems.extend(idle_rules(&parsed.settings, existing));
                if problems.is_empty() {
                    return Ok(parsed);
                }
            }
            Err(found) => {
                problems.retain(|ours| found.iter().all(|theirs| theirs.pointer != ours.pointer));
                problems.extend(found);
            }
        }
        problems.sort();
        Err(AdminError::of_body(body, problems))
    }

    async fn unknown_agents(&self, json: &Value) -> Result<Vec<SettingsProblem>, AdminError> {
        let Some(named) = json.get("agents").and_then(Value::as_array) else {
            return Ok(Vec::new());
        };
        let stored = self.ports.settings.agents().await?;
        let known: BTreeSet<&str> = stored.iter().map(|agent| agent.id.as_str()).collect();
        let problems = named.iter().enumerate().filter_map(|(index, agent)| {
            let unknown = agent.as_str().is_some_and(|id| !known.contains(id));
            unknown.then(|| SettingsProblem {
                pointer: format!("/agents/{index}"),
                message: "there is no such agent".to_owned(),
                remedy: "make the agent first, or leave it out".to_owned(),
            })
        });
        Ok(problems.collect())
    }
}

impl SourceChange<'_> {
    /// A given secret cannot be told from the stored one without reading that: it is a change.
    fn changes_nothing(&self, existing: &KeptSource) -> bool {
        self.new_secret.is_none()
            && existing.unreadable.is_none()
            && existing.stored.settings == self.settings
    }
}

pub(crate) fn secret_of(kept: &KeptSource) -> Option<SecretRef> {
    kept.stored.settings.credentials.secret.clone()
}

/// What could not be swept before, and the secret that is replaced now.
fn unused_secrets(
    existing: Option<&KeptSource>,
    old: Option<SecretRef>,
    fresh: Option<&SecretRef>,
) -> Vec<SecretRef> {
    let before = existing.map(|kept| kept.unsettled.secrets.clone());
    let mut unused = before.unwrap_or_default();
    unused.extend(old.filter(|_| fresh.is_some()));
    unused
}

/// Of a body that has problems: does it name another corp or server all the same? Then that is
/// the answer, not the secret that is missing because of it.
fn names_other_organisation(json: &Value, stored: &SourceSettings) -> bool {
    let corp = json.pointer("/credentials/corp_id").and_then(Value::as_str);
    let server = json.get("base_url").and_then(Value::as_str);
    corp.is_some_and(|corp| corp != stored.credentials.corp_id)
        || server.is_some_and(|server| server.trim_end_matches('/') != stored.base_url)
}

/// The last sealed reading says how many departments one run asks for.
fn quota_problem(
    settings: &SourceSettings,
    existing: Option<&StoredSource>,
) -> Option<SettingsProblem> {
    let baseline = existing?.state.baseline.as_ref()?;
    let departments = u32::try_from(baseline.departments.len()).unwrap_or(u32::MAX);
    let schedule = &settings.schedule;
    schedule
        .enabled
        .then(|| schedule.quota_problem(departments))?
}

/// Rules that would never trip in a mirror of the size that the last sealed reading found.
fn idle_rules(settings: &SourceSettings, existing: Option<&StoredSource>) -> Vec<SettingsProblem> {
    let Some(stored) = existing else {
        return Vec::new();
    };
    let Some(size) = stored.state.mirror_size else {
        return Vec::new();
    };
    let before = Some(&stored.settings);
    protection_problems(settings, before, size.users, size.departments)
}
