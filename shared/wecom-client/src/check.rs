//! A source checked step by step (DESIGN.md §6).
//!
//! Wanted: every step tells the truth about the settings that are in force now, so the token is a
//! fresh one; WeCom is asked nothing twice, and nothing that a run would not ask; a wrong secret is
//! tried once, because several of them block the address (WECOM.md §2). So there are no retries
//! here: whoever checks can press the button again.
//!
//! A step passes only on evidence. The read of the trusted-IP step is `agent/get`; whatever WeCom
//! refuses it with is that step's failure, since nothing says that WeCom looked at the address
//! first.

mod members;

use source_admin::ports::{
    CheckFailure, CheckStep, RangeCounts, SourceCheck, StepName, StepOutcome,
};
use sync_run::ports::ReadError;

use crate::conversation::Conversation;
use crate::failure::Failure;
use crate::question::Question;
use crate::remedies::{app_disabled, check_failure, empty_range, no_departments};
use crate::token::Token;
use crate::transport::Silence;
use crate::walk::{Patience, walk};
use crate::wire::{AgentAnswer, Malformed, agent_answer, department_list};

/// Where a check ends, and why.
struct Stop {
    step: StepName,
    failure: CheckFailure,
}

/// The agent that serves, the token, and the range it showed.
struct Proof {
    at: usize,
    token: Token,
    range: AgentAnswer,
}

/// A check whose settings cannot even be tried.
pub(crate) fn without_road(error: ReadError) -> SourceCheck {
    let stop = Stop {
        step: StepName::Agent,
        failure: error.into(),
    };
    SourceCheck {
        steps: steps(Some(stop)),
        agents_failed: Vec::new(),
        agent: None,
        range: None,
        calls: Default::default(),
    }
}

pub(crate) async fn check(talk: &Conversation, agent_id: u64) -> SourceCheck {
    let (proven, failed) = prove(talk, agent_id).await;
    let (at, range, stop) = match proven {
        Ok(proof) => {
            let mut counts = counts_of(&proof.range);
            let stop = read(talk, &proof, &mut counts).await.err();
            (proof.at, Some(counts), stop)
        }
        Err((at, stop)) => (at, None, Some(stop)),
    };
    let named = |at: usize| talk.routes.agent_id(at).map(str::to_owned);
    SourceCheck {
        steps: steps(stop),
        agents_failed: failed
            .into_iter()
            .filter_map(|(at, stop)| Some((named(at)?, stop.failure)))
            .collect(),
        agent: named(at),
        range,
        calls: talk.calls(),
    }
}

/// Agents in their order, as a run tries them; first the one to show, then the others that failed.
/// If none serves, the one to show is where WeCom said something final, else who came furthest.
async fn prove(
    talk: &Conversation,
    agent_id: u64,
) -> (Result<Proof, (usize, Stop)>, Vec<(usize, Stop)>) {
    let mut failed = Vec::new();
    let mut token = None;
    for at in 0..talk.routes.len() {
        match range_through(talk, at, agent_id, &mut token).await {
            Ok(proof) => return (Ok(proof), failed),
            Err((step, failure)) => {
                let ended = failure.is_final();
                let stop = located(talk, at, step, failure).await;
                if ended {
                    return (Err((at, stop)), failed);
                }
                failed.push((at, stop));
            }
        }
    }
    (Err(furthest(&mut failed)), failed)
}

async fn range_through(
    talk: &Conversation,
    at: usize,
    agent_id: u64,
    token: &mut Option<Token>,
) -> Result<Proof, (StepName, Failure)> {
    let token = match token {
        // The token is the corp's, not the agent's.
        Some(token) => token.clone(),
        None => {
            let fresh = talk.fresh_token(at).await;
            let fresh = fresh.map_err(|failure| (StepName::Token, failure))?;
            token.insert(fresh).clone()
        }
    };
    let question = Question::agent(agent_id);
    let answer = talk.ask_once(at, &question, &token, &agent_answer).await;
    let range = answer.map_err(|failure| (StepName::TrustedIp, failure))?;
    Ok(Proof { at, token, range })
}

/// The first among equals. There is always one: without agents the direct road.
fn furthest(failed: &mut Vec<(usize, Stop)>) -> (usize, Stop) {
    let best = (0..failed.len()).rev().max_by_key(|at| failed[*at].1.step);
    failed.remove(best.unwrap_or_default())
}

