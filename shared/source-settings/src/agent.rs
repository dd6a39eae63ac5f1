//! The settings of one egress agent.

use serde::Serialize;
use serde_json::Value;

use crate::{AgentCredentials, SecretRef, SettingsProblem, SettingsWarning};

/// Judged settings of an agent. `Serialize` gives the JSON of the API, without credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgentSettings {
    /// `http://host:port` or `https://host:port`; no user part, path or query.
    pub url: String,
    /// Set by whoever keeps the credentials; stored beside the settings, not in their JSON.
    #[serde(skip)]
    pub credentials: Option<SecretRef>,
}

/// What to do about the agent's stored credentials.
#[derive(Clone, Debug)]
pub enum CredentialsChange {
    /// None were given: what is stored stays.
    Keep,
    Replace(AgentCredentials),
    /// `"username": null`: the agent asks for none.
    Remove,
}

#[derive(Clone, Debug)]
pub struct ParsedAgent {
    /// `credentials` is what was stored and stays; after `Replace`, set it to the new place.
    pub settings: AgentSettings,
    pub credentials: CredentialsChange,
    pub warnings: Vec<SettingsWarning>,
}

impl AgentSettings {
    /// Judges the body of a `PUT`.
    pub fn parse(
        json: &Value,
        existing: Option<&AgentSettings>,
    ) -> Result<ParsedAgent, Vec<SettingsProblem>> {
        let _contract = (json, existing);
        Err(Vec::new())
    }

    /// Like [`AgentSettings::parse`], from text; text that is not JSON is one problem.
    pub fn parse_text(
        text: &str,
        existing: Option<&AgentSettings>,
    ) -> Result<ParsedAgent, Vec<SettingsProblem>> {
        let _contract = (text, existing);
        Err(Vec::new())
    }

    /// Judges what was stored: the JSON of `Serialize`, and the reference beside it.
    pub fn from_stored(
        json: &Value,
        credentials: Option<SecretRef>,
    ) -> Result<Self, Vec<SettingsProblem>> {
        let _contract = (json, credentials);
        Err(Vec::new())
    }

    /// What an administrator should know about this agent, whenever it is shown.
    pub fn warnings(&self) -> Vec<SettingsWarning> {
        Vec::new()
    }
}
