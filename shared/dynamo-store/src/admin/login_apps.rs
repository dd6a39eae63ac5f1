//! Login apps: WeCom apps that are configured for sign-in already.

use async_trait::async_trait;
use source_admin::ports::{Author, Expected, LoginApps, StoredLoginApp};
use source_settings::{LoginAppId, LoginAppSettings};
use sync_run::ports::StoreError;

use super::versions::Versioned;
use crate::DynamoStore;
use crate::sources::{no_longer_valid, secret_of};
use crate::wire::Attributes;
use crate::wire::attributes::{from_json, n, number, optional_text, text, time};
use crate::wire::calls::Written;
use crate::wire::errors::unreadable;
use crate::wire::expression::Expression;
use crate::wire::keys;

const READ: &str = "read a login app";

fn app_of(item: &Attributes) -> Result<StoredLoginApp, StoreError> {
    let id = LoginAppId::parse(text(item, "sk", READ)?);
    let json = from_json(item, "settings", READ)?;
    let settings = LoginAppSettings::from_stored(&json, secret_of(item));
    Ok(StoredLoginApp {
        id: id.map_err(|_| unreadable(READ, "its id is no id"))?,
        settings: settings.map_err(|problems| no_longer_valid(READ, problems.len()))?,
        version: number(item, "version", READ)?,
        updated_at: time(item, "updated_at", READ)?,
        updated_by: optional_text(item, "updated_by").map(str::to_owned),
    })
}

#[async_trait]
impl LoginApps for DynamoStore {
    async fn login_app(&self, id: &LoginAppId) -> Result<Option<StoredLoginApp>, StoreError> {
        let key = keys::login_app(id.as_str());
        let found = self.get(READ, &self.tables.sync, &key).await?;
        found.as_ref().map(app_of).transpose()
    }

    async fn login_apps(&self) -> Result<Vec<StoredLoginApp>, StoreError> {
        let entries = self
            .entries("list the login apps", keys::LOGIN_APPS)
            .await?;
        entries.iter().map(app_of).collect()
    }

    async fn put_login_app(
        &self,
        id: &LoginAppId,
        settings: &LoginAppSettings,
        expected: Expected,
        author: &Author,
    ) -> Result<StoredLoginApp, StoreError> {
        let change = Versioned {
            act: "write a login app",
            key: keys::login_app(id.as_str()),
            text: serde_json::to_string(settings).unwrap_or_default(),
            secret: settings.credentials.secret.as_ref(),
            expected,
            author,
        };
        app_of(&self.put_versioned(&change).await?)
    }

    async fn delete_login_app(&self, id: &LoginAppId, version: u64) -> Result<(), StoreError> {
        let act = "delete a login app";
        let key = keys::login_app(id.as_str());
        let condition = Expression::condition("#version = :version").with(":version", n(version));
        match self.delete(act, &self.tables.sync, &key, condition).await? {
            // Nothing there any more: gone, by this call or another.
            Written::Done | Written::Refused(None) => Ok(()),
            Written::Refused(Some(_)) => Err(StoreError::Conflict { act }),
        }
    }
}
