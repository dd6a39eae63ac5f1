//! The filter of a subscription.

use std::collections::BTreeSet;

use org_model::SourceId;
use serde::{Deserialize, Serialize};

/// Stands among the sources in every filter that this program writes, so that a filter on sources
/// that an operator wrote is told apart from it. It is no source's id, so it lets nothing through.
const MARK: &str = "(kept by wecom-sync)";

/// Lets through the notices of these sources, by their message attribute `source`. As JSON:
/// `{"source":["(kept by wecom-sync)","cn","hq"]}`. SNS takes 150 values in one filter, so one
/// endpoint can serve 149 sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    sources: BTreeSet<String>,
}

/// The filter that a subscription has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// None, so every notice passes; nobody but an operator leaves it away.
    Everything,
    Ours(Filter),
    /// An operator's; the sources whose notices pass, if it is a filter on them and nothing else.
    ByHand(Option<BTreeSet<String>>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    source: BTreeSet<String>,
}

impl Filter {
    pub(super) fn add(&mut self, source: &SourceId) {
        self.sources.insert(source.as_str().to_owned());
    }

    pub(super) fn is_within(&self, sources: &BTreeSet<String>) -> bool {
        self.sources.is_subset(sources)
    }

    pub(super) fn policy(&self) -> String {
        let mut source = self.sources.clone();
        source.insert(MARK.to_owned());
        serde_json::json!(Policy { source }).to_string()
    }
}

impl Found {
    /// Of a filter that judges attributes.
    pub(super) fn read(policy: Option<&str>) -> Self {
        let policy = policy.unwrap_or_default().trim();
        // SNS takes an empty filter for none.
        if policy.is_empty() || policy == "{}" {
            return Self::Everything;
        }
        let Ok(Policy {
            source: mut sources,
        }) = serde_json::from_str(policy)
        else {
            return Self::ByHand(None);
        };
        match sources.remove(MARK) {
            true => Self::Ours(Filter { sources }),
            false => Self::ByHand(Some(sources)),
        }
    }
}

#[cfg(test)]
mod tests;
