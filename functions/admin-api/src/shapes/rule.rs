//! A rule of the mapping.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A field or CEL expression; or such a one with what stands in where the value is proved empty,
/// and, where it was not read or the expression failed, for somebody of whom the directory holds no
/// value yet.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum MappingRuleBody {
    #[schema(example = "position")]
    Plain(String),
    WithDefault(RuleWithDefault),
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleWithDefault {
    #[schema(example = "extattr['成本中心']")]
    pub value: String,
    /// A text, a number, true or false, or a list of these. It never replaces a value because
    /// something was not read.
    #[schema(example = "unknown")]
    pub default: Value,
}

impl MappingRuleBody {
    pub fn of(value: String, default: Option<Value>) -> Self {
        match default {
            None => Self::Plain(value),
            Some(default) => Self::WithDefault(RuleWithDefault { value, default }),
        }
    }
}
