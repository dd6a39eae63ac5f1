//! The expressions that `dynamo-store` writes: every attribute as `#name`, every value as `:value`.

mod condition;
mod parser;
mod update;

pub(crate) use condition::{Condition, KeyCondition};
pub(crate) use parser::Parser;
pub(crate) use update::Update;

use serde_json::Value;

use super::Item;

/// The way to an attribute, names already looked up: `["noticed", "held:1"]`.
pub(crate) type Path = Vec<String>;

/// What stands at a path, if anything does.
pub(crate) fn at<'a>(item: &'a Item, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let mut found = item.get(first)?;
    for name in rest {
        found = found.get("M")?.get(name)?;
    }
    Some(found)
}
