//! Asking one corp, with everything between a question and its answer in layers:
//! failing over between agents, the token, retries, and at the bottom one request.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;
use sync_run::ports::WecomAccess;
use tokio::time::Instant;

use crate::corps::Corp;
use crate::errcode::ErrorClass;
use crate::failure::Failure;
use crate::ground::Ground;
use crate::limits::wait_until;
use crate::pace::{Next, Pace, Tries};
use crate::question::{Call, Question, Request, token_request};
use crate::routes::Routes;
use crate::token::Token;
use crate::transport::{Detour, Silence};
use crate::width::Gate;
use crate::wire::{Malformed, TokenAnswer, judge, token_answer};

/// So many questions in a row that found no answer, each after all its tries: nobody is there.
const UNANSWERED_MAX: u32 = 20;
/// An invalid secret, once seen by a read: a token may also be refused with this (WECOM.md §2).
const INVALID_CREDENTIAL: i64 = 40001;

pub(crate) struct Conversation {
    corp_id: String,
    secret: SecretString,
    corp: Corp,
    deadline: Instant,
    pub routes: Routes,
    gate: Gate,
    unanswered: AtomicU32,
    /// A rate window outlasted its waits: nothing more is asked in this run.
    spent: AtomicBool,
    calls: Mutex<BTreeMap<&'static str, u64>>,
}

/// How an answer is read.
pub(crate) type Decode<'a, T> = &'a (dyn Fn(&[u8]) -> Result<T, Malformed> + Sync);

impl Conversation {
    pub fn open(
        access: WecomAccess,
        base: Url,
        corp: Corp,
        deadline: Instant,
        ground: Ground,
    ) -> Self {
        Self {
            corp_id: access.corp_id,
            secret: access.secret,
            corp,
            deadline,
            routes: Routes::new(access.agents, base, ground),
            gate: Gate::default(),
            unanswered: AtomicU32::new(0),
            spent: AtomicBool::new(false),
            calls: Mutex::default(),
        }
    }

