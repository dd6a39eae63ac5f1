//! From JSON to judged settings.

use serde_json::Value;

use crate::{ParsedSource, SecretRef, SettingsProblem, SourceSettings};

pub(crate) fn source(
    json: &Value,
    existing: Option<&SourceSettings>,
) -> Result<ParsedSource, Vec<SettingsProblem>> {
    let _contract = (json, existing);
    Err(Vec::new())
}

pub(crate) fn source_text(
    text: &str,
    existing: Option<&SourceSettings>,
) -> Result<ParsedSource, Vec<SettingsProblem>> {
    let _contract = (text, existing);
    Err(Vec::new())
}

pub(crate) fn stored_source(
    json: &Value,
    secret: Option<SecretRef>,
) -> Result<SourceSettings, Vec<SettingsProblem>> {
    let _contract = (json, secret);
    Err(Vec::new())
}
