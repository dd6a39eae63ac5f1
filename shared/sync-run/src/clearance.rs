//! A source that is being replaced or deleted.

use jiff::Timestamp;
use org_model::SourceId;
use serde::{Deserialize, Serialize};

/// Stands in the place of a source's settings while its people are detached and its logs cleared.
/// No run starts meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clearance {
    pub source: SourceId,
    /// The source itself goes as well; otherwise it can be set up anew.
    pub remove: bool,
    pub by: String,
    pub at: Timestamp,
    /// Schedule, contacts and secrets are gone as well: nothing outside the store is left.
    pub outside_done: bool,
}
