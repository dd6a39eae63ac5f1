//! What has to change, in which order, and which of it may happen without a person's word.
//!
//! - **For:** the plan that makes a mirror equal a snapshot, the protection that turns a [`Plan`]
//!   into a [`Verdict`] with a [`PermittedPlan`], and giving back what a run took away.
//! - **Knows:** marks, before-images, absence findings, thresholds and what earlier runs held.
//! - **Must never know:** WeCom, DynamoDB, the clock (time is an argument), input and output.
//! - **Keeps invariant 2 of ARCHITECTURE.md:** a removal is in a `PermittedPlan` only with positive
//!   evidence, below the thresholds or under an approval of exactly that item.

mod absence;
mod change;
mod compare;
mod footing;
mod give_back;
mod held;
#[cfg(feature = "notation")]
pub mod notation;
mod notes;
mod permitted;
mod plan;
mod protection;
mod rules;
mod wording;

pub use absence::{AbsenceBudget, AbsenceFinding, Question, judge_absence, questions};
pub use change::{Action, AttributeChange, Change, Item, KeptItem, Note, Reclaimed};
pub use compare::{Base, Comparison, compare};
pub use footing::Footing;
pub use give_back::{GivenBack, GivenBackBy, Lost, give_back};
pub use held::{DecidedRemoval, HeldItem, HeldList, RemovalKey, RemovalsOfDay, Standing};
pub use permitted::{PermittedChange, PermittedMark, PermittedPlan};
pub use plan::{AcceptedAbsences, Heard, Plan, PlanInput, PlanRules, Resolution, Resolved, plan};
pub use protection::{Guarded, Verdict, protect};
pub use rules::{Limits, ProtectionRules, RuleLimit, RuleWindow, TrippedRule};
