//! Reading items by key.

use serde_json::{Map, Value};

use super::{consumed, object};
use crate::standin::request::Request;
use crate::standin::size::read_units;
use crate::standin::{Answer, Database, Item, Refusal, unsupported};

/// An answer to a batch carries at most 16 MB.
const BATCH_MAX_BYTES: usize = 16 * 1024 * 1024;

/// A batch names at most 100 keys.
const BATCH_KEYS_MAX: usize = 100;

/// What a read costs beside a strongly consistent one.
pub(super) fn factor(consistent: Option<bool>) -> f64 {
    if consistent == Some(true) { 1.0 } else { 0.5 }
}

impl Database {
    pub(super) fn get_item(&mut self, mut request: Request) -> Answer {
        let name = request.text("TableName")?;
        let key = request.item("Key")?;
        let factor = factor(request.flag("ConsistentRead")?);
        let wanted = request.wants_units()?;
        request.finish()?;
        let table = self.table(&name)?;
        let found = table.get(&table.whole_key(&key)?);
        let units = read_units(found.map_or(0, |it| it.bytes)) * factor;
        let item = found.map(|it| it.text.to_string());
        self.counts.request("GetItem", &name);
        self.counts.read("GetItem", &name, units);
        let consumed = consumed(wanted, &name, units);
        Ok(object([("Item", item), ("ConsumedCapacity", consumed)]))
    }

    pub(super) fn batch_get_item(&mut self, mut request: Request) -> Answer {
        let mut tables = request.item("RequestItems")?.into_iter();
        let wanted = request.wants_units()?;
        request.finish()?;
        let (Some((name, asked)), None) = (tables.next(), tables.next()) else {
            return unsupported("a batch over other than one table");
        };
        let mut asked = Request::of(asked)?;
        let keys = asked.list("Keys")?;
        let consistent = asked.flag("ConsistentRead")?;
        asked.finish()?;
        if keys.is_empty() || keys.len() > BATCH_KEYS_MAX {
            return unsupported("a batch of none or more than 100 keys");
        }
        let got = self.look_up(&name, keys, factor(consistent))?;
        self.counts.request("BatchGetItem", &name);
        self.counts.read("BatchGetItem", &name, got.units);
        let consumed = consumed(wanted, &name, got.units).map(|it| format!("[{it}]"));
        let items = format!(r#"{{"{name}":[{}]}}"#, got.items.join(","));
        Ok(object([
            ("Responses", Some(items)),
            ("UnprocessedKeys", Some(left(&name, got.left, consistent))),
            ("ConsumedCapacity", consumed),
        ]))
    }

    fn look_up(&self, name: &str, keys: Vec<Value>, factor: f64) -> Result<Got, Refusal> {
        let table = self.table(name)?;
        let mut got = Got::default();
        for key in keys {
            let fields = as_item(&key)?;
            let found = table.get(&table.whole_key(fields)?);
            let bytes = found.map_or(0, |it| it.bytes);
            if !got.left.is_empty() || got.bytes + bytes > BATCH_MAX_BYTES {
                got.left.push(key);
                continue;
            }
            got.bytes += bytes;
            got.units += read_units(bytes) * factor;
            got.items.extend(found.map(|it| it.text.to_string()));
        }
        Ok(got)
    }
}

#[derive(Default)]
struct Got {
    items: Vec<String>,
    bytes: usize,
    units: f64,
    left: Vec<Value>,
}

pub(super) fn as_item(value: &Value) -> Result<&Item, Refusal> {
    match value {
        Value::Object(fields) => Ok(fields),
        _ => unsupported("a key that is no object"),
    }
}

fn left(name: &str, keys: Vec<Value>, consistent: Option<bool>) -> String {
    if keys.is_empty() {
        return "{}".to_owned();
    }
    let asked = serde_json::json!({ "Keys": keys, "ConsistentRead": consistent == Some(true) });
    let left: Map<String, Value> = [(name.to_owned(), asked)].into_iter().collect();
    Value::from(left).to_string()
}
