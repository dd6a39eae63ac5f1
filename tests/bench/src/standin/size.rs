//! Sizes as DynamoDB counts them, and the units that follow.
//!
//! A name and a text count their UTF-8 bytes, a number a byte per two significant digits and one, a
//! list or map three bytes and one per entry.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Item, Refusal, unsupported};

const WRITE_UNIT_BYTES: usize = 1024;
const READ_UNIT_BYTES: usize = 4096;

/// What one write of `bytes` costs; even nothing costs one.
pub(crate) fn write_units(bytes: usize) -> f64 {
    bytes.div_ceil(WRITE_UNIT_BYTES).max(1) as f64
}

/// What a strongly consistent read of `bytes` costs.
pub(crate) fn read_units(bytes: usize) -> f64 {
    bytes.div_ceil(READ_UNIT_BYTES).max(1) as f64
}

/// What the change of an index entry costs: nothing if it stays as it is. Its key never moves
/// here, since `dynamo-store` derives it from the item's own key.
pub(crate) fn entry_units(old: Option<usize>, new: Option<usize>) -> f64 {
    match old.max(new) {
        Some(bytes) => write_units(bytes),
        None => 0.0,
    }
}

pub(crate) fn item_bytes(item: &Item) -> Result<usize, Refusal> {
    let mut bytes = 0;
    for (name, value) in item {
        bytes += name.len() + value_bytes(value)?;
    }
    Ok(bytes)
}

fn value_bytes(value: &Value) -> Result<usize, Refusal> {
    let fields = value.as_object().filter(|fields| fields.len() == 1);
    let Some((kind, inner)) = fields.and_then(|fields| fields.iter().next()) else {
        return unsupported("a value that is no attribute value");
    };
    match (kind.as_str(), inner) {
        ("S", Value::String(text)) => Ok(text.len()),
        ("N", Value::String(digits)) => number_bytes(digits),
        ("B", Value::String(text)) => match STANDARD.decode(text) {
            Ok(blob) => Ok(blob.len()),
            Err(_) => unsupported("a binary value that is no base64"),
        },
        ("BOOL", Value::Bool(_)) | ("NULL", Value::Bool(_)) => Ok(1),
        ("L", Value::Array(items)) => {
            let sizes = items.iter().map(|item| Ok(1 + value_bytes(item)?));
            Ok(3 + sizes.sum::<Result<usize, _>>()?)
        }
        ("M", Value::Object(fields)) => {
            let sizes = fields
                .iter()
                .map(|(name, value)| Ok(1 + name.len() + value_bytes(value)?));
            Ok(3 + sizes.sum::<Result<usize, _>>()?)
        }
        _ => unsupported(format!("a value of type {kind}")),
    }
}

/// Whole numbers only.
fn number_bytes(text: &str) -> Result<usize, Refusal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return unsupported("a number that is not whole");
    }
    let sign = usize::from(text.len() > digits.len());
    let significant = digits.trim_matches('0').len();
    Ok(significant.div_ceil(2) + 1 + sign)
}

/// From the SDK's form to the wire's.
///
/// # Panics
/// At a type that no item of this project has.
pub(crate) fn wire_of(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(digits) => json!({ "N": digits }),
        AttributeValue::B(blob) => json!({ "B": STANDARD.encode(blob) }),
        AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
        AttributeValue::Null(flag) => json!({ "NULL": flag }),
        AttributeValue::L(items) => json!({ "L": items.iter().map(wire_of).collect::<Vec<_>>() }),
        AttributeValue::M(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| (name.clone(), wire_of(value)));
            json!({ "M": fields.collect::<Map<_, _>>() })
        }
        other => panic!("an attribute of an unexpected type: {other:?}"),
    }
}
