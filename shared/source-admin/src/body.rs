//! Small JSON bodies: every problem at once, by pointer, and no value repeated. How deep a body may
//! be was judged before it came here.

use serde_json::{Map, Value};
use source_settings::SettingsProblem;

use crate::AdminError;

/// The fields of one body, and what is wrong with them so far.
pub(crate) struct Fields {
    map: Map<String, Value>,
    problems: Vec<SettingsProblem>,
}

impl Fields {
    /// No body at all is one without fields. `known` are the fields that may stand in it.
    pub fn of(text: &str, known: &[&str]) -> Result<Self, AdminError> {
        let text = match text.trim() {
            "" => "{}",
            text => text,
        };
        let json: Value = serde_json::from_str(text).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            AdminError::NotJson(vec![problem(
                "",
                &format!("the body is not JSON: {place}"),
                "send one JSON object",
            )])
        })?;
        let Value::Object(map) = json else {
            let wrong = problem("", "this is not a JSON object", "write { … }");
            return Err(AdminError::Invalid(vec![wrong]));
        };
        let unknown = map.keys().filter(|name| !known.contains(&name.as_str()));
        let remedy = match known {
            [] => "remove it; this body has no fields".to_owned(),
            known => format!("remove it; the fields here are {}", known.join(", ")),
        };
        let problems = unknown
            .map(|name| problem(&pointer_to(name), "there is no such field", &remedy))
            .collect();
        Ok(Self { map, problems })
    }

    /// Absent and null are the same.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    pub fn text(&mut self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.add(name, "this is not a text", "write it in quotes");
        }
        text
    }

    pub fn flag(&mut self, name: &str) -> bool {
        let Some(value) = self.value(name) else {
            return false;
        };
        let flag = value.as_bool();
        if flag.is_none() {
            let remedy = "write true or false, without quotes";
            self.add(name, "this is neither true nor false", remedy);
        }
        flag.unwrap_or_default()
    }

    pub fn add(&mut self, name: &str, message: &str, remedy: &str) {
        self.problems
            .push(problem(&pointer_to(name), message, remedy));
    }

    pub fn extend(&mut self, problems: impl IntoIterator<Item = SettingsProblem>) {
        self.problems.extend(problems);
    }

    /// The value, if nothing was wrong on the way to it.
    pub fn or<T>(mut self, value: T) -> Result<T, AdminError> {
        self.problems.sort();
        match self.problems.is_empty() {
            true => Ok(value),
            false => Err(AdminError::Invalid(self.problems)),
        }
    }
}

pub(crate) fn problem(pointer: &str, message: &str, remedy: &str) -> SettingsProblem {
    SettingsProblem {
        pointer: pointer.to_owned(),
        message: message.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// RFC 6901. A name that may be a secret or an address in the wrong place is not shown.
fn pointer_to(name: &str) -> String {
    let shown = name.chars().count() <= 30 && !name.contains('@');
    match shown {
        true => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        false => String::new(),
    }
}
