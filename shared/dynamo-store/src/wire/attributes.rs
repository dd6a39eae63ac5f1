//! Single values: to DynamoDB and back.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_run::ports::StoreError;

use super::Attributes;
use super::errors::unreadable;

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(crate) fn b(bytes: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

pub(crate) fn yes() -> AttributeValue {
    AttributeValue::Bool(true)
}

pub(crate) fn no() -> AttributeValue {
    AttributeValue::Bool(false)
}

/// A value as JSON text. The types stored have string keys only, so it cannot fail; if one ever
/// did, the empty text would be unreadable and say so.
pub(crate) fn json<T: Serialize>(value: &T) -> AttributeValue {
    s(serde_json::to_string(value).unwrap_or_default())
}

/// The word by which an enum is known in JSON.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn text<'a>(
    item: &'a Attributes,
    name: &str,
    act: &'static str,
) -> Result<&'a str, StoreError> {
    optional_text(item, name).ok_or_else(|| missing(name, act))
}

pub(crate) fn optional_text<'a>(item: &'a Attributes, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn number<T: std::str::FromStr>(
    item: &Attributes,
    name: &str,
    act: &'static str,
) -> Result<T, StoreError> {
    let digits = item.get(name).and_then(|value| value.as_n().ok());
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| missing(name, act))
}

pub(crate) fn bytes<'a>(
    item: &'a Attributes,
    name: &str,
    act: &'static str,
) -> Result<&'a [u8], StoreError> {
    let blob = item.get(name).and_then(|value| value.as_b().ok());
    blob.map(Blob::as_ref).ok_or_else(|| missing(name, act))
}

pub(crate) fn flag(item: &Attributes, name: &str) -> bool {
    item.get(name).and_then(|value| value.as_bool().ok()) == Some(&true)
}

pub(crate) fn time(
    item: &Attributes,
    name: &str,
    act: &'static str,
) -> Result<Timestamp, StoreError> {
    optional_time(item, name, act)?.ok_or_else(|| missing(name, act))
}

pub(crate) fn optional_time(
    item: &Attributes,
    name: &str,
    act: &'static str,
) -> Result<Option<Timestamp>, StoreError> {
    let text = optional_text(item, name);
    text.map(str::parse)
        .transpose()
        .map_err(|_| missing(name, act))
}

pub(crate) fn from_json<T: DeserializeOwned>(
    item: &Attributes,
    name: &str,
    act: &'static str,
) -> Result<T, StoreError> {
    let text = text(item, name, act)?;
    // The error of serde_json names a place and a kind, and may quote a value: only the place.
    serde_json::from_str(text).map_err(|error| {
        let column = error.column();
        unreadable(act, format!("{name} is no valid JSON at column {column}"))
    })
}

/// From a word back to its enum.
pub(crate) fn from_word<T: DeserializeOwned>(
    item: &Attributes,
    name: &str,
    act: &'static str,
) -> Result<T, StoreError> {
    let word = serde_json::Value::from(text(item, name, act)?);
    serde_json::from_value(word).map_err(|_| missing(name, act))
}

fn missing(name: &str, act: &'static str) -> StoreError {
    unreadable(act, format!("{name} is missing or of another type"))
}
