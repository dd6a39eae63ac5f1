//! Login apps, over the world's memory.

use async_trait::async_trait;
use source_settings::{LoginAppId, LoginAppSettings};
use sync_run::ports::StoreError;

use super::settings::check;
use super::{Part, World};
use crate::ports::{Author, Expected, LoginApps, StoredLoginApp};

#[async_trait]
impl LoginApps for World {
    async fn login_app(&self, id: &LoginAppId) -> Result<Option<StoredLoginApp>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read a login app")?;
        Ok(state.login_apps.get(id).cloned())
    }

    async fn login_apps(&self) -> Result<Vec<StoredLoginApp>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read the login apps")?;
        Ok(state.login_apps.values().cloned().collect())
    }

    async fn put_login_app(
        &self,
        id: &LoginAppId,
        settings: &LoginAppSettings,
        expected: Expected,
        author: &Author,
    ) -> Result<StoredLoginApp, StoreError> {
        let mut state = self.state();
        state.working(Part::SettingsWrite, "put a login app")?;
        let current = state.login_apps.get(id).map(|stored| stored.version);
        let stored = StoredLoginApp {
            id: id.clone(),
            settings: settings.clone(),
            version: check(expected, current)?,
            updated_at: author.at,
            updated_by: Some(author.by.clone()),
        };
        state.login_apps.insert(id.clone(), stored.clone());
        Ok(stored)
    }

    async fn delete_login_app(&self, id: &LoginAppId, version: u64) -> Result<(), StoreError> {
        let mut state = self.state();
        state.working(Part::SettingsWrite, "delete a login app")?;
        let current = state.login_apps.get(id).map(|stored| stored.version);
        if current.is_some() {
            check(Expected::Version(version), current)?;
        }
        state.login_apps.remove(id);
        Ok(())
    }
}
