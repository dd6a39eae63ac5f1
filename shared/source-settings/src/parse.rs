//! From JSON to judged settings: every problem of a body at once.

mod lists;
mod rules;

use secrecy::SecretString;
use serde_json::Value;

use crate::address::{is_loopback, web_address, without_slash};
use crate::problem::Problems;
use crate::section::{Section, json_of};
use crate::{
    Credentials, Deletions, LoginAppSettings, NewSecret, ParsedLoginApp, ParsedSource, SecretRef,
    SettingsProblem, SourceSettings,
};
use lists::{read_agents, read_contacts, read_scope};
use rules::{read_mapping, read_protection, read_retention, read_schedule};

const FIELDS: [&str; 13] = [
    "name",
    "type",
    "base_url",
    "credentials",
    "agents",
    "deletions",
    "scope",
    "mapping",
    "schedule",
    "protection",
    "contacts",
    "retention_days",
    "state",
];
const WECOM_URL: &str = "https://qyapi.weixin.qq.com";
const NAME_MAX_CHARS: usize = 100;
const SECRET_MAX_BYTES: usize = 512;

pub(crate) fn source(
    json: &Value,
    existing: Option<&SourceSettings>,
) -> Result<ParsedSource, Vec<SettingsProblem>> {
    let mut problems = Problems::default();
    let (mut settings, given) = judge(json, &mut problems);
    match (&given, existing) {
        (Some(_), _) => {}
        (None, None) => problems.add(SECRET_AT, "the secret is missing", SECRET_REMEDY),
        (None, Some(old)) => {
            let moved = settings.corp_or_server_changed(old) || settings.agent_changed(old);
            judge_stored_secret(moved, &mut problems);
            let stored = &old.credentials.secret;
            settings.credentials.secret.clone_from(stored);
        }
    }
    problems.or(ParsedSource {
        settings,
        new_secret: given,
    })
}

/// A stored secret is not sent to a place that it was not given for. Where that cannot be read,
/// one problem is enough.
fn judge_stored_secret(moved: bool, problems: &mut Problems) {
    let unreadable = problems.has_any_at(&[
        "/base_url",
        "/credentials",
        "/credentials/corp_id",
        "/credentials/agent_id",
    ]);
    if moved && !unreadable {
        let message = "the stored secret belongs to another server, corp or app";
        problems.add(SECRET_AT, message, SECRET_REMEDY);
    }
}

pub(crate) fn source_text(
    text: &str,
    existing: Option<&SourceSettings>,
) -> Result<ParsedSource, Vec<SettingsProblem>> {
    source(&json_of(text)?, existing)
}

pub(crate) fn stored_source(
    json: &Value,
    secret: Option<SecretRef>,
) -> Result<SourceSettings, Vec<SettingsProblem>> {
    let mut problems = Problems::of_stored();
    let (mut settings, _given) = judge(json, &mut problems);
    settings.credentials.secret = secret;
    problems.or(settings)
}

pub(crate) fn salvaged_source(json: &Value, secret: Option<SecretRef>) -> SourceSettings {
    let (mut settings, _given) = judge(json, &mut Problems::of_stored());
    let server = json.get("base_url").and_then(Value::as_str);
    settings.base_url = server.unwrap_or_default().to_owned();
    settings.credentials.secret = secret;
    settings
}

const LOGIN_APP_FIELDS: [&str; 4] = ["name", "base_url", "credentials", "state"];

pub(crate) fn login_app(
    json: &Value,
    existing: Option<&LoginAppSettings>,
) -> Result<ParsedLoginApp, Vec<SettingsProblem>> {
    let mut problems = Problems::default();
    let (mut settings, given) = judge_login_app(json, &mut problems);
    match (&given, existing) {
        (Some(_), _) => {}
        (None, None) => problems.add(SECRET_AT, "the secret is missing", SECRET_REMEDY),
        (None, Some(old)) => {
            let same_app = settings.base_url == old.base_url
                && settings.credentials.corp_id == old.credentials.corp_id
                && settings.credentials.agent_id == old.credentials.agent_id;
            judge_stored_secret(!same_app, &mut problems);
            let stored = &old.credentials.secret;
            settings.credentials.secret.clone_from(stored);
        }
    }
    problems.or(ParsedLoginApp {
        settings,
        new_secret: given,
    })
}

pub(crate) fn stored_login_app(
    json: &Value,
    secret: Option<SecretRef>,
) -> Result<LoginAppSettings, Vec<SettingsProblem>> {
    let mut problems = Problems::of_stored();
    let (mut settings, _given) = judge_login_app(json, &mut problems);
    settings.credentials.secret = secret;
    problems.or(settings)
}

