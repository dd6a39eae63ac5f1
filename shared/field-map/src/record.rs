//! One member's record as expressions see it.

use std::fmt;

use org_model::RawMember;
use serde_json::{Map, Value};

/// The fields of one member; `extattr` is a map from name to value, whatever its shape was.
pub(crate) struct Record {
    fields: Map<String, Value>,
}

/// A field, and the keys that lead into it: `extattr['成本中心']`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path {
    pub root: String,
    pub keys: Vec<String>,
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.root)?;
        self.keys.iter().try_for_each(|key| write!(f, "['{key}']"))
    }
}

impl Record {
    /// A record that is not a JSON object has no fields but the userid: all else is absent.
    pub fn of(member: &RawMember) -> Self {
        let mut fields: Map<String, Value> =
            serde_json::from_str(&member.fields).unwrap_or_default();
        if let Some(extattr) = fields.get_mut("extattr") {
            *extattr = flatten_extattr(extattr.take());
        }
        let userid = Value::from(member.userid.as_str());
        fields.insert("userid".to_owned(), userid);
        Self { fields }
    }

    /// `None`: absent or null, which is the same.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// `None`: something on the way is absent, null or not a map.
    pub fn at(&self, path: &Path) -> Option<&Value> {
        path.keys
            .iter()
            .try_fold(self.field(&path.root)?, |value, key| {
                value.get(key.as_str())
            })
            .filter(|value| !value.is_null())
    }
}

/// All shapes of WECOM.md §3: `{"attrs":[…]}`, each item with `text.value` (type 0), `web.url`
/// (type 1) or only `value` (legacy); some private deployments send the list without its wrapping.
fn flatten_extattr(extattr: Value) -> Value {
    let items = match extattr {
        Value::Null => return Value::Null,
        Value::Object(mut wrapping) => wrapping.remove("attrs").unwrap_or_default(),
        list => list,
    };
    let mut attributes = Map::new();
    for mut item in items.as_array().cloned().unwrap_or_default() {
        let value = extattr_value(&mut item);
        let name = item.get("name").and_then(Value::as_str);
        if let (Some(name), Some(value)) = (name, value) {
            // A name that stands there twice: a filled value is not hidden by an empty one.
            let known = attributes.entry(name).or_insert(Value::Null);
            if known.is_null() || !(value.is_null() || value == "") {
                *known = value;
            }
        }
    }
    Value::Object(attributes)
}

fn extattr_value(item: &mut Value) -> Option<Value> {
    ["/text/value", "/web/url", "/value"]
        .into_iter()
        .find_map(|pointer| item.pointer_mut(pointer).map(Value::take))
}

#[cfg(test)]
mod tests;
