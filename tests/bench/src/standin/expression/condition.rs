//! Conditions, and what they say of an item.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Path, at};
use crate::standin::{Item, Refusal, unsupported};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Path(Path),
    Value(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparator {
    Equal,
    Differs,
    Below,
    AtMost,
    Above,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Exists {
        path: Path,
        there: bool,
    },
    BeginsWith {
        path: Path,
        prefix: Operand,
    },
    Compare {
        left: Operand,
        comparator: Comparator,
        right: Operand,
    },
}

impl Operand {
    pub fn of<'a>(&'a self, item: &'a Item) -> Option<&'a Value> {
        match self {
            Self::Path(path) => at(item, path),
            Self::Value(value) => Some(value),
        }
    }
}

impl Condition {
    pub fn holds(&self, item: &Item) -> Result<bool, Refusal> {
        match self {
            Self::Any(parts) => {
                let mut held = parts.iter().map(|part| part.holds(item));
                held.try_fold(false, |any, part| Ok(any | part?))
            }
            Self::All(parts) => {
                let mut held = parts.iter().map(|part| part.holds(item));
                held.try_fold(true, |all, part| Ok(all & part?))
            }
            Self::Exists { path, there } => Ok(at(item, path).is_some() == *there),
            Self::BeginsWith { path, prefix } => {
                let text = at(item, path).and_then(text_of);
                match prefix.of(item).and_then(text_of) {
                    Some(prefix) => Ok(text.is_some_and(|text| text.starts_with(prefix))),
                    None => unsupported("begins_with something that is no text"),
                }
            }
            Self::Compare {
                left,
                comparator,
                right,
            } => compare(left.of(item), *comparator, right.of(item)),
        }
    }
}

fn text_of(value: &Value) -> Option<&str> {
    value.get("S")?.as_str()
}

/// What is not there compares with nothing: every comparison with it fails but `<>`.
fn compare(
    left: Option<&Value>,
    comparator: Comparator,
    right: Option<&Value>,
) -> Result<bool, Refusal> {
    let (Some(left), Some(right)) = (left, right) else {
        return Ok(comparator == Comparator::Differs);
    };
    if comparator == Comparator::Equal || comparator == Comparator::Differs {
        return Ok((left == right) == (comparator == Comparator::Equal));
    }
    let Some(order) = order(left, right)? else {
        return Ok(false);
    };
    Ok(match comparator {
        Comparator::Below => order == Ordering::Less,
        Comparator::AtMost => order != Ordering::Greater,
        Comparator::Above => order == Ordering::Greater,
        _ => order != Ordering::Less,
    })
}

/// Texts by their bytes, whole numbers by their value; `None`: of different types.
fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, Refusal> {
    if let (Some(left), Some(right)) = (text_of(left), text_of(right)) {
        return Ok(Some(left.cmp(right)));
    }
    let number = |value: &Value| value.get("N")?.as_str()?.parse::<i128>().ok();
    match (number(left), number(right)) {
        (Some(left), Some(right)) => Ok(Some(left.cmp(&right))),
        _ if left.get("N").is_some() && right.get("N").is_some() => {
            unsupported("an order of numbers that are not whole")
        }
        _ => Ok(None),
    }
}

/// A key condition: one partition, and perhaps a part of its sort keys.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyCondition {
    pub pk: String,
    pub sort: Option<Condition>,
}

impl KeyCondition {
    /// `partition` and `sort` are the names of the key attributes.
    pub fn of(condition: Condition, partition: &str, sort: &str) -> Result<Self, Refusal> {
        let (first, rest) = match condition {
            Condition::All(mut parts) if parts.len() == 2 => {
                let rest = parts.pop();
                (parts.pop(), rest)
            }
            other => (Some(other), None),
        };
        let pk = match &first {
            Some(Condition::Compare {
                left: Operand::Path(path),
                comparator: Comparator::Equal,
                right: Operand::Value(value),
            }) if *path == [partition] => text_of(value),
            _ => None,
        };
        let names = |path: &Path| *path == [sort];
        let known = match &rest {
            None => true,
            Some(Condition::BeginsWith { path, .. }) => names(path),
            Some(Condition::Compare {
                left: Operand::Path(path),
                comparator,
                ..
            }) => names(path) && *comparator != Comparator::Differs,
            Some(_) => false,
        };
        match pk {
            Some(pk) if known => Ok(Self {
                pk: pk.to_owned(),
                sort: rest,
            }),
            _ => unsupported("a key condition of another form"),
        }
    }
}
