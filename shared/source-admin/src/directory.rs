//! The directory: people and departments of one source, settled or not.

use org_model::{DirectoryDepartment, DirectoryUser, UserId};

use crate::ports::{Page, PageRequest, UserFilter};
use crate::{Admin, AdminError};

impl Admin {
    pub async fn users(
        &self,
        id: &str,
        filter: &UserFilter,
        page: &PageRequest,
    ) -> Result<Page<DirectoryUser>, AdminError> {
        let source = self.known_place(id).await?;
        Ok(self.ports.directory.users(&source, filter, page).await?)
    }

    /// A person by their id in WeCom, ignoring case.
    pub async fn user(&self, id: &str, userid: &str) -> Result<DirectoryUser, AdminError> {
        let source = self.known_place(id).await?;
        let key = UserId::new(userid).key();
        let user = self.ports.directory.user(&source, &key).await?;
        user.ok_or_else(|| AdminError::NotFound {
            what: "user",
            id: userid.to_owned(),
        })
    }

    pub async fn departments(
        &self,
        id: &str,
        page: &PageRequest,
    ) -> Result<Page<DirectoryDepartment>, AdminError> {
        let source = self.known_place(id).await?;
        Ok(self.ports.directory.departments(&source, page).await?)
    }
}
