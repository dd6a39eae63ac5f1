//! The filter of a subscription.

use std::collections::BTreeSet;

use org_model::SourceId;
use serde::{Deserialize, Serialize};

/// Lets through the notices of these sources, by their message attribute `source`. As JSON:
/// `{"source":["cn","hq"]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    #[serde(rename = "source")]
    pub(super) sources: BTreeSet<SourceId>,
}

impl Filter {
    /// `None` for a policy that this program did not write.
    pub(super) fn parse(policy: &str) -> Option<Self> {
        serde_json::from_str(policy).ok()
    }

    pub(super) fn policy(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

#[cfg(test)]
mod tests;
