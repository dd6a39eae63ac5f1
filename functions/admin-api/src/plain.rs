//! What is wrong with a body or a query, in plain sentences, without the value that was given. The
//! name of a field is none.

use serde_path_to_error::{Path, Segment};

use crate::problem::FieldProblem;

/// What serde says of a field, before its name in backticks; what we say; what to do.
const OF_FIELDS: [(&str, &str, &str); 3] = [
    (
        "unknown field `",
        "nothing of this name is taken here",
        "leave it out, or spell it as the document at /openapi.json does",
    ),
    ("missing field `", "it is missing", "add it"),
    ("duplicate field `", "it stands there twice", "give it once"),
];

/// What serde calls a type, and what the reader of a JSON document calls it.
const TYPES: [(&str, &str); 8] = [
    ("a string", "a text"),
    ("a borrowed string", "a text"),
    ("a boolean", "true or false"),
    ("a sequence", "a list"),
    ("a map", "an object"),
    ("struct ", "an object"),
    ("u", "a whole number that is not negative"),
    ("i", "a whole number"),
];

/// What is wrong at one place of a body.
pub fn of_body(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldProblem {
    let told = error.inner().to_string();
    let (told, _line_and_column) = told.rsplit_once(" at line ").unwrap_or((&told, ""));
    let mut found = of_told(told);
    found.pointer = pointer(error.path());
    // These two are noticed beside the field, not in it.
    let beside = ["missing field `", "duplicate field `"];
    if let Some(name) = beside.iter().find_map(|says| named(told, says)) {
        found.pointer = format!("{}/{}", found.pointer, escaped(name));
    }
    found
}

/// What is wrong with a query, which serde tells as `name: what`.
pub fn of_query(told: &str) -> FieldProblem {
    let (_, told) = told.split_once("query string: ").unwrap_or(("", told));
    let is_name = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
    let (name, told) = match told.split_once(": ") {
        Some((name, told)) if is_name(name) => (name, told),
        _ => ("", told),
    };
    let found = of_told(told);
    let twice = named(told, "duplicate field `");
    FieldProblem {
        pointer: format!("?{}", twice.unwrap_or(name)),
        ..found
    }
}

fn of_told(told: &str) -> FieldProblem {
    for (says, message, remedy) in OF_FIELDS {
        if told.starts_with(says) {
            return problem(message.to_owned(), remedy);
        }
    }
    let message = match told.rsplit_once(", expected ") {
        Some((_, wanted)) => format!("it is not {}", wanted_type(wanted)),
        None if told.contains("digit") => "it is not a whole number".to_owned(),
        None => "it cannot be read".to_owned(),
    };
    problem(message, "give it as the document at /openapi.json says")
}

fn problem(message: String, remedy: &str) -> FieldProblem {
    FieldProblem {
        pointer: String::new(),
        message,
        remedy: remedy.to_owned(),
    }
}

/// Words in backticks stay as they are: one of them is wanted.
fn wanted_type(wanted: &str) -> &str {
    let known = TYPES.iter().find(|(says, _)| match says.len() {
        1 => wanted
            .strip_prefix(says)
            .is_some_and(|bits| bits.parse::<u8>().is_ok()),
        _ => wanted.starts_with(says),
    });
    known.map_or(wanted, |(_, plain)| plain)
}

fn named<'a>(told: &'a str, says: &str) -> Option<&'a str> {
    let (name, _) = told.strip_prefix(says)?.split_once('`')?;
    Some(name)
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escaped(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// RFC 6901 §3.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
