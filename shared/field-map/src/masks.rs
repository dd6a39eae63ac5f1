//! What is not shown of a person unless somebody asks for it.

use serde_json::{Map, Value};

use crate::Mapping;
use crate::fields::{KNOWN_FIELDS, is_blank};

/// Ways to reach a person, pictures of them, and what nobody but their employer knows.
pub const SENSITIVE_FIELDS: [&str; 11] = [
    "address",
    "avatar",
    "biz_mail",
    "email",
    "extattr",
    "external_profile",
    "gender",
    "mobile",
    "qr_code",
    "telephone",
    "thumb_avatar",
];

const MASK: &str = "***";

/// A record with its sensitive values masked. What is empty stays so: that much is to be seen.
/// The names of custom fields stay as well, since mappings are written with them.
pub fn masked_record(record: &Value) -> Value {
    let Some(fields) = record.as_object() else {
        return masked_value(record);
    };
    let masked = fields.iter().map(|(field, value)| {
        let value = match field.as_str() {
            _ if is_blank(field, value) => value.clone(),
            "extattr" => masked_attributes(value),
            field if is_sensitive_field(field) => masked_value(value),
            _ => value.clone(),
        };
        (field.clone(), value)
    });
    Value::Object(masked.collect())
}

/// Every text, number and truth value in it, but for empty texts.
pub fn masked_value(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::String(text) if text.is_empty() => value.clone(),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Value::from(MASK),
        Value::Array(items) => items.iter().map(masked_value).collect(),
        Value::Object(fields) => {
            let masked = fields.iter();
            let masked = masked.map(|(name, value)| (name.clone(), masked_value(value)));
            Value::Object(masked.collect())
        }
    }
}

/// All shapes of WECOM.md §3 have the custom field's own name under `name`.
fn masked_attributes(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(masked_attributes).collect(),
        Value::Object(fields) => {
            let mut masked = Map::new();
            for (name, value) in fields {
                let value = match name.as_str() {
                    "name" | "type" if !(value.is_object() || value.is_array()) => value.clone(),
                    "attrs" => masked_attributes(value),
                    _ => masked_value(value),
                };
                masked.insert(name.clone(), value);
            }
            Value::Object(masked)
        }
        other => masked_value(other),
    }
}

/// A field that nobody here knows may hold anything.
fn is_sensitive_field(field: &str) -> bool {
    SENSITIVE_FIELDS.contains(&field) || !KNOWN_FIELDS.contains(&field)
}

impl Mapping {
    /// Does this attribute take its value from a sensitive field? `None`: no rule makes it.
    pub fn is_sensitive(&self, attribute: &str) -> Option<bool> {
        let fields = self.rules.get(attribute)?.expression.fields();
        Some(fields.iter().any(|field| is_sensitive_field(field)))
    }
}

#[cfg(test)]
mod tests;
