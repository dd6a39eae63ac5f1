//! How large a value may be that an expression computes with. A larger one makes it fail for that
//! person, whose old value stays; a rule that is a field and nothing else is not computed.

use serde_json::Value;

/// Of one value that is no list: WeCom's longest, a URL, has 2,048 signs at most and 200 as a rule.
pub(crate) const TEXT_BYTES_MAX: u64 = 2_048;
/// WECOM.md §6: a member sits in up to 100 departments.
pub(crate) const ITEMS_MAX: u64 = 100;
/// Of a list or map as a whole.
pub(crate) const FIELD_BYTES_MAX: u64 = 32 << 10;

/// What a number, a truth value or a place in a list takes.
pub(crate) const SCALAR_BYTES: u64 = 16;
/// May a value of this size be computed with?
pub(crate) fn admits(value: &Value) -> bool {
    let whole = match value {
        Value::Array(_) | Value::Object(_) => FIELD_BYTES_MAX,
        _ => TEXT_BYTES_MAX,
    };
    size(value).is_some_and(|bytes| bytes <= whole)
}

/// `None`: something in it is too large.
fn size(value: &Value) -> Option<u64> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(SCALAR_BYTES),
        Value::String(text) => Some(text.len() as u64).filter(|size| *size <= TEXT_BYTES_MAX),
        Value::Array(items) => {
            let sizes = items.iter().map(size);
            let sizes: Option<Vec<u64>> = sizes.collect();
            let sizes = sizes.filter(|sizes| sizes.iter().all(|size| *size <= TEXT_BYTES_MAX))?;
            (sizes.len() as u64 <= ITEMS_MAX).then(|| sizes.iter().sum::<u64>() + SCALAR_BYTES)
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| Some(name.len() as u64 + size(value)?);
            fields.iter().map(field).sum()
        }
    }
}
