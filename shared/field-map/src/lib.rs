//! From WeCom's fields to the directory's attributes, by rules an administrator wrote.
//!
//! - **For:** turning one [`RawMember`](org_model::RawMember) into a
//!   [`MappedUser`](org_model::MappedUser), and saying why an attribute has no value.
//! - **Knows:** WeCom's field names, which of them privacy rules withhold, and expressions (CEL).
//! - **Must never know:** what the directory holds, thresholds, the clock, input and output.
//! - **Keeps invariant 1 of ARCHITECTURE.md for values:** a value is cleared only when the reading
//!   shows it empty; what is absent, withheld or failed keeps what the directory holds.

mod bound;
mod cost;
mod explain;
mod expression;
mod failure;
mod fields;
mod findings;
mod judge;
mod limits;
mod mapping;
mod masks;
#[cfg(test)]
mod people;
mod place;
mod posts;
mod problem;
mod record;
mod references;
mod rule;
mod values;

pub use explain::{FieldExplanation, MissingCause, WITHHELD_SINCE};
pub use failure::FailureReason;
pub use fields::{FilledFields, WITHHELD_FIELDS};
pub use findings::{AttributeFindings, MappingFindings};
pub use mapping::{ABSENT, EXPRESSION_FAILED, Mapping, RESERVED_ATTRIBUTES, RULES_MAX, WITHHELD};
pub use masks::{SENSITIVE_FIELDS, masked_record, masked_value};
pub use place::Place;
pub use problem::MappingProblem;
pub use rule::{MappingRule, RulePart};
