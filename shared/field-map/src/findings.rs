//! What a mapping did over a whole reading, counted per attribute.

use std::collections::BTreeMap;

use org_model::{AttributeName, Intent, MappedUser};
use serde::{Deserialize, Serialize};

use crate::{EXPRESSION_FAILED, WITHHELD};

/// Per attribute, how many people got a value and how many kept their old one, by cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingFindings {
    pub people: u64,
    pub attributes: BTreeMap<AttributeName, AttributeFindings>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeFindings {
    pub set: u64,
    pub cleared: u64,
    /// By the code of `Intent::Keep`.
    pub kept: BTreeMap<String, u64>,
}

impl MappingFindings {
    /// Counts one person.
    pub fn note(&mut self, user: &MappedUser) {
        self.people += 1;
        for (attribute, intent) in &user.attributes {
            // Names are copied once per reading, not once per person (saves work).
            match self.attributes.get_mut(attribute) {
                Some(findings) => findings.note(intent),
                None => {
                    let mut findings = AttributeFindings::default();
                    findings.note(intent);
                    self.attributes.insert(attribute.clone(), findings);
                }
            }
        }
    }

    /// Adds what was counted elsewhere.
    pub fn merge(&mut self, other: Self) {
        self.people += other.people;
        for (attribute, theirs) in other.attributes {
            let mine = self.attributes.entry(attribute).or_default();
            mine.set += theirs.set;
            mine.cleared += theirs.cleared;
            for (cause, count) in theirs.kept {
                *mine.kept.entry(cause).or_default() += count;
            }
        }
    }

    /// Attributes that were read for nobody and whose expression failed for somebody.
    pub fn failing_for_everybody(&self) -> Vec<&str> {
        self.lost_to(EXPRESSION_FAILED)
    }

    /// Attributes that were read for nobody because privacy rules withhold their fields.
    pub fn withheld_from_everybody(&self) -> Vec<&str> {
        self.lost_to(WITHHELD)
    }

    /// One sentence per attribute that everybody misses, for a notice; no names, no values.
    pub fn sentences(&self) -> Vec<String> {
        let failing = self.failing_for_everybody().into_iter().map(|attribute| {
            format!(
                "The expression of `{attribute}` failed for everybody: correct it in the \
                 mapping. The directory keeps the values it has."
            )
        });
        let withheld = self.withheld_from_everybody().into_iter().map(|attribute| {
            format!(
                "WeCom shows the fields of `{attribute}` for nobody: its privacy rules withhold \
                 them from this app. The directory keeps the values it has; remove the attribute \
                 or use the credentials of an app that may read them."
            )
        });
        failing.chain(withheld).collect()
    }

    fn lost_to(&self, cause: &str) -> Vec<&str> {
        let lost = |findings: &AttributeFindings| {
            findings.set == 0 && findings.cleared == 0 && findings.kept.contains_key(cause)
        };
        self.attributes
            .iter()
            .filter(|(_, findings)| lost(findings))
            .map(|(attribute, _)| attribute.as_str())
            .collect()
    }
}

impl AttributeFindings {
    fn note(&mut self, intent: &Intent<serde_json::Value>) {
        match intent {
            Intent::Set(_) => self.set += 1,
            Intent::Clear => self.cleared += 1,
            Intent::Keep(cause) => match self.kept.get_mut(cause) {
                Some(count) => *count += 1,
                None => {
                    self.kept.insert(cause.clone(), 1);
                }
            },
        }
    }
}

#[cfg(test)]
mod tests;
