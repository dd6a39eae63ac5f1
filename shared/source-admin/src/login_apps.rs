//! Login apps: WeCom apps that are configured for sign-in, whose credentials sources take over.

use source_settings::{LoginAppId, LoginAppSettings};

use crate::agents::bad_id;
use crate::ports::StoredLoginApp;
use crate::{Admin, AdminError, Deleted, Precondition, Put, Warning};

/// A login app as it is shown.
#[derive(Clone, Debug)]
pub struct LoginAppView {
    pub stored: StoredLoginApp,
    pub warnings: Vec<Warning>,
}

impl Admin {
    pub async fn login_apps(&self) -> Result<Vec<LoginAppView>, AdminError> {
        let stored = self.ports.login_apps.login_apps().await?;
        Ok(stored.into_iter().map(LoginAppView::of).collect())
    }

    pub async fn login_app(&self, id: &str) -> Result<LoginAppView, AdminError> {
        Ok(LoginAppView::of(self.known_login_app(id).await?))
    }

    /// Judges the body, keeps its secret, then writes the settings: the one commit point.
    pub async fn put_login_app(
        &self,
        id: &str,
        body: &str,
        precondition: &Precondition,
        by: &str,
    ) -> Result<Put<LoginAppView>, AdminError> {
        let app = LoginAppId::parse(id).map_err(|error| bad_id(&error))?;
        let existing = self.ports.login_apps.login_app(&app).await?;
        let expected = precondition.required(existing.as_ref().map(|stored| stored.version))?;
        let known = existing.as_ref().map(|stored| &stored.settings);
        let old = known.and_then(|settings| settings.credentials.secret.clone());
        let parsed = LoginAppSettings::parse_text(body, known)
            .map_err(|problems| AdminError::of_body(body, problems))?;

        let mut settings = parsed.settings;
        let mut fresh = None;
        if let Some(given) = &parsed.new_secret {
            let purpose = format!("login-apps/{app}");
            fresh = Some(self.keep_secret(&purpose, &given.0).await?);
        }
        settings.credentials.secret = fresh.clone().or_else(|| old.clone());
        let author = self.author(by);
        let store = &self.ports.login_apps;
        let outcome = store
            .put_login_app(&app, &settings, expected, &author)
            .await;
        let stored = self.after_commit(outcome, fresh.as_ref()).await?;

        let current = settings.credentials.secret.as_ref();
        let swept = self.sweep_replaced(old.as_ref(), current).await;
        let mut view = LoginAppView::of(stored);
        view.warnings.extend(swept);
        Ok(Put {
            created: existing.is_none(),
            view,
        })
    }

    /// Sources that took its credentials over hold copies of their own.
    pub async fn delete_login_app(
        &self,
        id: &str,
        precondition: &Precondition,
    ) -> Result<Deleted, AdminError> {
        let stored = self.known_login_app(id).await?;
        precondition.required(Some(stored.version))?;
        let store = &self.ports.login_apps;
        let outcome = store.delete_login_app(&stored.id, stored.version).await;
        self.after_commit(outcome, None).await?;
        let secret = stored.settings.credentials.secret.as_ref();
        let swept = self.sweep_replaced(secret, None).await;
        Ok(Deleted {
            warnings: swept.into_iter().collect(),
        })
    }

    pub(crate) async fn known_login_app(&self, id: &str) -> Result<StoredLoginApp, AdminError> {
        let missing = || AdminError::NotFound {
            what: "login app",
            id: id.to_owned(),
        };
        let app = LoginAppId::parse(id).map_err(|_| missing())?;
        let stored = self.ports.login_apps.login_app(&app).await?;
        stored.ok_or_else(missing)
    }
}

impl LoginAppView {
    fn of(stored: StoredLoginApp) -> Self {
        Self {
            stored,
            warnings: Vec::new(),
        }
    }
}
