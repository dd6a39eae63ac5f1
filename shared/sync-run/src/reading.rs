//! Steps 3 and 4: read everything, then judge whether absence from it is evidence.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use org_model::{DepartmentId, ExpandedRange, OrgSnapshot, RawDepartment, RawOrg, SealEvidence};
use secrecy::{ExposeSecret, SecretString};
use source_settings::SourceSettings;

use crate::StoredSource;
use crate::book::Book;
use crate::ports::{AgentAccess, Answer, Step, WecomAccess, WecomScope, WecomSession};
use crate::ranges::RangeStory;
use crate::refused_secret;
use crate::run::DEADLINE_MARGIN;
use crate::trouble::Trouble;

/// The share of a run's time that reading may take; the rest is for applying. A first sync writes
/// about as long as it reads.
const READING_SHARE_PERCENT: i64 = 60;

/// A judged reading, and the conversation it came from.
pub(crate) struct Reading {
    pub snapshot: OrgSnapshot,
    pub session: Box<dyn WecomSession>,
    /// Departments that were already asked about by name while judging the range.
    pub asked_departments: BTreeMap<DepartmentId, Answer<RawDepartment>>,
    pub whole_company: bool,
    /// The settings leave something out: who answers by name may be out of scope all the same.
    pub scoped: bool,
    pub range: RangeStory,
}

pub(crate) async fn read(book: &mut Book<'_>, source: &StoredSource) -> Result<Reading, Trouble> {
    book.ports.progress.step(Step::Read);
    let access = access(book, &source.settings).await?;
    let session = match book.ports.wecom.connect(access).await {
        Ok(session) => session,
        Err(error) => {
            book.note_calls(*error.calls.clone());
            return Err(error.into());
        }
    };
    book.note_conversation(session.as_ref());
    let raw = session
        .read(&scope(&source.settings), book.ports.progress.as_ref())
        .await;
    book.note_conversation(session.as_ref());
    let raw = raw?;
    // WeCom took it.
    book.state.refused_secret = None;
    book.ports.progress.step(Step::Seal);
    let (whole_company, scoped) = (raw.sees_whole_company(), raw.scoped);
    let range = RangeStory::load(book, source, &raw).await?;
    let asked = ask_missing_departments(session.as_ref(), &raw, source).await;
    let evidence = SealEvidence {
        baseline: source.state.baseline.as_ref(),
        agent_changed: agent_changed(source),
        gone_departments: excused(&raw, source, &asked),
        gone_users: BTreeSet::new(),
        range_accepted: range.is_accepted(),
    };
    let snapshot = OrgSnapshot::judge(raw, &evidence);
    Ok(Reading {
        snapshot,
        session,
        asked_departments: asked,
        whole_company,
        scoped,
        range,
    })
}

async fn access(book: &Book<'_>, settings: &SourceSettings) -> Result<WecomAccess, Trouble> {
    let reference = settings
        .credentials
        .secret
        .as_ref()
        .ok_or_else(Trouble::no_secret)?;
    refused_secret::check(book, &settings.credentials)?;
    let secret = book.ports.secrets.secret(reference).await;
    let secret = secret.map_err(|error| Trouble::secret_unavailable(&error))?;
    let span = book.deadline.duration_since(book.ports.clock.now());
    let reading_seconds = span.as_secs() * READING_SHARE_PERCENT / 100;
    let deadline = book.ports.clock.now() + SignedDuration::from_secs(reading_seconds.max(1));
    Ok(WecomAccess {
        base_url: settings.base_url.clone(),
        corp_id: settings.credentials.corp_id.clone(),
        agent_id: u64::from(settings.credentials.agent_id),
        secret,
        agents: agents(book, settings).await?,
        deadline: deadline.min(book.deadline - DEADLINE_MARGIN),
    })
}

/// The agents that the settings name. One that is missing stops the run: going around it could
/// show WeCom an address it does not trust.
async fn agents(book: &Book<'_>, settings: &SourceSettings) -> Result<Vec<AgentAccess>, Trouble> {
    let stored = book.ports.sources.agents(&settings.agents).await?;
    let mut agents = Vec::new();
    for id in &settings.agents {
        let Some(agent) = stored.iter().find(|agent| agent.id == *id) else {
            return Err(Trouble::missing_agent(id.as_str()));
        };
        let credentials = match &agent.settings.credentials {
            None => None,
            Some(reference) => {
                let found = book.ports.secrets.secret(reference).await;
                let found = found.map_err(|error| Trouble::secret_unavailable(&error))?;
                Some(credentials_in(&found, id.as_str())?)
            }
        };
        let url = agent.settings.url.clone();
        agents.push(AgentAccess {
            id: id.as_str().to_owned(),
            url,
            credentials,
        });
    }
    Ok(agents)
}

/// An agent's secret is JSON: `{"username","password"}`.
fn credentials_in(secret: &SecretString, agent: &str) -> Result<(String, SecretString), Trouble> {
    #[derive(serde::Deserialize)]
    struct Stored {
        username: String,
        password: SecretString,
    }
    // The parser's message could repeat the secret: it is dropped on purpose.
    let stored: Stored = serde_json::from_str(secret.expose_secret())
        .map_err(|_| Trouble::agent_credentials(agent))?;
    Ok((stored.username, stored.password))
}

fn scope(settings: &SourceSettings) -> WecomScope {
    WecomScope {
        include: settings.scope.include_departments.clone(),
        exclude: settings.scope.exclude_departments.clone(),
    }
}

/// Another app sees another range: what it does not show proves nothing about the old one.
fn agent_changed(source: &StoredSource) -> bool {
    let now = u64::from(source.settings.credentials.agent_id);
    source
        .state
        .baseline_agent_id
        .is_some_and(|then| then != now)
}

fn missing_departments(raw: &RawOrg, baseline: Option<&ExpandedRange>) -> BTreeSet<DepartmentId> {
    let range = raw.expanded_range();
    baseline
        .map(|baseline| &baseline.departments - &range.departments)
        .unwrap_or_default()
}

/// Asks for the departments that the baseline had and this reading lacks, within the budget. Only
/// where the whole company is visible: elsewhere an answer would prove nothing.
async fn ask_missing_departments(
    session: &dyn WecomSession,
    raw: &RawOrg,
    source: &StoredSource,
) -> BTreeMap<DepartmentId, Answer<RawDepartment>> {
    let mut answers = BTreeMap::new();
    if !raw.sees_whole_company() || !raw.gaps.is_empty() || raw.departments.is_empty() {
        return answers;
    }
    let budget = source.settings.absence_budget().departments as usize;
    let missing = missing_departments(raw, source.state.baseline.as_ref());
    for id in missing.into_iter().take(budget) {
        answers.insert(id, session.ask_department(id).await);
    }
    answers
}

/// The missing departments that do not make the range narrower: those confirmed gone, and, where
/// the whole company is visible, those beyond the budget. The latter stay candidates that nobody
/// asked about: they count towards the thresholds, one more than `max_count`, and are held.
fn excused(
    raw: &RawOrg,
    source: &StoredSource,
    asked: &BTreeMap<DepartmentId, Answer<RawDepartment>>,
) -> BTreeSet<DepartmentId> {
    if asked.is_empty() {
        return BTreeSet::new();
    }
    let missing = missing_departments(raw, source.state.baseline.as_ref());
    missing
        .into_iter()
        .filter(|id| asked.get(id).is_none_or(|a| *a == Answer::Absent))
        .collect()
}
