//! The words of the API, for its document. The values themselves come from the rooms that own
//! them; `tests.rs` beside this file holds both against each other.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($word:ident),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($word),+ }
    )+};
}

words! {
    /// What asked for a run.
    TriggerWord { Schedule, Manual, Approval }
    /// `plan` stops at the decision and writes nothing but its rows.
    ModeWord { Apply, Plan }
    /// The worst thing that happened: failed, partial, held, succeeded, in this order.
    RunStatusWord {
        Queued, Running, Succeeded, Partial, Held, Failed, Skipped, Planned, Cancelled,
    }
    KindWord { User, Department }
    ActionWord { Create, Update, Move, Restore, Adopt, Disable, Delete }
    ResultWord { Done, Held, Kept, Failed, Skipped, Planned }
    HeldStateWord { Waiting, Approved, Rejected, Expired, Superseded }
    UserStatusWord { Active, Disabled, Pending, Left, Deleted }
    ContactStateWord { Pending, Confirmed, Gone }
    RuleKindWord { Users, Departments }
    RuleLimitWord { MaxCount, MaxPercent, LastOnes, Paused, Clearing }
    RuleWindowWord { Run, Day }
    DeletionsWord { Protected, Paused }
    SourceTypeWord { Wecom }
}
