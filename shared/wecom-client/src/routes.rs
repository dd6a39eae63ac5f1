//! The agents in their order, and the one that answers now.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Certificate;
use sync_run::ports::AgentAccess;

use crate::pace::Pace;
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
    roots: Vec<Certificate>,
    pace: Pace,
}

impl Routes {
    /// No agents: connect directly.
    pub fn new(agents: Vec<AgentAccess>, roots: Vec<Certificate>, pace: Pace) -> Self {
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
            roots,
            pace,
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

    /// `None`: directly.
    pub fn agent_id(&self, at: usize) -> Option<&str> {
        self.routes[at]
            .agent
            .as_ref()
            .map(|agent| agent.id.as_str())
    }

    pub fn transport(&self, at: usize) -> Result<&Transport, Silence> {
        let route = &self.routes[at];
        route
            .transport
            .get_or_init(|| Transport::build(route.agent.as_ref(), &self.roots, &self.pace))
            .as_ref()
            .map_err(|silence| *silence)
    }
}