async fn read(talk: &Conversation, proof: &Proof, counts: &mut RangeCounts) -> Result<(), Stop> {
    let range = &proof.range;
    let nothing = range.departments.is_empty() && range.users.is_empty() && range.tags.is_empty();
    if range.closed || nothing {
        let error = if range.closed {
            app_disabled()
        } else {
            empty_range()
        };
        return Err(Stop::of(StepName::VisibleRange, error));
    }
    let step = StepName::DepartmentRead;
    let question = Question::departments();
    let list = talk.ask_once(proof.at, &question, &proof.token, &department_list);
    let list = match list.await {
        Ok(list) if list.broken > 0 => Err(Failure::Malformed(Malformed::Lacks("id"))),
        answer => answer,
    };
    let list = match list {
        Ok(list) => list,
        Err(failure) => return Err(located(talk, proof.at, step, failure).await),
    };
    if list.departments.is_empty() && !range.departments.is_empty() {
        return Err(Stop::of(step, no_departments()));
    }
    counts.departments = Some(list.departments.len() as u64);
    let first = list.departments.first().map(|department| department.id);
    members::read(talk, proof, first).await
}

/// A failure at its step. Silence is looked into: where the road is blocked, that stretch failed,
/// not the question that could not pass.
async fn located(talk: &Conversation, at: usize, step: StepName, failure: Failure) -> Stop {
    let agent = talk.routes.agent(at);
    let (blocked_at, failure) = match failure {
        Failure::Silent(silence) => {
            let (blocked_at, silence) = walked(talk, at, silence).await;
            (blocked_at, Failure::Silent(silence))
        }
        other => (None, other),
    };
    // Later steps have seen the road free: there it is the step that failed.
    let first_read = step <= StepName::TrustedIp;
    Stop {
        step: blocked_at.filter(|_| first_read).unwrap_or(step),
        failure: check_failure(&failure, agent.is_none()),
    }
}

/// Where the road is blocked, if it is, and why: as far as reqwest tells it, else by hand.
pub(crate) async fn walked(
    talk: &Conversation,
    at: usize,
    silence: Silence,
) -> (Option<StepName>, Silence) {
    let agent = talk.routes.agent(at);
    let tunnelled = agent.is_some_and(|agent| agent.url.starts_with("https"));
    if let Some(step) = silence.step(tunnelled) {
        return (Some(step), silence);
    }
    let ground = &talk.routes.ground;
    let patience = Patience::new(ground, talk.time_left());
    match walk(agent, &talk.routes.base, ground, patience).await {
        Err((step, found)) => (Some(step), found),
        // The road is free now, and was not before.
        Ok(()) => match silence {
            Silence::Tls(_) => (Some(StepName::Tls), silence),
            _ if silence.is_before_sending() => (Some(StepName::Agent), silence),
            _ => (None, silence),
        },
    }
}

impl Silence {
    /// The step that it fails, where reqwest tells enough. `through_tls`: a handshake may be the
    /// agent's.
    pub(crate) fn step(self, through_tls: bool) -> Option<StepName> {
        match self {
            Self::BadAgentUrl
            | Self::NameUnknown
            | Self::ForbiddenAddress
            | Self::ConnectRefused
            | Self::AgentRefusesCredentials => Some(StepName::Agent),
            Self::Tls(_) if !through_tls => Some(StepName::Tls),
            _ => None,
        }
    }
}

impl Stop {
    fn of(step: StepName, error: ReadError) -> Self {
        Self {
            step,
            failure: error.into(),
        }
    }
}

fn counts_of(range: &AgentAnswer) -> RangeCounts {
    RangeCounts {
        whole_company: range.departments.contains(&org_model::DepartmentId::ROOT),
        departments: None,
        declared_departments: range.departments.len() as u64,
        members: range.users.len() as u64,
        tags: range.tags.len() as u64,
    }
}

/// Everything before the stop has passed, and nothing after it was reached.
fn steps(stop: Option<Stop>) -> Vec<CheckStep> {
    let mut stop = stop;
    let mut ended = false;
    StepName::ALL
        .into_iter()
        .map(|name| {
            let failed = stop.take_if(|stop| stop.step == name);
            let outcome = match failed {
                Some(stop) => StepOutcome::Failed(stop.failure),
                None if ended => StepOutcome::NotReached,
                None => StepOutcome::Passed,
            };
            ended |= matches!(outcome, StepOutcome::Failed(_));
            CheckStep { name, outcome }
        })
        .collect()
}
