//! One run's conversation, as the port promises it.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use org_model::{DepartmentId, RawDepartment, RawMember, RawOrg, UserId};
use sync_run::ports::{AgentFailure, Answer, Progress, ReadError, WecomScope, WecomSession};

use crate::conversation::Conversation;
use crate::errcode::ErrorClass;
use crate::failure::Failure;
use crate::question::Question;
use crate::reading;
use crate::remedies::{app_disabled, no_agent, read_error};
use crate::wire::{AgentAnswer, agent_answer, department_answer, member_answer};

/// One conversation with one corp: [`WecomSession`], and the reads that no run makes.
pub struct Session {
    pub(crate) talk: Arc<Conversation>,
    agent_id: u64,
    /// The answer that proved the agent; the first reading takes it as its range before.
    proof: Mutex<Option<AgentAnswer>>,
    /// WeCom takes no more look-ups by mobile: none is asked again.
    pub(crate) lookups_blocked: AtomicBool,
}

impl Session {
    pub(crate) fn new(talk: Arc<Conversation>, agent_id: u64, proof: AgentAnswer) -> Self {
        Self {
            talk,
            agent_id,
            proof: Mutex::new(Some(proof)),
            lookups_blocked: AtomicBool::new(false),
        }
    }

    /// What the app may see: as the session began, or as it is now if that was used up.
    pub(crate) async fn range(&self) -> Result<AgentAnswer, Failure> {
        let proof = self.proof().clone();
        match proof {
            Some(proof) => Ok(proof),
            None => self.talk.ask_agent(self.agent_id).await,
        }
    }

    fn take_proof(&self) -> Option<AgentAnswer> {
        self.proof().take()
    }

    fn proof(&self) -> MutexGuard<'_, Option<AgentAnswer>> {
        self.proof.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failure of one question; silence is told of the agent that was silent.
    pub(crate) fn error(&self, failure: Failure) -> ReadError {
        match failure {
            Failure::Silent(_) => no_agent(vec![(self.agent(), failure)]),
            _ => read_error(&failure),
        }
    }
}

impl Conversation {
    pub async fn ask_agent(&self, agent_id: u64) -> Result<AgentAnswer, Failure> {
        self.ask(&Question::agent(agent_id), &agent_answer).await
    }
}

#[async_trait]
impl WecomSession for Session {
    fn agent(&self) -> Option<String> {
        let routes = &self.talk.routes;
        routes.agent_id(routes.current()).map(str::to_owned)
    }

    fn failed_agents(&self) -> Vec<AgentFailure> {
        self.talk.routes.failed_agents()
    }

    async fn read(&self, scope: &WecomScope, progress: &dyn Progress) -> Result<RawOrg, ReadError> {
        let before = match self.take_proof() {
            Some(proof) => proof,
            None => {
                let answer = self.talk.ask_agent(self.agent_id).await;
                answer.map_err(|failure| self.error(failure))?
            }
        };
        if before.closed {
            return Err(app_disabled());
        }
        reading::read(self.talk.clone(), self.agent_id, before, scope, progress).await
    }

    async fn ask_member(&self, userid: &UserId) -> Answer<RawMember> {
        let decode = |body: &[u8]| member_answer(body, None);
        let answer = self.talk.ask(&Question::member(userid), &decode).await;
        match answer {
            Ok(member) if member.userid.key() == userid.key() => Answer::Found(member),
            Ok(_) => Answer::Unknown,
            Err(failure) => match failure.class() {
                Some(ErrorClass::Absence) => Answer::Absent,
                Some(ErrorClass::Range) => Answer::OutOfRange,
                _ => Answer::Unknown,
            },
        }
    }

    async fn ask_department(&self, id: DepartmentId) -> Answer<RawDepartment> {
        let question = Question::department(id);
        match self.talk.ask(&question, &department_answer).await {
            Ok(department) if department.id == id => Answer::Found(department),
            Ok(_) => Answer::Unknown,
            Err(failure) => match (failure.errcode(), failure.class()) {
                (Some(60123 | 60003), _) => Answer::Absent,
                (_, Some(ErrorClass::Range)) => Answer::OutOfRange,
                _ => Answer::Unknown,
            },
        }
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        self.talk.calls()
    }
}
