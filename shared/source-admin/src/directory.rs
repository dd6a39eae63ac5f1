//! The directory: people and departments of one source, settled or not.

use org_model::{DepartmentId, DirectoryDepartment, DirectoryUser, SourceId, UserId};

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

    /// Who stands in one department itself, not in those below it.
    pub async fn users_of_department(
        &self,
        id: &str,
        department: &str,
        filter: UserFilter,
        page: &PageRequest,
    ) -> Result<Page<DirectoryUser>, AdminError> {
        let source = self.known_place(id).await?;
        let directory = &self.ports.directory;
        let missing = || AdminError::NotFound {
            what: "department",
            id: department.to_owned(),
        };
        let number = DepartmentId(department.parse().map_err(|_| missing())?);
        let known = directory.department(&source, number).await?;
        known.ok_or_else(missing)?;
        let filter = UserFilter {
            department: Some(number),
            ..filter
        };
        Ok(directory.users(&source, &filter, page).await?)
    }

    pub async fn departments(
        &self,
        id: &str,
        page: &PageRequest,
    ) -> Result<Page<DirectoryDepartment>, AdminError> {
        let source = self.known_place(id).await?;
        Ok(self.ports.directory.departments(&source, page).await?)
    }

    pub(crate) async fn person(
        &self,
        source: &SourceId,
        userid: &str,
    ) -> Result<DirectoryUser, AdminError> {
        let key = UserId::new(userid).key();
        let user = self.ports.directory.user(source, &key).await?;
        user.ok_or_else(|| AdminError::NotFound {
            what: "user",
            id: userid.to_owned(),
        })
    }
}
