//! Values of a neighbouring type, read without guessing.

use org_model::{DepartmentId, UserId};
use serde_json::{Map, Value};

use super::Malformed;

/// An integer, also as text or as a float without a fraction.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().and_then(whole_number)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Floats name integers exactly up to 2^53, which is more than any id has.
fn whole_number(float: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = float.fract() == 0.0 && float.abs() <= EXACT;
    whole.then_some(float as i64)
}

/// Text, or a number as its decimal digits; `None` when empty.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A field that is there: absent and null are the same (WECOM.md §3).
pub(super) fn present<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

/// The department or tag number that `value` names; 0 and below name none.
pub(super) fn number_id(value: &Value) -> Option<u32> {
    integer(value)
        .and_then(|id| u32::try_from(id).ok())
        .filter(|id| *id > 0)
}

pub(super) fn department_id(value: &Value) -> Option<DepartmentId> {
    number_id(value).map(DepartmentId)
}

/// A userid is never blank.
pub(super) fn userid(value: &Value) -> Option<UserId> {
    text(value)
        .filter(|text| !text.trim().is_empty())
        .map(UserId::new)
}

/// Every element of an array decoded, or `None` when one of them, or the array, is not sound.
pub(super) fn all<T>(value: &Value, decode: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(decode).collect()
}

/// A whole answer as an object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Malformed> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Malformed::NotAnObject),
        Err(_) => Err(Malformed::NotJson),
    }
}