fn judge_login_app(json: &Value, problems: &mut Problems) -> (LoginAppSettings, Option<NewSecret>) {
    let body = Section::whole(json, &LOGIN_APP_FIELDS, problems);
    let name = read_name(&body, problems);
    let base_url = read_base_url(&body, problems);
    let (credentials, secret) = read_credentials(&body, problems);
    let settings = LoginAppSettings {
        name,
        base_url,
        credentials,
    };
    (settings, secret)
}

const SECRET_AT: &str = "/credentials/secret";
const SECRET_REMEDY: &str = "copy the secret of this app from the WeCom console";

fn judge(json: &Value, problems: &mut Problems) -> (SourceSettings, Option<NewSecret>) {
    let body = Section::whole(json, &FIELDS, problems);
    let name = read_name(&body, problems);
    if body
        .text("type", problems)
        .is_some_and(|kind| kind != "wecom")
    {
        problems.add(
            &body.at("type"),
            "there is no such type of source",
            "write wecom",
        );
    }
    let base_url = read_base_url(&body, problems);
    let (credentials, secret) = read_credentials(&body, problems);
    let settings = SourceSettings {
        name,
        kind: "wecom",
        base_url,
        credentials,
        agents: read_agents(&body, problems),
        deletions: read_deletions(&body, problems),
        scope: read_scope(&body, problems),
        mapping: read_mapping(&body, problems),
        schedule: read_schedule(&body, problems),
        protection: read_protection(&body, problems),
        contacts: read_contacts(&body, problems),
        retention_days: read_retention(&body, problems),
    };
    (settings, secret)
}

fn read_name(body: &Section<'_>, problems: &mut Problems) -> String {
    let remedy = "give the name that people know it by, such as Head office";
    if !body.requires("name", remedy, problems) {
        return String::new();
    }
    let name = body.text("name", problems).map(str::trim);
    let good = |name: &&str| {
        (1..=NAME_MAX_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control)
    };
    if name.is_some_and(|name| !good(&name)) {
        let message = format!("a name is one line of 1 to {NAME_MAX_CHARS} characters");
        problems.add(&body.at("name"), &message, remedy);
    }
    name.unwrap_or_default().to_owned()
}

fn read_base_url(body: &Section<'_>, problems: &mut Problems) -> String {
    let pointer = body.at("base_url");
    let Some(text) = body.text("base_url", problems) else {
        return WECOM_URL.to_owned();
    };
    let Some(url) = web_address(text, &pointer, problems) else {
        return WECOM_URL.to_owned();
    };
    if !url.username().is_empty() || url.password().is_some() {
        let remedy = "remove everything between // and @";
        problems.add(&pointer, "this address has a user part", remedy);
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        let message = "http is permitted on loopback only: secrets travel in this URL's query";
        problems.add(&pointer, message, "use https");
    }
    without_slash(&url)
}

fn read_credentials(
    body: &Section<'_>,
    problems: &mut Problems,
) -> (Credentials, Option<NewSecret>) {
    let known = ["corp_id", "agent_id", "secret"];
    let section = body.inner("credentials", &known, problems);
    section.requires(
        "corp_id",
        "copy the CorpID from the WeCom console",
        problems,
    );
    section.requires(
        "agent_id",
        "copy the app's AgentId from the WeCom console",
        problems,
    );
    let corp_id = section.text("corp_id", problems).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let good = (1..=64).contains(&corp_id.len()) && corp_id.bytes().all(plain);
    if !good && section.value("corp_id").is_some_and(Value::is_string) {
        let remedy = "copy the CorpID from the WeCom console; it looks like ww0123456789abcdef";
        problems.add(&section.at("corp_id"), "this is not a CorpID", remedy);
    }
    let agent_id = section.number("agent_id", 1..=u32::MAX, problems);
    let credentials = Credentials {
        corp_id: corp_id.to_owned(),
        agent_id: agent_id.unwrap_or_default(),
        secret: None,
    };
    (credentials, read_secret(&section, problems))
}

fn read_secret(section: &Section<'_>, problems: &mut Problems) -> Option<NewSecret> {
    let secret = section.text("secret", problems)?;
    let good = (1..=SECRET_MAX_BYTES).contains(&secret.len())
        && secret.bytes().all(|byte| byte.is_ascii_graphic());
    if !good {
        let message = "this is not a secret of WeCom: it is empty, too long or has blanks in it";
        problems.add(SECRET_AT, message, SECRET_REMEDY);
    }
    Some(NewSecret(SecretString::from(secret)))
}

fn read_deletions(body: &Section<'_>, problems: &mut Problems) -> Deletions {
    match body.text("deletions", problems) {
        None | Some("protected") => Deletions::Protected,
        Some("paused") => Deletions::Paused,
        Some(_) => {
            let message = "this is neither protected nor paused";
            let remedy =
                "write protected, or paused to hold every deletion; there is no off switch";
            problems.add(&body.at("deletions"), message, remedy);
            Deletions::Paused
        }
    }
}

#[cfg(test)]
pub(crate) mod laws;
#[cfg(test)]
pub(crate) mod tests;
