//! The directory, over the world's memory.

use async_trait::async_trait;
use org_model::{DepartmentId, DirectoryDepartment, DirectoryUser, SourceId, UserKey};
use sync_run::ports::StoreError;

use super::{Part, World, page_of};
use crate::ports::{DirectoryReader, Page, PageRequest, UserFilter};

#[async_trait]
impl DirectoryReader for World {
    async fn user(
        &self,
        source: &SourceId,
        key: &UserKey,
    ) -> Result<Option<DirectoryUser>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read the directory")?;
        let mut users = state.users.get(source).into_iter().flatten();
        Ok(users.find(|user| user.key() == *key).cloned())
    }

    async fn users(
        &self,
        source: &SourceId,
        filter: &UserFilter,
        page: &PageRequest,
    ) -> Result<Page<DirectoryUser>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read the directory")?;
        let users = state.users.get(source).into_iter().flatten();
        page_of(users.filter(|user| takes(filter, user)).cloned(), page)
    }

    async fn aside(
        &self,
        source: &SourceId,
        key: &UserKey,
    ) -> Result<Vec<DirectoryUser>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read the directory")?;
        let aside = state.aside.get(source).into_iter().flatten();
        let aside = aside.rev().filter(|user| user.key() == *key);
        Ok(aside.cloned().collect())
    }

    async fn department(
        &self,
        source: &SourceId,
        id: DepartmentId,
    ) -> Result<Option<DirectoryDepartment>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read the directory")?;
        let mut departments = state.departments.get(source).into_iter().flatten();
        Ok(departments.find(|one| one.id == id).cloned())
    }

    async fn departments(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<DirectoryDepartment>, StoreError> {
        let mut state = self.state();
        state.working(Part::Store, "read the directory")?;
        let departments = state.departments.get(source).into_iter().flatten();
        page_of(departments.cloned(), page)
    }
}

/// Nothing here knows when it was written: `updated_since` takes everybody.
fn takes(filter: &UserFilter, user: &DirectoryUser) -> bool {
    let stands_in = |id| user.memberships.iter().any(|one| one.department == id);
    filter.status.is_none_or(|status| status == user.status)
        && filter.department.is_none_or(stands_in)
}
