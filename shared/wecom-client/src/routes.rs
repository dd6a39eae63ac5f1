//! The agents in their order, and the one that answers now.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use reqwest::Url;
use sync_run::ports::{AgentAccess, AgentFailure};

use crate::failure::Failure;
use crate::ground::Ground;
use crate::remedies::read_error;
use crate::transport::{Silence, Transport};

/// One agent, or the direct road. The road is built when it is first taken.
#[derive(Debug)]
struct Route {
    agent: Option<AgentAccess>,
    transport: OnceLock<Result<Transport, Silence>>,
}

#[derive(Debug)]
pub(crate) struct Routes {
    routes: Vec<Route>,
    current: AtomicUsize,
    /// Agents that were tried and given up, each with the failure that was met first.
    given_up: Mutex<BTreeMap<usize, AgentFailure>>,
    pub base: Url,
    pub ground: Ground,
}

impl Routes {
    /// No agents: connect directly.
    pub fn new(agents: Vec<AgentAccess>, base: Url, ground: Ground) -> Self {
        let agents = if agents.is_empty() {
            vec![None]
        } else {
            agents.into_iter().map(Some).collect()
        };
        let route = |agent| Route {
            agent,
            transport: OnceLock::new(),
        };
        Self {
            routes: agents.into_iter().map(route).collect(),
            current: AtomicUsize::new(0),
            given_up: Mutex::default(),
            base,
            ground,
        }
    }

    pub fn len(&self) -> usize {
        self.routes.len()
    }

    pub fn current(&self) -> usize {
        self.current.load(Ordering::SeqCst)
    }

    pub fn stay_with(&self, at: usize) {
        self.current.store(at, Ordering::SeqCst);
    }

    /// Leaves the agent `at` for the rest of the run. `false`: there is no other.
    pub fn leave(&self, at: usize) -> bool {
        let next = at + 1;
        if next >= self.routes.len() {
            return self.current() != at;
        }
        // Whoever comes second finds that the first has already moved on.
        let _ = self
            .current
            .compare_exchange(at, next, Ordering::SeqCst, Ordering::SeqCst);
        true
    }

    /// The next agent is tried after this failure through `at`. Where WeCom itself was busy or
    /// broken, the agent has done its work, and is not counted among those that failed. The direct
    /// road is no agent.
    pub fn give_up(&self, at: usize, failure: &Failure) {
        let speaks_against_it = failure.blames_agent() || matches!(failure, Failure::Malformed(_));
        if let Some(id) = self.agent_id(at).filter(|_| speaks_against_it) {
            let error = read_error(failure);
            self.given_up().entry(at).or_insert_with(|| AgentFailure {
                id: id.to_owned(),
                code: error.code,
                message: error.message,
            });
        }
    }

    /// In the order of the settings.
    pub fn failed_agents(&self) -> Vec<AgentFailure> {
        self.given_up().values().cloned().collect()
    }

    fn given_up(&self) -> MutexGuard<'_, BTreeMap<usize, AgentFailure>> {
        self.given_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: directly.
    pub fn agent(&self, at: usize) -> Option<&AgentAccess> {
        self.routes[at].agent.as_ref()
    }

    /// `None`: directly.
    pub fn agent_id(&self, at: usize) -> Option<&str> {
        self.agent(at).map(|agent| agent.id.as_str())
    }

    pub fn transport(&self, at: usize) -> Result<&Transport, Silence> {
        let route = &self.routes[at];
        route
            .transport
            .get_or_init(|| Transport::build(route.agent.as_ref(), &self.base, &self.ground))
            .as_ref()
            .map_err(|silence| *silence)
    }
}
