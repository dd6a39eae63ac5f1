//! A WeCom app that is configured for sign-in already (认证源), whose credentials a source may take
//! over.

use serde::Serialize;
use serde_json::Value;

use crate::section::json_of;
use crate::{Credentials, NewSecret, SecretRef, SettingsProblem};

/// Judged settings of a login app. `Serialize` gives the JSON of the API, without the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoginAppSettings {
    pub name: String,
    pub base_url: String,
    pub credentials: Credentials,
}

#[derive(Clone, Debug)]
pub struct ParsedLoginApp {
    /// `credentials.secret` is what was stored and stays; after a new one, set it to the new place.
    pub settings: LoginAppSettings,
    pub new_secret: Option<NewSecret>,
}

impl LoginAppSettings {
    /// Judges the body of a `PUT`. With `existing` settings the stored secret stays when none is
    /// given, unless server, corp or app change; without, a secret is required.
    pub fn parse_text(
        text: &str,
        existing: Option<&LoginAppSettings>,
    ) -> Result<ParsedLoginApp, Vec<SettingsProblem>> {
        crate::parse::login_app(&json_of(text)?, existing)
    }

    /// Judges what was stored: the JSON of `Serialize`, and the reference beside it.
    pub fn from_stored(
        json: &Value,
        secret: Option<SecretRef>,
    ) -> Result<Self, Vec<SettingsProblem>> {
        crate::parse::stored_login_app(json, secret)
    }
}

#[cfg(test)]
mod tests;
