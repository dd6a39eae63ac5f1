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
    /// `plan` stops at the decision and writes nothing but its rows; `undo` and `restore` give back
    /// without asking WeCom.
    ModeWord { Apply, Plan, Undo, Restore }
    /// The worst thing that happened: failed, partial, held, succeeded, in this order.
    RunStatusWord {
        Queued, Running, Succeeded, Partial, Held, Failed, Skipped, Planned, Cancelled,
    }
    KindWord { User, Department }
    /// `untrusted_ip`: WeCom answers through it and refuses its address. `unknown`: nobody looked.
    AgentStandingWord { Running, Unreachable, UntrustedIp, Unknown }
    /// The steps of a check, in order.
    StepWord { Agent, Tls, Token, TrustedIp, VisibleRange, DepartmentRead, MemberRead }
    StepResultWord { Passed, Failed, NotReached }
    /// `none`: the directory holds the person so already; `conflict`: nothing would be written.
    PreviewActionWord { Create, Update, Move, Restore, Adopt, Disable, None, Conflict }
    MissingCauseWord { NotMapped, NoRight, OutOfRange, Empty, ExpressionFailed }
    MemberStatusWord { Active, Disabled, Pending, Left }
    ActionWord { Create, Update, Move, Restore, Adopt, Disable, Delete, Detach }
    ResultWord { Done, Held, Kept, Failed, Skipped, Planned }
    HeldStateWord { Waiting, Approved, Rejected, Expired, Superseded }
    UserStatusWord { Active, Disabled, Pending, Left, Deleted }
    ContactStateWord { Pending, Confirmed, Gone }
    ClearanceStateWord { Clearing, Vacant }
    HistoryActionWord {
        Created, Changed, CredentialsImported, RangeAccepted, Replaced, KeptCleared,
    }
    /// The decision that keeps somebody.
    KeptWhyWord { Excepted, Rejected, Undone, Restored }
    /// `same`: whoever has the userid now takes the other record's internal id over. `new`: they
    /// are another person, with a record of their own.
    ResolutionWord { Same, New }
    /// Where the other record stands: moved `aside` when its userid was given to somebody else,
    /// `detached` under the same userid, or `renamed`: its deletion is held, because this may be
    /// the same person under another userid.
    OtherRecordWord { Aside, Detached, Renamed }
    /// What happens to people whom an accepted range does not show.
    PeopleWord { Keep, Delete }
    RuleKindWord { Users, Departments }
    RuleLimitWord { MaxCount, MaxPercent, LastOnes, Paused, Clearing, SuspectedRename }
    RuleWindowWord { Run, Day }
    DeletionsWord { Protected, Paused }
    SourceTypeWord { Wecom }
}
