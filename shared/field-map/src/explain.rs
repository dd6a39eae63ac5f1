//! Why an attribute has no value: the four causes of WECOM.md §1, and a failing expression.

use org_model::{AttributeName, Intent, RawMember};
use serde::Serialize;

use crate::expression::Expression;
use crate::failure::FailureReason;
use crate::fields::{FIXED_FIELDS, KNOWN_FIELDS, RANGE_FIELDS, is_blank};
use crate::mapping::{intent, withheld_fields};
use crate::place::Place;
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

/// When WeCom stopped to give [`WITHHELD_FIELDS`](crate::WITHHELD_FIELDS) to new apps: 20 June
/// 2022, 20:00 in China (WECOM.md §1).
pub const WITHHELD_SINCE: &str = "2022-06-20T12:00:00Z";

/// One thing that is missing from one person, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldExplanation {
    /// `None`: the field is not mapped to any attribute.
    pub attribute: Option<AttributeName>,
    /// The WeCom fields concerned, or the keys in them: `extattr['成本中心']`.
    pub fields: Vec<String>,
    pub cause: MissingCause,
    /// RFC 3339: apps made since then have no right to the fields. Only for `no_right`.
    pub since: Option<&'static str>,
    /// Where in the expression it failed. Only for `expression_failed`, and not always then.
    pub failed_at: Option<Place>,
    /// Only for `expression_failed`.
    pub failed_because: Option<FailureReason>,
    /// The rule has a default, which stands in where the directory holds nothing.
    pub has_default: bool,
    pub message: String,
    pub remedy: Option<String>,
}

impl Mapping {
    /// Everything that is missing from one person, with its cause, for the preview: attributes
    /// without a value first, then fields that WeCom filled and no rule uses.
    pub fn explain(&self, member: &RawMember, filled: &FilledFields) -> Vec<FieldExplanation> {
        let record = Record::of(member);
        let missing = self.rules.iter().filter_map(|(attribute, rule)| {
            let mut explained = explain_rule(&rule.expression, &record, filled)?;
            explained.attribute = Some(attribute.clone());
            explained.has_default = rule.default.is_some();
            if explained.has_default {
                explained.message += "; the default stands in where the directory holds nothing";
            }
            Some(explained)
        });
        let not_mapped = KNOWN_FIELDS
            .into_iter()
            .filter(|field| self.lacks(field) && is_filled(&record, field))
            .map(|field| explanation(MissingCause::NotMapped, vec![field.to_owned()]));
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

/// `None`: the attribute has a value.
fn explain_rule(
    expression: &Expression,
    record: &Record,
    filled: &FilledFields,
) -> Option<FieldExplanation> {
    let kept = match intent(expression, record, filled) {
        Intent::Set(_) => return None,
        Intent::Clear => String::new(),
        Intent::Keep(cause) => cause,
    };
    let owned = |fields: Vec<&str>| fields.into_iter().map(str::to_owned).collect();
    if kept == EXPRESSION_FAILED {
        return Some(explain_failure(expression, record));
    }
    let withheld = withheld_fields(expression, record, filled);
    if !withheld.is_empty() {
        return Some(explanation(MissingCause::NoRight, owned(withheld)));
    }
    let mut absent = expression.absent_fields(record);
    if absent.iter().any(|field| RANGE_FIELDS.contains(field)) {
        absent.retain(|field| RANGE_FIELDS.contains(field));
        return Some(explanation(MissingCause::OutOfRange, owned(absent)));
    }
    let unfilled = expression.unfilled_paths(record);
    Some(explanation(MissingCause::Empty, unfilled))
}

fn explain_failure(expression: &Expression, record: &Record) -> FieldExplanation {
    let failure = expression.failure(record);
    let fields = match failure.fields.as_slice() {
        [] => expression.fields().to_vec(),
        fields => fields.to_vec(),
    };
    let what = failure.what.map(|what| format!(", in {what}"));
    let place = failure.place.map(|place| format!(" at {place}"));
    let (place, what) = (place.unwrap_or_default(), what.unwrap_or_default());
    FieldExplanation {
        failed_at: failure.place,
        failed_because: Some(failure.reason),
        remedy: Some(remedy_of(failure.reason).to_owned()),
        message: format!("the expression failed{place}{what}: {}", failure.reason),
        ..explanation(MissingCause::ExpressionFailed, fields)
    }
}

fn explanation(cause: MissingCause, fields: Vec<String>) -> FieldExplanation {
    let names = fields.join(", ");
    let message = match cause {
        MissingCause::NotMapped => format!("WeCom sends {names} and no attribute uses it"),
        MissingCause::NoRight => format!("WeCom withholds {names} from this app"),
        MissingCause::OutOfRange => {
            format!("WeCom left {names} out: it lies outside what this app may see")
        }
        MissingCause::Empty if names.is_empty() => "the expression gives an empty text".to_owned(),
        MissingCause::Empty => format!("{names} is not filled in for this person in WeCom"),
        MissingCause::ExpressionFailed => "the expression failed".to_owned(),
    };
    FieldExplanation {
        attribute: None,
        fields,
        cause,
        since: (cause == MissingCause::NoRight).then_some(WITHHELD_SINCE),
        failed_at: None,
        failed_because: None,
        has_default: false,
        message,
        remedy: cause.remedy().map(str::to_owned),
    }
}

impl MissingCause {
    fn remedy(self) -> Option<&'static str> {
        match self {
            Self::NotMapped => Some("add an attribute to the mapping if you want it"),
            Self::NoRight => Some(
                "apps created after 20 June 2022, 20:00 in China, never receive it, and nobody in \
                 this reading has it: use an older app, or keep the value in a custom field",
            ),
            Self::OutOfRange => Some("widen the app's visible range in the WeCom console"),
            // That of a failure depends on its reason.
            Self::Empty | Self::ExpressionFailed => None,
        }
    }
}

fn remedy_of(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::NoValue => {
            "let it give a text, a number, true or false, or a list of those; a map such as \
             extattr needs a key"
        }
        FailureReason::TooLarge => {
            "let the rule be this field alone, which may be larger, or use another field"
        }
        _ => {
            "correct the expression there, or compute only where it can be done: \
             `condition ? value : ''`"
        }
    }
}

#[cfg(test)]
mod tests;
