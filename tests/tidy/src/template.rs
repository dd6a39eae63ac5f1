//! What stands in `template.yaml`.

use serde_norway::Value;

use crate::read;

pub fn template() -> Value {
    serde_norway::from_str(&read("template.yaml")).unwrap()
}

/// Looks through `!Ref`, `!Sub` and their like.
pub fn plain(value: &Value) -> &Value {
    match value {
        Value::Tagged(tagged) => plain(&tagged.value),
        other => other,
    }
}

/// Every resource of this kind, by its logical id.
pub fn resources(kind: &str) -> Vec<(String, Value)> {
    let template = template();
    let all = template["Resources"].as_mapping().unwrap();
    let wanted = all
        .iter()
        .filter(|(_, resource)| resource["Type"].as_str() == Some(kind));
    wanted
        .map(|(id, resource)| (id.as_str().unwrap().to_owned(), resource.clone()))
        .collect()
}
