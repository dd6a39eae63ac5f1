//! What a change of settings changed, for the history: secrets never stand in it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::SourceSettings;
use crate::problem::pointer_to;

/// With these two, 220 changes (every rule of one mapping taken out, another put in) stay below
/// 220 KB even in Chinese: an entry is one item of at most 400 KB.
const TEXT_MAX_CHARS: usize = 160;
const ITEMS_MAX: usize = 100;

const SECRET_AT: &str = "/credentials/secret";

/// One value that changed. `None`: it was not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingsChange {
    /// RFC 6901, such as `/schedule/every`.
    pub pointer: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Every value that differs, in the order of pointers; lists are compared and shown as a whole.
/// `before`: `None` for a source that is new. A secret is told by a word: `(stored)` where there
/// is one, `(changed)` where another took its place. Long texts and lists are cut, and end in `…`.
pub fn settings_changes(
    before: Option<&SourceSettings>,
    after: &SourceSettings,
    secret_changed: bool,
) -> Vec<SettingsChange> {
    let mut changes = Vec::new();
    let shown = before.map(shown);
    compare("", shown.as_ref(), Some(&self::shown(after)), &mut changes);
    if secret_changed {
        let replaced = before.is_some_and(|before| before.credentials.secret.is_some());
        let stored = Value::from("(stored)");
        changes.push(SettingsChange {
            pointer: SECRET_AT.to_owned(),
            before: replaced.then(|| stored.clone()),
            after: Some(if replaced { "(changed)".into() } else { stored }),
        });
    }
    changes.sort_by(|one, other| one.pointer.cmp(&other.pointer));
    changes
}

/// The JSON of the API, which never has a secret in it.
fn shown(settings: &SourceSettings) -> Value {
    // Cannot fail: settings are numbers, texts, lists and maps with texts as keys.
    serde_json::to_value(settings).unwrap_or_default()
}

fn compare(
    pointer: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<SettingsChange>,
) {
    if before == after {
        return;
    }
    match (fields_of(before), fields_of(after)) {
        (Some(old), Some(new)) => {
            for name in old
                .keys()
                .chain(new.keys().filter(|key| !old.contains_key(*key)))
            {
                compare(
                    &pointer_to(pointer, name),
                    old.get(name),
                    new.get(name),
                    changes,
                );
            }
        }
        _ => changes.push(SettingsChange {
            pointer: pointer.to_owned(),
            before: before.map(cut),
            after: after.map(cut),
        }),
    }
}

/// What is not there has no fields; `None`: this is a value of its own.
fn fields_of(value: Option<&Value>) -> Option<&Map<String, Value>> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    match value {
        None => Some(&NONE),
        Some(Value::Object(fields)) => Some(fields),
        Some(_) => None,
    }
}

fn cut(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.char_indices().nth(TEXT_MAX_CHARS) {
            Some((end, _)) => Value::from(format!("{}…", &text[..end])),
            None => value.clone(),
        },
        Value::Array(items) => {
            let left_out = items.len().saturating_sub(ITEMS_MAX);
            let more = (left_out > 0).then(|| Value::from(format!("and {left_out} more…")));
            items.iter().take(ITEMS_MAX).map(cut).chain(more).collect()
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| (name.clone(), cut(value));
            Value::Object(fields.iter().map(field).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests;
