//! Sources that are replaced or deleted.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use source_admin::ClearanceView;
use utoipa::ToSchema;

use super::{ClearanceStateWord, Warning, warnings};

/// Says once more what is to be cleared.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceBody {
    /// The source's name, as in the path.
    #[schema(example = "hq")]
    pub source: String,
}

/// Stands in the place of a source's settings while its people are detached and its logs cleared.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Clearance {
    pub source: String,
    /// `vacant`: everything is done, and it can be set up anew.
    pub state: ClearanceStateWord,
    /// The source itself goes as well.
    pub remove: bool,
    /// Who began it, and when.
    pub by: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Schedule, contacts and secrets are gone. If not, `warnings` says what is left, and repeating
    /// the call does it.
    pub outside_done: bool,
    pub warnings: Vec<Warning>,
}

impl From<ClearanceView> for Clearance {
    fn from(view: ClearanceView) -> Self {
        let clearance = view.clearance;
        Self {
            source: clearance.source.to_string(),
            state: match view.vacant {
                true => ClearanceStateWord::Vacant,
                false => ClearanceStateWord::Clearing,
            },
            remove: clearance.remove,
            by: clearance.by,
            at: clearance.at,
            outside_done: clearance.outside_done,
            warnings: warnings(view.warnings),
        }
    }
}
