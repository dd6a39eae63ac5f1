//! The settings of one egress agent.

use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::address::{is_loopback, web_address, without_slash};
use crate::problem::Problems;
use crate::section::{Section, json_of};
use crate::{AgentCredentials, SecretRef, SettingsProblem, SettingsWarning};

const FIELDS: [&str; 4] = ["url", "username", "password", "state"];
const URL_REMEDY: &str = "write it like http://proxy.example:3128";
/// RFC 7617 sets no limit; proxies cut headers at 8 KB and less.
const CREDENTIAL_MAX_BYTES: usize = 500;

/// Judged settings of an agent. `Serialize` gives the JSON of the API, without credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgentSettings {
    /// `http://host:port` or `https://host:port`; no user part, path or query. The scheme's own
    /// port (80, 443) is left out.
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
    /// Judges the body of a `PUT`. Stored credentials stay when none are given, unless the
    /// address changes: they are not sent to a place they were not given for.
    pub fn parse(
        json: &Value,
        existing: Option<&AgentSettings>,
    ) -> Result<ParsedAgent, Vec<SettingsProblem>> {
        Self::judge(json, existing, Problems::default())
    }

    fn judge(
        json: &Value,
        existing: Option<&AgentSettings>,
        mut problems: Problems,
    ) -> Result<ParsedAgent, Vec<SettingsProblem>> {
        let body = Section::whole(json, &FIELDS, &mut problems);
        let url = read_url(&body, &mut problems);
        let change = read_credentials(&body, url.as_ref(), &mut problems);
        let address = url.as_ref().map(without_user).unwrap_or_default();
        let mut settings = AgentSettings {
            url: address,
            credentials: None,
        };
        if let (CredentialsChange::Keep, Some(stored)) = (&change, existing) {
            if stored.credentials.is_some() && stored.url != settings.url && url.is_some() {
                problems.add(
                    &body.at("username"),
                    "the stored credentials belong to another address",
                    "give username and password again, or \"username\": null to go without",
                );
            }
            settings.credentials.clone_from(&stored.credentials);
        }
        let has_credentials =
            settings.credentials.is_some() || matches!(change, CredentialsChange::Replace(_));
        let warnings = settings.warnings_with(has_credentials);
        problems.or(ParsedAgent {
            settings,
            credentials: change,
            warnings,
        })
    }

    /// Like [`AgentSettings::parse`], from text; text that is not JSON is one problem.
    pub fn parse_text(
        text: &str,
        existing: Option<&AgentSettings>,
    ) -> Result<ParsedAgent, Vec<SettingsProblem>> {
        Self::parse(&json_of(text)?, existing)
    }

    /// Judges what was stored: the JSON of `Serialize`, and the reference beside it. Fields that
    /// this program does not know are passed over.
    pub fn from_stored(
        json: &Value,
        credentials: Option<SecretRef>,
    ) -> Result<Self, Vec<SettingsProblem>> {
        let parsed = Self::judge(json, None, Problems::of_stored())?;
        Ok(Self {
            credentials,
            ..parsed.settings
        })
    }

    /// What an administrator should know about this agent, whenever it is shown.
    pub fn warnings(&self) -> Vec<SettingsWarning> {
        self.warnings_with(self.credentials.is_some())
    }

    fn warnings_with(&self, has_credentials: bool) -> Vec<SettingsWarning> {
        let plain =
            Url::parse(&self.url).is_ok_and(|url| url.scheme() == "http" && !is_loopback(&url));
        if !(has_credentials && plain) {
            return Vec::new();
        }
        vec![SettingsWarning {
            pointer: "/url".to_owned(),
            message: "the agent's username and password travel to it unencrypted".to_owned(),
            remedy: "use an https agent, or let it admit addresses instead of passwords".to_owned(),
        }]
    }
}

fn read_url(body: &Section<'_>, problems: &mut Problems) -> Option<Url> {
    if !body.requires("url", URL_REMEDY, problems) {
        return None;
    }
    let pointer = body.at("url");
    let url = web_address(body.text("url", problems)?, &pointer, problems)?;
    if !matches!(url.path(), "" | "/") {
        problems.add(&pointer, "an agent's address has no path", URL_REMEDY);
    }
    Some(url)
}

fn without_user(url: &Url) -> String {
    let mut bare = url.clone();
    // Both refuse only URLs without a host; `web_address` admitted none.
    let _has_host = bare.set_username("").and(bare.set_password(None));
    without_slash(&bare)
}

fn read_credentials(
    body: &Section<'_>,
    url: Option<&Url>,
    problems: &mut Problems,
) -> CredentialsChange {
    let username = body.text("username", problems);
    let password = body.text("password", problems);
    let in_url = url.filter(|url| !url.username().is_empty() || url.password().is_some());
    if in_url.is_some() && (username.is_some() || password.is_some()) {
        let remedy = "leave them in the address, or in username and password";
        problems.add(&body.at("url"), "credentials are given twice", remedy);
    }
    let (username, password) = match (in_url, username, password) {
        (Some(url), _, _) => {
            let password = url.password().unwrap_or_default();
            (percent_decoded(url.username()), percent_decoded(password))
        }
        (None, Some(username), password) => {
            (username.to_owned(), password.unwrap_or_default().to_owned())
        }
        (None, None, Some(_)) => {
            let remedy = "give the username as well";
            problems.add(
                &body.at("username"),
                "a password stands without a username",
                remedy,
            );
            return CredentialsChange::Keep;
        }
        (None, None, None) if body.is_null("username") => return CredentialsChange::Remove,
        (None, None, None) => return CredentialsChange::Keep,
    };
    let place = body.at(if in_url.is_some() { "url" } else { "username" });
    judge_credentials(&username, &password, &place, problems);
    CredentialsChange::Replace(AgentCredentials {
        username: SecretString::from(username),
        password: SecretString::from(password),
    })
}

/// RFC 7617 §2: no colon in a username, no control characters in either.
fn judge_credentials(username: &str, password: &str, place: &str, problems: &mut Problems) {
    if username.is_empty() || username.contains(':') {
        let remedy = "write the username the agent knows";
        problems.add(place, "the username is empty or has a colon in it", remedy);
    }
    let both = [username, password];
    if both.iter().any(|text| text.chars().any(char::is_control)) {
        let remedy = "remove line breaks and other control characters";
        problems.add(
            place,
            "the credentials have control characters in them",
            remedy,
        );
    }
    if both
        .iter()
        .any(|text| text.contains(char::REPLACEMENT_CHARACTER))
    {
        let remedy = "write % as %25 in the address, or give username and password beside it";
        problems.add(place, "the credentials cannot be decoded", remedy);
    }
    if both.iter().any(|text| text.len() > CREDENTIAL_MAX_BYTES) {
        let message = format!("the credentials are longer than {CREDENTIAL_MAX_BYTES} bytes");
        problems.add(place, &message, "use shorter ones");
    }
}

/// The user part of a URL, decoded by the form decoder after its own signs are made literal.
fn percent_decoded(part: &str) -> String {
    let literal = part
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    form_urlencoded::parse(literal.as_bytes())
        .map(|(text, _)| text.into_owned())
        .next()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
