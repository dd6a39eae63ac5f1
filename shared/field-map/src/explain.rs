//! Why an attribute has no value: the four causes of WECOM.md §1, and a failing expression.

use org_model::AttributeName;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingCause {
    /// WeCom sent the field and no rule uses it.
    NotMapped,
    /// Privacy rules withhold the field from this app.
    NoRight,
    /// The field names departments or people that the app does not see.
    OutOfRange,
    /// Nobody filled it in.
    Empty,
    ExpressionFailed,
}

/// One thing that is missing from one person, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldExplanation {
    /// `None`: the field is not mapped to any attribute.
    pub attribute: Option<AttributeName>,
    /// The WeCom fields concerned.
    pub fields: Vec<String>,
    pub cause: MissingCause,
    pub message: String,
    pub remedy: Option<String>,
}
