//! Credentials taken over from a login app: a copy of its secret, without anybody seeing it.

use serde_json::{Value, json};
use source_settings::{Credentials, LoginAppId, SettingsProblem, SourceSettings};

use secrecy::ExposeSecret;

use crate::body::{Fields, problem};
use crate::ports::{HistoryAction, StoredLoginApp};
use crate::sources::SourceChange;
use crate::{Admin, AdminError, Precondition, Put, SourceView};

/// The body of a `PUT` after its login app was put in place of the credentials.
pub(crate) struct TakenOver {
    pub body: String,
    /// The server of the login app; `None`: the body named none.
    base_url: Option<String>,
}

impl TakenOver {
    /// The secret of one server is not sent to another.
    pub fn judge_server(&self, settings: &SourceSettings) -> Result<(), AdminError> {
        match &self.base_url {
            Some(server) if *server != settings.base_url => Err(other_server(IN_CREDENTIALS)),
            _ => Ok(()),
        }
    }
}

const IN_CREDENTIALS: &str = "/credentials/login_app";

impl Admin {
    /// `{"login_app":"sso"}`: its corp id, its agent id and a copy of its secret become the
    /// source's. Everything else stays.
    pub async fn import_credentials(
        &self,
        id: &str,
        body: &str,
        precondition: &Precondition,
        by: &str,
    ) -> Result<Put<SourceView>, AdminError> {
        let mut fields = Fields::of(body, &["login_app"])?;
        let name = fields.text("login_app");
        if fields.value("login_app").is_none() {
            let remedy = "name the login app, such as { \"login_app\": \"sso\" }";
            fields.add("login_app", "this field is missing", remedy);
        }
        let name = fields.or(name)?.unwrap_or_default();
        let kept = self.askable_source(id).await?;
        let stored = &kept.stored;
        let expected = precondition.required(Some(stored.version))?;
        let app = self.named_login_app(&name, "/login_app").await?;
        if app.settings.base_url != stored.settings.base_url {
            return Err(other_server("/login_app"));
        }
        let settings = SourceSettings {
            credentials: Credentials {
                secret: stored.settings.credentials.secret.clone(),
                ..app.settings.credentials.clone()
            },
            ..stored.settings.clone()
        };
        if stored.state.has_mirror && settings.corp_or_server_changed(&stored.settings) {
            return Err(AdminError::OtherOrganisation);
        }
        let secret = self.read_secret(app.settings.credentials.secret.as_ref());
        let secret = secret.await?;
        self.change_source(SourceChange {
            source: &stored.source,
            existing: Some(&kept),
            expected,
            settings,
            new_secret: Some(secret),
            action: HistoryAction::CredentialsImported,
            by,
        })
        .await
    }

    /// Puts the credentials of `"credentials":{"login_app":"sso"}` into the body, so that it can be
    /// judged like any other. A body without is given back as it came.
    pub(crate) async fn with_login_app(&self, body: &str) -> Result<TakenOver, AdminError> {
        let unchanged = || TakenOver {
            body: body.to_owned(),
            base_url: None,
        };
        let Ok(mut json) = serde_json::from_str::<Value>(body) else {
            return Ok(unchanged());
        };
        let Some(credentials) = json.get("credentials").and_then(Value::as_object) else {
            return Ok(unchanged());
        };
        let Some(named) = credentials.get("login_app").filter(|name| !name.is_null()) else {
            return Ok(unchanged());
        };
        let alone = credentials
            .values()
            .filter(|value| !value.is_null())
            .count()
            == 1;
        let name = named.as_str().filter(|_| alone).ok_or_else(|| {
            let message = "a login app is named in quotes, and stands in place of corp_id, \
                           agent_id and secret";
            let remedy = "write { \"login_app\": \"sso\" }, or the credentials themselves";
            AdminError::Invalid(vec![problem(IN_CREDENTIALS, message, remedy)])
        })?;
        let app = self.named_login_app(name, IN_CREDENTIALS).await?;
        let taken = app.settings.credentials;
        let secret = self.read_secret(taken.secret.as_ref()).await?;
        json["credentials"] = json!({
            "corp_id": taken.corp_id,
            "agent_id": taken.agent_id,
            "secret": secret.expose_secret(),
        });
        Ok(TakenOver {
            body: json.to_string(),
            base_url: Some(app.settings.base_url),
        })
    }

    async fn named_login_app(
        &self,
        name: &str,
        pointer: &str,
    ) -> Result<StoredLoginApp, AdminError> {
        let missing = || AdminError::NoSuchLoginApp(vec![no_such_app(pointer)]);
        let id = LoginAppId::parse(name).map_err(|_| missing())?;
        let stored = self.ports.login_apps.login_app(&id).await?;
        stored.ok_or_else(missing)
    }
}

fn no_such_app(pointer: &str) -> SettingsProblem {
    problem(
        pointer,
        "there is no such login app",
        "name one of /login-apps, or make it first",
    )
}

fn other_server(pointer: &str) -> AdminError {
    AdminError::OtherServer(vec![problem(
        pointer,
        "this login app belongs to another WeCom server than the source",
        "use a login app with the same base_url, or enter the credentials themselves",
    )])
}
