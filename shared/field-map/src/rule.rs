//! One rule of a mapping as an administrator writes it.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::values::{is_empty, scalar_bytes};

/// With [`RULES_MAX`](crate::RULES_MAX) of them settings stay below the 400 KB of one item.
const DEFAULT_MAX_BYTES: usize = 1_000;

/// An expression, and what stands in where it gives nothing. Its JSON is the expression alone,
/// or `{"value":…,"default":…}` where there is a default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappingRule {
    pub value: String,
    /// A text, a number, true or false, or a list of those; never empty.
    pub default: Option<Value>,
}

/// Which part of a rule a problem is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RulePart {
    /// The attribute's name, or the rules as a whole.
    Name,
    Value,
    Default,
}

impl From<&str> for MappingRule {
    fn from(value: &str) -> Self {
        Self {
            value: value.to_owned(),
            default: None,
        }
    }
}

impl Serialize for MappingRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Whole<'a> {
            value: &'a str,
            default: &'a Value,
        }
        match &self.default {
            None => serializer.serialize_str(&self.value),
            Some(default) => Whole {
                value: &self.value,
                default,
            }
            .serialize(serializer),
        }
    }
}

/// What is wrong with a default, and what to do about it.
pub(crate) fn judge_default(default: &Value) -> Option<(String, &'static str)> {
    let size = match default {
        Value::Array(items) => items
            .iter()
            .map(scalar_bytes)
            .try_fold(0, |sum, size| Some(sum + size?)),
        scalar => scalar_bytes(scalar),
    };
    match size {
        None => Some((
            "this cannot be a value of the directory".to_owned(),
            "write a text, a number, true or false, or a list of those",
        )),
        Some(bytes) if bytes > DEFAULT_MAX_BYTES => Some((
            format!("the default is longer than {DEFAULT_MAX_BYTES} bytes"),
            "shorten it",
        )),
        Some(_) if is_empty(default) => Some((
            "an empty default is no value".to_owned(),
            "leave the default out: without one an empty value is cleared",
        )),
        Some(_) => None,
    }
}
