//! Everything a run may ask of the world. One trait per neighbour and capability: the list of verbs
//! here and the actions that IAM grants to `sync-org` are the same list.

use std::sync::Arc;

mod store;
mod wecom;
mod world;

pub use store::{
    Clearing, DETACH_MAX, Decisions, HeldLists, Leases, Mirror, MirrorUpkeep, Outbox, PURGE_MAX,
    PurgePage, Purgeable, REMOVALS_MAX, Ranges, RunLog, Sources, StoreError, WriteOutcome,
};
pub use wecom::{
    AgentAccess, AgentFailure, Answer, ReadError, Remedy, Wecom, WecomAccess, WecomScope,
    WecomSession,
};
pub use world::{
    Clock, Events, NoProgress, Notifier, Progress, RunStarter, Secrets, SendError, Step,
};

/// The world as one run sees it.
#[derive(Clone)]
pub struct Ports {
    pub sources: Arc<dyn Sources>,
    pub leases: Arc<dyn Leases>,
    pub mirror: Arc<dyn Mirror>,
    pub upkeep: Arc<dyn MirrorUpkeep>,
    pub runs: Arc<dyn RunLog>,
    pub held: Arc<dyn HeldLists>,
    pub decisions: Arc<dyn Decisions>,
    pub outbox: Arc<dyn Outbox>,
    pub ranges: Arc<dyn Ranges>,
    pub clearing: Arc<dyn Clearing>,
    pub wecom: Arc<dyn Wecom>,
    pub secrets: Arc<dyn Secrets>,
    pub notifier: Arc<dyn Notifier>,
    pub events: Arc<dyn Events>,
    pub starter: Arc<dyn RunStarter>,
    pub clock: Arc<dyn Clock>,
    pub progress: Arc<dyn Progress>,
}
