//! Why an attribute has no value: the four causes of WECOM.md §1, and a failing expression.

use org_model::{AttributeName, Intent, RawMember};
use serde::Serialize;

use crate::expression::Expression;
use crate::fields::{FIXED_FIELDS, KNOWN_FIELDS, RANGE_FIELDS, is_blank};
use crate::mapping::{intent, withheld_fields};
use crate::record::Record;
use crate::{EXPRESSION_FAILED, FilledFields, Mapping};

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
    /// The WeCom fields concerned, or the keys in them: `extattr['成本中心']`.
    pub fields: Vec<String>,
    pub cause: MissingCause,
    pub message: String,
    pub remedy: Option<String>,
}

impl Mapping {
    /// Everything that is missing from one person, with its cause, for the preview: attributes
    /// without a value first, then fields that WeCom filled and no rule uses.
    pub fn explain(&self, member: &RawMember, filled: &FilledFields) -> Vec<FieldExplanation> {
        let record = Record::of(member);
        let missing = self.rules.iter().filter_map(|(attribute, rule)| {
            let (cause, fields) = missing_cause(&rule.expression, &record, filled)?;
            Some(explanation(Some(attribute.clone()), cause, fields))
        });
        let not_mapped = KNOWN_FIELDS
            .into_iter()
            .filter(|field| self.lacks(field) && is_filled(&record, field))
            .map(|field| explanation(None, MissingCause::NotMapped, vec![field.to_owned()]));
        missing.chain(not_mapped).collect()
    }

    fn lacks(&self, field: &str) -> bool {
        !FIXED_FIELDS.contains(&field)
            && !self
                .rules
                .values()
                .any(|rule| rule.expression.fields().iter().any(|used| used == field))
    }
}

fn is_filled(record: &Record, field: &str) -> bool {
    record
        .field(field)
        .is_some_and(|value| !is_blank(field, value))
}

/// The cause and the fields or keys concerned; `None`: the attribute has a value.
fn missing_cause(
    expression: &Expression,
    record: &Record,
    filled: &FilledFields,
) -> Option<(MissingCause, Vec<String>)> {
    let kept = match intent(expression, record, filled) {
        Intent::Set(_) => return None,
        Intent::Clear => String::new(),
        Intent::Keep(cause) => cause,
    };
    let owned = |fields: Vec<&str>| fields.into_iter().map(str::to_owned).collect();
    if kept == EXPRESSION_FAILED {
        let cause = MissingCause::ExpressionFailed;
        return Some((cause, expression.fields().to_vec()));
    }
    let withheld = withheld_fields(expression, record, filled);
    if !withheld.is_empty() {
        return Some((MissingCause::NoRight, owned(withheld)));
    }
    let mut absent = expression.absent_fields(record);
    if absent.iter().any(|field| RANGE_FIELDS.contains(field)) {
        absent.retain(|field| RANGE_FIELDS.contains(field));
        return Some((MissingCause::OutOfRange, owned(absent)));
    }
    Some((MissingCause::Empty, expression.unfilled_paths(record)))
}

fn explanation(
    attribute: Option<AttributeName>,
    cause: MissingCause,
    fields: Vec<String>,
) -> FieldExplanation {
    let names = fields.join(", ");
    let message = match cause {
        MissingCause::NotMapped => format!("WeCom sends {names} and no attribute uses it"),
        MissingCause::NoRight => format!("WeCom withholds {names} from this app"),
        MissingCause::OutOfRange => {
            format!("WeCom left {names} out: it lies outside what this app may see")
        }
        MissingCause::Empty if names.is_empty() => "the expression gives an empty text".to_owned(),
        MissingCause::Empty => format!("{names} is not filled in for this person in WeCom"),
        MissingCause::ExpressionFailed => {
            "the expression gives no value that the directory can hold".to_owned()
        }
    };
    FieldExplanation {
        attribute,
        fields,
        cause,
        message,
        remedy: cause.remedy().map(str::to_owned),
    }
}

impl MissingCause {
    fn remedy(self) -> Option<&'static str> {
        match self {
            Self::NotMapped => Some("add an attribute to the mapping if you want it"),
            Self::NoRight => Some(
                "apps created after 20 June 2022 never receive it, and nobody in this reading \
                 has it: use an older app, or keep the value in a custom field",
            ),
            Self::OutOfRange => Some("widen the app's visible range in the WeCom console"),
            Self::Empty => None,
            Self::ExpressionFailed => Some(
                "let it give a text, a number, true or false, or a list of those; a map such as \
                 extattr needs a key",
            ),
        }
    }
}

#[cfg(test)]
mod tests;
