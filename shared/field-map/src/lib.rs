//! From WeCom's fields to the directory's attributes, by rules an administrator wrote.
//!
//! - **For:** turning one [`RawMember`](org_model::RawMember) into a
//!   [`MappedUser`](org_model::MappedUser), and saying why an attribute has no value.
//! - **Knows:** WeCom's field names, which of them privacy rules withhold, and expressions (CEL).
//! - **Must never know:** what the directory holds, thresholds, the clock, input and output.
//! - **Keeps invariant 1 of ARCHITECTURE.md for values:** a value is cleared only when the reading
//!   shows it empty; what is absent, withheld or failed keeps what the directory holds.

mod explain;
mod expression;
mod fields;
mod findings;
mod mapping;
mod masks;
#[cfg(test)]
mod people;
mod posts;
mod problem;
mod record;
mod references;
mod rule;
mod values;

pub use explain::{FieldExplanation, MissingCause};
pub use fields::{FilledFields, WITHHELD_FIELDS};
pub use findings::{AttributeFindings, MappingFindings};
pub use mapping::{ABSENT, EXPRESSION_FAILED, Mapping, RESERVED_ATTRIBUTES, RULES_MAX, WITHHELD};
pub use masks::{SENSITIVE_FIELDS, masked_record, masked_value};
pub use problem::MappingProblem;
pub use rule::{MappingRule, RulePart};
