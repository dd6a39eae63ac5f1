//! What an organisation is: departments, members, the tree they stand in, and directory items.
//!
//! - **For:** the vocabulary every other room speaks, and the judgement that turns a [`RawOrg`]
//!   (what a reader brought home) into an [`OrgSnapshot`] (whose tree is sound).
//! - **Knows:** ids, memberships, the visible range, fingerprints, and when a reading is *sealed*.
//! - **Must never know:** WeCom's wire format, DynamoDB, thresholds, what time it is, or any input
//!   and output.
//! - **Keeps invariant 1 of ARCHITECTURE.md:** nobody is missing from a sealed snapshot because
//!   something was not read.

mod department;
mod directory;
mod fingerprint;
mod ids;
mod listings;
#[cfg(feature = "notation")]
pub mod notation;
mod range;
mod raw;
mod reasons;
mod snapshot;
mod tree;

pub use department::Department;
pub use directory::{
    Absence, AbsenceAnswer, AttributeName, DirectoryDepartment, DirectoryUser, Intent, ItemKey,
    ItemKind, ItemState, MappedUser, Mark, Untold, UserStatus, WriteStamp,
};
pub use fingerprint::Fingerprint;
pub use ids::{DepartmentId, Generation, InternalId, RunId, SourceId, TagId, UserId, UserKey};
pub use range::{ExpandedRange, RangeNarrowing, VisibleRange};
pub use raw::{
    Gap, GapCause, GapPlace, MemberStatus, Membership, RawDepartment, RawMember, RawOrg,
};
pub use reasons::UnsealedReason;
pub use snapshot::{OrgSnapshot, Seal, SealEvidence};
pub use tree::{DepartmentTree, TreeFlaw};
