//! Values on their way between WeCom's JSON, expressions and the directory.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::Key;
use serde_json::Value;

/// What one attribute may hold: 40 of them fit one item of 400 KB.
const VALUE_MAX_BYTES: usize = 10_000;

pub(crate) fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(truth) => cel::Value::Bool(*truth),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => cel::Value::Int(number),
            (None, Some(number)) => cel::Value::UInt(number),
            (None, None) => cel::Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => cel::Value::String(Arc::new(text.clone())),
        Value::Array(items) => cel::Value::List(Arc::new(items.iter().map(to_cel).collect())),
        Value::Object(fields) => {
            let entry = |(key, value): (&String, &Value)| (Key::from(key.clone()), to_cel(value));
            cel::Value::from(fields.iter().map(entry).collect::<HashMap<_, _>>())
        }
    }
}

/// `None`: of a type the directory cannot hold.
pub(crate) fn from_cel(value: &cel::Value) -> Option<Value> {
    match value {
        cel::Value::Bool(truth) => Some(Value::from(*truth)),
        cel::Value::Int(number) => Some(Value::from(*number)),
        cel::Value::UInt(number) => Some(Value::from(*number)),
        cel::Value::Float(number) => serde_json::Number::from_f64(*number).map(Value::Number),
        cel::Value::String(text) => Some(Value::from(text.as_str())),
        cel::Value::List(items) => items.iter().map(from_cel).collect(),
        _ => None,
    }
}

/// Texts, numbers, truth values and lists of those, up to a size.
pub(crate) fn storable(value: Value) -> Option<Value> {
    let size = match &value {
        Value::Array(items) => items
            .iter()
            .map(scalar_bytes)
            .try_fold(0, |sum, size| Some(sum + size?)),
        scalar => scalar_bytes(scalar),
    };
    size.is_some_and(|bytes| bytes <= VALUE_MAX_BYTES)
        .then_some(value)
}

/// The size in DynamoDB, roughly: 21 bytes hold any number, a list adds 1 to each item.
fn scalar_bytes(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.len() + 1),
        Value::Number(_) | Value::Bool(_) => Some(22),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
