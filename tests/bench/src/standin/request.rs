//! A request's fields: each is taken once, and what is left over is refused.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::expression::Condition;
use super::expression::{Parser, Update};
use super::{Item, Refusal, unsupported};

/// A JSON object of a request, or of an action in a transaction.
#[derive(Debug)]
pub(crate) struct Request(Map<String, Value>);

impl Request {
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            _ => unsupported("a body that is no JSON object"),
        }
    }

    pub fn of(value: Value) -> Result<Self, Refusal> {
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => unsupported("an object was expected"),
        }
    }

    pub fn take(&mut self, field: &str) -> Option<Value> {
        self.0.remove(field).filter(|value| !value.is_null())
    }

    pub fn text(&mut self, field: &str) -> Result<String, Refusal> {
        match self.optional_text(field)? {
            Some(text) => Ok(text),
            None => unsupported(format!("no {field}")),
        }
    }

    pub fn optional_text(&mut self, field: &str) -> Result<Option<String>, Refusal> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => unsupported(format!("{field} is no text")),
        }
    }

    pub fn flag(&mut self, field: &str) -> Result<Option<bool>, Refusal> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => unsupported(format!("{field} is no flag")),
        }
    }

    pub fn list(&mut self, field: &str) -> Result<Vec<Value>, Refusal> {
        match self.take(field) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => unsupported(format!("{field} is no list")),
        }
    }

    pub fn fields(&mut self, field: &str) -> Result<Option<Item>, Refusal> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(fields)),
            Some(_) => unsupported(format!("{field} is no object")),
        }
    }

    pub fn item(&mut self, field: &str) -> Result<Item, Refusal> {
        match self.fields(field)? {
            Some(item) => Ok(item),
            None => unsupported(format!("no {field}")),
        }
    }

    /// Only `TOTAL` and nothing are understood.
    pub fn wants_units(&mut self) -> Result<bool, Refusal> {
        match self.optional_text("ReturnConsumedCapacity")?.as_deref() {
            Some("TOTAL") => Ok(true),
            Some("NONE") | None => Ok(false),
            Some(other) => unsupported(format!("ReturnConsumedCapacity {other}")),
        }
    }

    /// Whether a failed condition shows what stood there.
    pub fn wants_old(&mut self) -> Result<bool, Refusal> {
        let field = "ReturnValuesOnConditionCheckFailure";
        match self.optional_text(field)?.as_deref() {
            Some("ALL_OLD") => Ok(true),
            Some("NONE") | None => Ok(false),
            Some(other) => unsupported(format!("{field} {other}")),
        }
    }

    pub fn placeholders(&mut self) -> Result<Placeholders, Refusal> {
        let mut names = BTreeMap::new();
        for (placeholder, name) in self.fields("ExpressionAttributeNames")?.unwrap_or_default() {
            match name {
                Value::String(name) => names.insert(placeholder, name),
                _ => return unsupported("an attribute name that is no text"),
            };
        }
        let values = self
            .fields("ExpressionAttributeValues")?
            .unwrap_or_default();
        Ok(Placeholders { names, values })
    }

    pub fn condition(
        &mut self,
        field: &str,
        placeholders: &Placeholders,
    ) -> Result<Option<Condition>, Refusal> {
        let text = self.optional_text(field)?;
        let parse = |text: String| Parser::new(&text, placeholders)?.condition();
        text.map(parse).transpose()
    }

    pub fn update(&mut self, placeholders: &Placeholders) -> Result<Update, Refusal> {
        let text = self.text("UpdateExpression")?;
        Parser::new(&text, placeholders)?.update()
    }

    /// Everything was understood.
    pub fn finish(self) -> Result<(), Refusal> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(field) => unsupported(format!("the field {field}")),
        }
    }
}

/// What `#name` and `:value` stand for.
#[derive(Debug, Default)]
pub(crate) struct Placeholders {
    pub names: BTreeMap<String, String>,
    pub values: Item,
}