    pub fn calls(&self) -> BTreeMap<String, u64> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect()
    }

    /// Asks through the agent that answers now, and through the next ones if it no longer does.
    pub async fn ask<T>(&self, question: &Question, decode: Decode<'_, T>) -> Result<T, Failure> {
        loop {
            self.may_ask_on()?;
            let at = self.routes.current();
            let answer = self.ask_through(at, question, decode).await;
            match &answer {
                Err(failure) if failure.blames_agent() && self.routes.leave(at) => {
                    self.routes.give_up(at, failure);
                    let agent = self.routes.agent_id(at);
                    tracing::warn!(agent, "the agent no longer serves; taking the next");
                }
                Err(Failure::Silent(_) | Failure::Malformed(_)) => {
                    self.unanswered.fetch_add(1, Ordering::Relaxed);
                    return answer;
                }
                _ => {
                    self.unanswered.store(0, Ordering::Relaxed);
                    return answer;
                }
            }
        }
    }

    /// Saves work: whoever is silent or has no quota left is not asked a thousand times more.
    fn may_ask_on(&self) -> Result<(), Failure> {
        if self.spent.load(Ordering::Relaxed) {
            Err(Failure::OutOfBudget)
        } else if self.unanswered.load(Ordering::Relaxed) >= UNANSWERED_MAX {
            Err(Failure::Silent(Silence::GivenUp))
        } else {
            Ok(())
        }
    }

    /// Asks through one agent. A token that WeCom no longer takes is renewed once.
    pub async fn ask_through<T>(
        &self,
        at: usize,
        question: &Question,
        decode: Decode<'_, T>,
    ) -> Result<T, Failure> {
        let token = self.token_through(at).await?;
        let answer = self.ask_with(at, question, &token, decode).await;
        match &answer {
            Err(failure) if calls_for_new_token(failure) => {
                self.corp.token.forget(&token).await;
                let token = self.token_through(at).await?;
                self.ask_with(at, question, &token, decode).await
            }
            _ => answer,
        }
    }

    async fn ask_with<T>(
        &self,
        at: usize,
        question: &Question,
        token: &Token,
        decode: Decode<'_, T>,
    ) -> Result<T, Failure> {
        let request = question.request(&self.routes.base, &token.text);
        self.try_often(at, &request, decode).await
    }

    async fn token_through(&self, at: usize) -> Result<Token, Failure> {
        let fetch = async {
            let answer: TokenAnswer = self
                .try_often(at, &self.token_request(), &token_answer)
                .await?;
            Ok(answer)
        };
        self.corp.token.get_or(fetch).await
    }

    fn token_request(&self) -> Request {
        token_request(&self.routes.base, &self.corp_id, &self.secret)
    }

    /// A token asked for now, whatever is remembered: it proves the secret that is in force. Once.
    pub async fn fresh_token(&self, at: usize) -> Result<Token, Failure> {
        let request = self.token_request();
        let fetch = self.try_within(self.patience(), at, &request, &token_answer);
        self.corp.token.renew(fetch).await
    }

    /// Asks through one agent with this token, once.
    pub async fn ask_once<T>(
        &self,
        at: usize,
        question: &Question,
        token: &Token,
        decode: Decode<'_, T>,
    ) -> Result<T, Failure> {
        let request = question.request(&self.routes.base, &token.text);
        self.try_within(self.patience(), at, &request, decode).await
    }

    /// For what is asked once: half of the time, so that the other half is there to look into a
    /// silence, and for the next agent.
    fn patience(&self) -> Duration {
        self.time_left() / 2
    }

    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    fn pace(&self) -> &Pace {
        &self.routes.ground.pace
    }

    async fn try_often<T>(
        &self,
        at: usize,
        request: &Request,
        decode: Decode<'_, T>,
    ) -> Result<T, Failure> {
        let mut tries = Tries::default();
        loop {
            let failure = match self.try_once(at, request, decode).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            match tries.after(&failure, self.pace()) {
                Next::GiveUp => return Err(failure),
                Next::OutOfBudget => {
                    self.spent.store(true, Ordering::Relaxed);
                    return Err(Failure::OutOfBudget);
                }
                Next::AfterWindow => self.corp.limits.quiet_for(self.pace().rate_window),
                Next::AfterPause => self.pause(self.pace().rate_window, failure).await?,
                Next::Again { tries } => {
                    self.pause(self.pace().wait_after(tries), failure).await?;
                }
            }
        }
    }

    /// Waits before the next try; where the deadline comes first, `failure` was the last word.
    async fn pause(&self, wait: Duration, failure: Failure) -> Result<(), Failure> {
        let waited = wait_until(Instant::now() + wait, self.deadline).await;
        waited.map_err(|_| failure)
    }

    async fn try_once<T>(
        &self,
        at: usize,
        request: &Request,
        decode: Decode<'_, T>,
    ) -> Result<T, Failure> {
        self.try_within(Duration::MAX, at, request, decode).await
    }

    /// One request: within the limits, through the gate, never past the deadline.
    async fn try_within<T>(
        &self,
        patience: Duration,
        at: usize,
        request: &Request,
        decode: Decode<'_, T>,
    ) -> Result<T, Failure> {
        let transport = self.routes.transport(at).map_err(Failure::Silent)?;
        let pass = self.gate.enter().await;
        let admitted = self.corp.limits.admit(self.deadline).await;
        admitted.map_err(|_| Failure::OutOfBudget)?;
        let timeout = self
            .pace()
            .request_timeout
            .min(self.time_left())
            .min(patience);
        let fetched = transport.fetch(request, timeout).await;
        if !matches!(fetched, Err(Detour::Silent(silence)) if silence.is_before_sending()) {
            self.count(request.call);
        }
        let answer = match fetched {
            Ok(body) => read_answer(request.call, &body, decode),
            Err(Detour::Silent(silence)) => Err(Failure::Silent(silence)),
            Err(Detour::Malformed(malformed)) => Err(Failure::Malformed(malformed)),
        };
        match &answer {
            Ok(_) => pass.content(),
            Err(failure) if failure.class() == Some(ErrorClass::Concurrency) => pass.crowded(),
            Err(_) => {}
        }
        answer
    }

    fn count(&self, call: Call) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry(call.name()).or_default() += 1;
    }
}

fn read_answer<T>(call: Call, body: &[u8], decode: Decode<'_, T>) -> Result<T, Failure> {
    judge(body).map_err(|judged| Failure::of(call, judged))?;
    decode(body).map_err(Failure::Malformed)
}

fn calls_for_new_token(failure: &Failure) -> bool {
    failure.class() == Some(ErrorClass::Refresh) || failure.errcode() == Some(INVALID_CREDENTIAL)
}
