//! Updates: `SET` of attributes and entries of maps, `REMOVE` of attributes, `ADD` of whole
//! numbers.

use serde_json::{Value, json};

use super::condition::Operand;
use super::{Path, at};
use crate::standin::{Item, Refusal, unsupported};

/// Where a new value comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    Operand(Operand),
    /// What stands at the path, or else the operand.
    IfAbsent(Path, Operand),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Update {
    pub set: Vec<(Path, Source)>,
    pub remove: Vec<Path>,
    pub add: Vec<(Path, Operand)>,
}

impl Update {
    /// Every value is taken from the item as it was.
    pub fn applied(&self, old: &Item) -> Result<Item, Refusal> {
        let mut new = old.clone();
        for (path, source) in &self.set {
            let value = match source {
                Source::Operand(operand) => operand.of(old),
                Source::IfAbsent(there, operand) => at(old, there).or_else(|| operand.of(old)),
            };
            match value {
                Some(value) => put(&mut new, path, value.clone())?,
                None => return unsupported("an update from an attribute that is not there"),
            }
        }
        for path in &self.remove {
            match path.as_slice() {
                [name] => new.remove(name),
                _ => return unsupported("REMOVE inside a map"),
            };
        }
        for (path, operand) in &self.add {
            let sum = match (whole(at(old, path)), operand.of(old).map(Some).map(whole)) {
                (Some(before), Some(Some(more))) => before + more,
                _ => return unsupported("ADD of what is no whole number"),
            };
            put(&mut new, path, json!({ "N": sum.to_string() }))?;
        }
        Ok(new)
    }
}

/// The whole number that stands there; what is absent counts as zero.
fn whole(value: Option<&Value>) -> Option<i64> {
    let Some(value) = value else {
        return Some(0);
    };
    value.get("N")?.as_str()?.parse().ok()
}

fn put(item: &mut Item, path: &[String], value: Value) -> Result<(), Refusal> {
    match path {
        [name] => {
            item.insert(name.clone(), value);
            Ok(())
        }
        [name, entry] => {
            let map = item.get_mut(name).and_then(|map| map.get_mut("M"));
            match map.and_then(Value::as_object_mut) {
                Some(map) => {
                    map.insert(entry.clone(), value);
                    Ok(())
                }
                None => unsupported("an update of an entry of a map that is not there"),
            }
        }
        _ => unsupported("an update deeper than one map"),
    }
}
