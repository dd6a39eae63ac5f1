//! What is wrong with a mapping rule.

use std::fmt;

use org_model::AttributeName;
use serde::Serialize;

use crate::RulePart;

/// One rule that cannot be used: which, what is wrong with it, and what to do.
/// The text never repeats the expression, which may hold somebody's address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct MappingProblem {
    pub attribute: AttributeName,
    pub part: RulePart,
    pub message: String,
    pub remedy: String,
}

impl fmt::Display for MappingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.attribute, self.message, self.remedy)
    }
}
