//! Everything a run may ask of the world. One trait per neighbour and capability: the list of verbs
//! here and the actions that IAM grants to `sync-org` are the same list.

mod store;
mod wecom;
mod world;

pub use store::{
    HeldLists, Leases, Mirror, MirrorUpkeep, Outbox, PurgeFound, REMOVALS_MAX, RunLog, Sources,
    StoreError, WriteOutcome,
};
pub use wecom::{
    AgentAccess, Answer, ReadError, Remedy, Wecom, WecomAccess, WecomScope, WecomSession,
};
pub use world::{
    Clock, Events, NoProgress, Notifier, Progress, RunStarter, Secrets, SendError, Step,
};
