//! Checks: of a source, step by step, and of an agent.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;
use source_admin::ports::{
    AgentStanding, CheckFailure, RangeCounts, SourceCheck as Found, StepName, StepOutcome,
};
use source_admin::wording::{Language, words};
use source_admin::{CheckedAgent, CheckedSource};
use utoipa::ToSchema;

use super::{AgentStandingWord, StepResultWord, StepWord, Warning, warnings};

/// Why something did not work, in the language that was asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Failure {
    /// Stable, for programs.
    #[schema(example = "untrusted_ip")]
    pub code: &'static str,
    pub cause: String,
    pub remedy: String,
    /// WeCom's own error number.
    pub errcode: Option<i64>,
    /// The address to add to the app's trusted addresses.
    #[schema(value_type = Option<String>)]
    pub ip: Option<IpAddr>,
}

impl Failure {
    pub fn of(failure: &CheckFailure, language: Language) -> Self {
        let words = words(failure, language);
        Self {
            code: failure.code,
            cause: words.cause,
            remedy: words.remedy,
            errcode: failure.errcode,
            ip: failure.ips.first().copied(),
        }
    }
}

/// What a check of a source found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceCheck {
    pub source: String,
    #[schema(value_type = String, format = DateTime)]
    pub checked_at: Timestamp,
    /// Every step passed.
    pub passed: bool,
    /// All steps, in order.
    pub steps: Vec<CheckStep>,
    /// The agent that was used; `null`: directly, or none answered.
    pub agent: Option<String>,
    /// What each agent before the one that was used failed at.
    pub agents_failed: Vec<FailedAgent>,
    /// `null`: the visible range was not reached.
    pub visible_range: Option<VisibleRange>,
    /// Calls to WeCom, by its own names.
    pub calls: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CheckStep {
    pub step: StepWord,
    pub result: StepResultWord,
    /// Stable, for programs; `null` unless it failed, as are the others.
    pub code: Option<&'static str>,
    pub cause: Option<String>,
    pub remedy: Option<String>,
    pub errcode: Option<i64>,
    #[schema(value_type = Option<String>)]
    pub ip: Option<IpAddr>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FailedAgent {
    pub agent: String,
    #[serde(flatten)]
    pub failure: Failure,
}

/// What the app may see.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VisibleRange {
    pub whole_company: bool,
    /// Departments that can be read, those below the declared ones included; `null`: the
    /// department read was not reached.
    pub departments: Option<u64>,
    pub declared_departments: u64,
    /// Members that the range names one by one.
    pub members: u64,
    pub tags: u64,
}

/// Whose server and app to use.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "source": "hq" }))]
pub struct AgentCheckBody {
    /// A source; without: the first that names the agent.
    #[schema(
        required = false,
        value_type = Option<String>,
        pattern = "^[a-z0-9][a-z0-9-]{0,39}$"
    )]
    pub source: String,
}

/// Something is gone.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Deleted {
    /// What is left for somebody to do.
    pub warnings: Vec<Warning>,
}

impl From<source_admin::Deleted> for Deleted {
    fn from(deleted: source_admin::Deleted) -> Self {
        Self {
            warnings: warnings(deleted.warnings),
        }
    }
}

/// What a check of an agent found; it also stands under the agent's `state`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AgentCheck {
    pub agent: String,
    pub standing: AgentStandingWord,
    #[schema(value_type = String, format = DateTime)]
    pub checked_at: Timestamp,
    /// From the first byte to WeCom's answer through the agent.
    pub latency_milliseconds: Option<u64>,
    /// The address that WeCom saw.
    #[schema(value_type = Option<String>)]
    pub egress_ip: Option<IpAddr>,
    /// Whose app was used; `null`: none, so that nobody knows whether the address is trusted.
    pub source: Option<String>,
    /// `null`: all that was asked was answered.
    pub failure: Option<Failure>,
}

impl SourceCheck {
    pub fn of(checked: CheckedSource, language: Language) -> Self {
        let passed = checked.passed();
        let Found {
            steps,
            agents_failed,
            agent,
            range,
            calls,
        } = checked.found;
        let steps = steps.into_iter();
        let agents_failed = agents_failed.into_iter();
        Self {
            source: checked.source.to_string(),
            checked_at: checked.checked_at,
            passed,
            steps: steps
                .map(|step| CheckStep::of(step.name, &step.outcome, language))
                .collect(),
            agent,
            agents_failed: agents_failed
                .map(|(agent, failure)| FailedAgent {
                    agent,
                    failure: Failure::of(&failure, language),
                })
                .collect(),
            visible_range: range.map(VisibleRange::from),
            calls,
        }
    }
}

impl CheckStep {
    fn of(name: StepName, outcome: &StepOutcome, language: Language) -> Self {
        let (result, failure) = match outcome {
            StepOutcome::Passed => (StepResultWord::Passed, None),
            StepOutcome::NotReached => (StepResultWord::NotReached, None),
            StepOutcome::Failed(failure) => {
                (StepResultWord::Failed, Some(Failure::of(failure, language)))
            }
        };
        let (code, errcode, ip) = match &failure {
            Some(failure) => (Some(failure.code), failure.errcode, failure.ip),
            None => (None, None, None),
        };
        let (cause, remedy) = failure.map(|one| (one.cause, one.remedy)).unzip();
        Self {
            step: name.into(),
            result,
            code,
            cause,
            remedy,
            errcode,
            ip,
        }
    }
}

impl From<RangeCounts> for VisibleRange {
    fn from(range: RangeCounts) -> Self {
        Self {
            whole_company: range.whole_company,
            departments: range.departments,
            declared_departments: range.declared_departments,
            members: range.members,
            tags: range.tags,
        }
    }
}

impl AgentCheck {
    pub fn of(checked: CheckedAgent, language: Language) -> Self {
        let failure = checked.failure.as_ref();
        let failure = failure.map(|failure| Failure::of(failure, language));
        let check = checked.check;
        Self {
            agent: checked.agent.to_string(),
            standing: check.standing.into(),
            checked_at: check.at,
            latency_milliseconds: check.latency_milliseconds,
            egress_ip: check.egress_ip,
            source: check.source.map(|source| source.to_string()),
            failure,
        }
    }
}

impl From<AgentStanding> for AgentStandingWord {
    fn from(standing: AgentStanding) -> Self {
        match standing {
            AgentStanding::Running => Self::Running,
            AgentStanding::Unreachable => Self::Unreachable,
            AgentStanding::UntrustedIp => Self::UntrustedIp,
        }
    }
}

impl From<StepName> for StepWord {
    fn from(name: StepName) -> Self {
        match name {
            StepName::Agent => Self::Agent,
            StepName::Tls => Self::Tls,
            StepName::Token => Self::Token,
            StepName::TrustedIp => Self::TrustedIp,
            StepName::VisibleRange => Self::VisibleRange,
            StepName::DepartmentRead => Self::DepartmentRead,
            StepName::MemberRead => Self::MemberRead,
        }
    }
}
