//! An administrator's word on two records that may be one person, until a run has heard it.

use jiff::Timestamp;
use org_model::{InternalId, UserId};
use org_plan::Resolution;
use serde::{Deserialize, Serialize};

/// Where the other record of a conflict stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherRecord {
    /// Moved aside when the userid was given to somebody else.
    Aside,
    /// Detached, under the same userid.
    Detached,
    /// Live under another userid: a suspected rename.
    Renamed,
}

/// What was said about one userid. A later word replaces an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredResolution {
    /// Whose record is in question, as WeCom shows it now.
    pub userid: UserId,
    pub choice: Resolution,
    pub other: OtherRecord,
    pub other_userid: UserId,
    pub other_internal_id: InternalId,
    pub by: String,
    pub at: Timestamp,
}
