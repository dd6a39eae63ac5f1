//! Sources: put and read. The conditional write of the settings is the one commit point: before
//! it, only secrets nobody names are made; after it, everything is repeatable and reported.

use std::collections::BTreeSet;

use serde_json::Value;
use source_settings::{ParsedSource, SecretRef, SettingsProblem, SourceSettings, parse_source_id};
use sync_run::StoredSource;

use crate::agents::bad_id;
use crate::ports::{HistoryAction, KeptSource, SourceCommit, Unsettled};
use crate::{Admin, AdminError, Precondition, Put, SourceView, Warning};

impl Admin {
    pub async fn source(&self, id: &str) -> Result<SourceView, AdminError> {
        let kept = self.known_source(id).await?;
        Ok(self.view_source(kept).await)
    }

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
        let existing = self.ports.settings.source(&source).await?;
        let existing = existing.map(|kept| kept.stored);
        let expected = precondition.required(existing.as_ref().map(|stored| stored.version))?;
        let parsed = self.judge_source(body, existing.as_ref()).await?;

        let mut settings = parsed.settings;
        let old = existing.as_ref().and_then(secret_of);
        let mut fresh = None;
        if let Some(given) = &parsed.new_secret {
            fresh = Some(self.keep_secret(&format!("sources/{id}"), &given.0).await?);
        }
        settings.credentials.secret = fresh.clone().or_else(|| old.clone());
        let store = &self.ports.settings;
        let author = self.author(by);
        let unsettled = Unsettled {
            schedule: true,
            contacts: true,
            secrets: Vec::new(),
        };
        let commit = SourceCommit {
            settings: &settings,
            expected,
            author: &author,
            action: match existing {
                Some(_) => HistoryAction::Changed,
                None => HistoryAction::Created,
            },
            changes: &[],
            unsettled: &unsettled,
        };
        let outcome = store.put_source(&source, &commit).await;
        let stored = self.after_commit(outcome, fresh.as_ref()).await?;

        let current = settings.credentials.secret.as_ref();
        let mut warnings = Vec::new();
        warnings.extend(self.sweep_replaced(old.as_ref(), current).await);
        warnings.extend(self.set_schedule(&stored).await);
        warnings.extend(self.reconcile_contacts().await);
        let mut view = self.view_source(KeptSource::readable(stored)).await;
        view.warnings.extend(warnings);
        Ok(Put {
            created: existing.is_none(),
            view,
        })
    }

    /// All problems together: of the settings, of the agents they name, of WeCom's quota.
    async fn judge_source(
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

    async fn set_schedule(&self, stored: &StoredSource) -> Option<Warning> {
        let schedules = &self.ports.schedules;
        let set = schedules
            .put(&stored.source, &stored.settings.schedule)
            .await;
        set.err().map(|error| Warning::schedule_not_set(&error))
    }

    /// Makes all subscriptions equal to what all sources say: one endpoint may serve several. An
    /// unreadable source keeps the contacts that can be read of it.
    async fn reconcile_contacts(&self) -> Option<Warning> {
        let sources = match self.ports.settings.all_sources().await {
            Ok(sources) => sources,
            Err(error) => return Some(Warning::contacts_not_reconciled(&error)),
        };
        let wanted: Vec<_> = sources
            .iter()
            .flat_map(|KeptSource { stored, .. }| {
                let contacts = stored.settings.contacts.iter();
                contacts.map(|contact| (contact.clone(), stored.source.clone()))
            })
            .collect();
        let done = self.ports.contacts.reconcile(&wanted).await;
        done.err()
            .map(|error| Warning::contacts_not_reconciled(&error))
    }
}

fn secret_of(stored: &StoredSource) -> Option<SecretRef> {
    stored.settings.credentials.secret.clone()
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
