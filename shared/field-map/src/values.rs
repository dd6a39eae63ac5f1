//! Values on their way between WeCom's JSON, expressions and the directory.

use std::collections::BTreeMap;

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer};
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelNull, CelString, CelUInt, Type};
use cel::common::value::{CowVal, Val};
use serde_json::Value;

/// What one attribute may hold: 40 of them fit one item of 400 KB.
const VALUE_MAX_BYTES: usize = 10_000;

pub(crate) fn to_cel(value: &Value) -> Box<dyn Val> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(truth) => Box::new(CelBool::from(*truth)),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Box::new(CelInt::from(number)),
            (None, Some(number)) => Box::new(CelUInt::from(number)),
            (None, None) => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Value::String(text) => Box::new(CelString::from(text.clone())),
        Value::Array(items) => {
            let items: Vec<Box<dyn Val>> = items.iter().map(to_cel).collect();
            Box::new(CelList::from(items))
        }
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| (key.clone(), to_cel(value));
            Box::new(Fields(fields.iter().map(field).collect()))
        }
    }
}

/// A map that answers for one key at a time. CEL's own maps list their keys in no order, even in
/// `[] + map`, and order is output: one person would change from run to run.
#[derive(Clone, Debug)]
struct Fields(BTreeMap<String, Box<dyn Val>>);

static FIELDS: Type = Type::new_unspecified_type("wecom.fields");

impl Fields {
    fn find(&self, key: &dyn Val) -> Option<&(dyn Val + 'static)> {
        let key = key.downcast_ref::<CelString>()?;
        self.0.get(key.inner()).map(AsRef::as_ref)
    }
}

impl Val for Fields {
    fn get_type(&self) -> &Type {
        &FIELDS
    }

    fn cel_type() -> &'static Type {
        &FIELDS
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }
}

impl Container for Fields {
    fn contains(&self, key: &dyn Val) -> Result<bool, ExecutionError> {
        Ok(self.find(key).is_some())
    }
}

impl Indexer for Fields {
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match self.find(key) {
            Some(value) => Ok(CowVal::Borrowed(value)),
            None => Err(ExecutionError::no_such_key("key")),
        }
    }

    fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(key).map(CowVal::into_owned)
    }
}

/// `None`: of a type the directory cannot hold.
pub(crate) fn from_cel(value: &cel::Value) -> Option<Value> {
    match value {
        cel::Value::Bool(truth) => Some(Value::from(*truth)),
        cel::Value::Int(number) => Some(Value::from(*number)),
        cel::Value::UInt(number) => Some(Value::from(*number)),
        cel::Value::Float(number) => serde_json::Number::from_f64(*number).map(Value::Number),
        cel::Value::String(text) => Some(Value::from(text.as_str())),
        cel::Value::List(items) => items.iter().map(from_cel).collect(),
        _ => None,
    }
}

/// Texts, numbers, truth values and lists of those, up to a size.
pub(crate) fn storable(value: Value) -> Option<Value> {
    let size = match &value {
        Value::Array(items) => items
            .iter()
            .map(scalar_bytes)
            .try_fold(0, |sum, size| Some(sum + size?)),
        scalar => scalar_bytes(scalar),
    };
    size.is_some_and(|bytes| bytes <= VALUE_MAX_BYTES)
        .then_some(value)
}

/// The size in DynamoDB, roughly: 21 bytes hold any number, a list adds 1 to each item.
pub(crate) fn scalar_bytes(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.len() + 1),
        Value::Number(_) | Value::Bool(_) => Some(22),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
