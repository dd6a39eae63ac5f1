//! One run, from claim to close.
//!
//! - **For:** the twelve steps of a run in order (DESIGN.md §4), in as many segments as it takes;
//!   giving back what a run took away; the housekeeping that finishes what a dead run left; and the
//!   clearing of a source that is replaced or deleted.
//! - **Knows:** the pure rooms, and the ports in [`ports`] whose verbs are all a run may do.
//! - **Must never know:** AWS, HTTP, the environment, or a clock of its own.
//! - **Keeps invariants 3 and 4 of ARCHITECTURE.md:** every decision is durable before it is acted
//!   on, and only the holder of the lease writes.

mod apply;
mod approvals;
mod book;
mod burial;
mod cancelling;
mod clear;
mod clearance;
mod close;
mod confirm;
mod decide;
mod housekeeping;
mod judge;
mod keeping;
mod kept;
mod lease;
mod notices;
mod outcomes;
pub mod ports;
mod purge;
mod ranges;
mod reading;
mod record;
mod refused_secret;
mod resolution;
mod resolving;
mod rolling_day;
mod rows;
mod run;
mod segments;
mod source;
mod stale_plan;
mod standing;
mod standing_range;
mod take_over;
mod trouble;
mod undo;

pub use clear::{Cleared, clear_source};
pub use clearance::Clearance;
pub use close::run_finished;
pub use housekeeping::{Tidied, housekeeping};
pub use kept::{KEPT_SET_MAX_ITEMS, KeptRelease, KeptSet, KeptWhy};
pub use lease::{ClaimOutcome, ClaimRequest, Holder, RunLease, claim};
pub use notices::LANGUAGES_BREAK;
pub use record::{
    APPROVAL_VALID, Cancellation, Counts, Decision, HeldState, Notice, NoticeKind, OutboxItem,
    OutboxPayload, ReasonText, Row, RowResult, RowsPage, RunError, RunMode, RunRecord, RunStatus,
    StoredHeldList, Trigger, Units,
};
pub use resolution::{OtherRecord, StoredResolution};
pub use rows::ROWS_PER_PAGE;
pub use run::{DEADLINE_MARGIN, LEASE_GRACE, RunOutcome, RunRequest, run};
pub use source::{MirrorSize, RefusedSecret, RemovingRun, SourceState, StoredAgent, StoredSource};
pub use standing::StandingLists;
pub use standing_range::{AffectedPeople, RangeAcceptance, StandingRange};
pub use take_over::take_over;
pub use trouble::{Refusal, Trouble};
