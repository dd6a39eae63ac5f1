//! What a mapping did over a whole reading, counted per attribute.

use std::collections::BTreeMap;

use org_model::{AttributeName, MappedUser};
use serde::{Deserialize, Serialize};

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
        let _contract = user;
    }

    /// Attributes that got a value for nobody and failed for somebody.
    pub fn failing_for_everybody(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Attributes that got a value for nobody because privacy rules withhold their fields.
    pub fn withheld_from_everybody(&self) -> Vec<&str> {
        Vec::new()
    }

    /// One sentence per attribute that everybody misses, for a notice; no names, no values.
    pub fn sentences(&self) -> Vec<String> {
        Vec::new()
    }
}
