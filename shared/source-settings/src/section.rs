//! One JSON object on its way to settings: typed access that collects what is wrong.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::nesting::nesting_problem;
use crate::problem::{Problems, SettingsProblem, pointer_to};

/// An object and where it stands. Absent fields and null are the same: the default applies.
pub(crate) struct Section<'a> {
    pub pointer: String,
    fields: Option<&'a Map<String, Value>>,
}

impl<'a> Section<'a> {
    /// The whole body. `known` are the fields that may stand in it.
    pub fn whole(json: &'a Value, known: &[&str], problems: &mut Problems) -> Self {
        Self::read(Some(json), String::new(), known, problems)
    }

    /// An object inside this one; absent: without fields.
    pub fn inner(&self, name: &str, known: &[&str], problems: &mut Problems) -> Self {
        Self::read(self.value(name), self.at(name), known, problems)
    }

    /// An object that is an item of a list.
    pub fn item(json: &'a Value, pointer: &str, known: &[&str], problems: &mut Problems) -> Self {
        Self::read(Some(json), pointer.to_owned(), known, problems)
    }

    fn read(
        json: Option<&'a Value>,
        pointer: String,
        known: &[&str],
        problems: &mut Problems,
    ) -> Self {
        let fields = json.and_then(Value::as_object);
        if json.is_some() && fields.is_none() {
            problems.add(&pointer, "this is not a JSON object", "write { … }");
        }
        let unknown = |name: &&String| !known.contains(&name.as_str());
        for name in fields.into_iter().flat_map(Map::keys).filter(unknown) {
            let remedy = format!("remove it; the fields here are {}", known.join(", "));
            let place = shown_place(&pointer, name);
            problems.add_unknown(&place, &remedy);
        }
        Self { pointer, fields }
    }

    pub fn at(&self, name: &str) -> String {
        pointer_to(&self.pointer, name)
    }

    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.fields?.get(name).filter(|value| !value.is_null())
    }

    /// The field is there and null: it is to be removed.
    pub fn is_null(&self, name: &str) -> bool {
        self.fields
            .and_then(|fields| fields.get(name))
            .is_some_and(Value::is_null)
    }

    pub fn text(&self, name: &str, problems: &mut Problems) -> Option<&'a str> {
        let value = self.value(name)?;
        if !value.is_string() {
            problems.add(&self.at(name), "this is not a text", "write it in quotes");
        }
        value.as_str()
    }

    pub fn flag(&self, name: &str, problems: &mut Problems) -> Option<bool> {
        let value = self.value(name)?;
        if !value.is_boolean() {
            let remedy = "write true or false, without quotes";
            problems.add(&self.at(name), "this is neither true nor false", remedy);
        }
        value.as_bool()
    }

    /// A whole number within bounds.
    pub fn number(
        &self,
        name: &str,
        bounds: RangeInclusive<u32>,
        problems: &mut Problems,
    ) -> Option<u32> {
        self.number_because(name, bounds, "", problems)
    }

    /// A whole number within bounds that have a reason; it stands behind the bounds.
    pub fn number_because(
        &self,
        name: &str,
        bounds: RangeInclusive<u32>,
        reason: &str,
        problems: &mut Problems,
    ) -> Option<u32> {
        let value = self.value(name)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let good = number.filter(|number| bounds.contains(number));
        if good.is_none() {
            let message = format!(
                "this is not a whole number from {} to {}{reason}",
                bounds.start(),
                bounds.end()
            );
            problems.add(
                &self.at(name),
                &message,
                "write such a number, without quotes",
            );
        }
        good
    }

    /// The items of a list, each with its pointer; absent: none.
    pub fn items(
        &self,
        name: &str,
        count_max: usize,
        problems: &mut Problems,
    ) -> Vec<(String, &'a Value)> {
        let Some(value) = self.value(name) else {
            return Vec::new();
        };
        let pointer = self.at(name);
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if !value.is_array() {
            problems.add(&pointer, "this is not a list", "write [ … ]");
        }
        if items.len() > count_max {
            let message = format!("there are more than {count_max} items");
            problems.add(&pointer, &message, "remove those that are not needed");
            return Vec::new();
        }
        let item = |(at, item)| (format!("{pointer}/{at}"), item);
        items.iter().enumerate().map(item).collect()
    }

    /// Complains about a field that must be there; true if it is.
    pub fn requires(&self, name: &str, remedy: &str, problems: &mut Problems) -> bool {
        let there = self.value(name).is_some();
        if !there {
            problems.add(&self.at(name), "this field is missing", remedy);
        }
        there
    }
}

/// The pointer to a field that an administrator named, unless the name may be a secret (WeCom's
/// have 43 characters of both cases) or a mail address in the wrong place: then to the object.
pub(crate) fn shown_place(pointer: &str, name: &str) -> String {
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let short = name.chars().count() <= 30 && !name.contains('@');
    if short || (name.len() <= 63 && name.chars().all(lower)) {
        pointer_to(pointer, name)
    } else {
        pointer.to_owned()
    }
}

/// Text into JSON. What the parser says about the place stays, what it quotes does not.
pub(crate) fn json_of(text: &str) -> Result<Value, Vec<SettingsProblem>> {
    if let Some(problem) = nesting_problem(text) {
        return Err(vec![problem]);
    }
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        vec![SettingsProblem {
            pointer: String::new(),
            message: format!("the body is not JSON: line {line}, column {column}"),
            remedy: "send one JSON object".to_owned(),
        }]
    })
}
