//! The directory.

use std::collections::BTreeMap;

use jiff::Timestamp;
use org_model::{DirectoryDepartment, DirectoryUser, UserStatus};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::UserStatusWord;

/// One person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct User {
    /// As WeCom spells it.
    pub userid: String,
    /// The directory's own id; it outlives renames and returns.
    pub id: String,
    pub login: String,
    pub name: String,
    pub departments: Vec<u32>,
    pub main_department: Option<u32>,
    #[schema(value_type = UserStatusWord)]
    pub status: UserStatus,
    /// What the source's mapping fills.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub attributes: BTreeMap<String, Value>,
    /// Belongs to nobody's mirror: no run changes it.
    pub detached: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deleted_at: Option<Timestamp>,
}

impl From<DirectoryUser> for User {
    fn from(user: DirectoryUser) -> Self {
        let memberships = user.memberships.iter();
        Self {
            userid: user.userid.to_string(),
            id: user.internal_id.to_string(),
            login: user.userid.to_string(),
            name: user.name,
            departments: memberships.map(|one| one.department.0).collect(),
            main_department: user.main_department.map(|department| department.0),
            status: user.status,
            attributes: user.attributes,
            detached: user.detached,
            deleted_at: user.deleted_at,
        }
    }
}

/// One department.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Department {
    /// WeCom's number.
    pub id: u32,
    pub name: String,
    /// `null`: at the top of what the app may see.
    pub parent: Option<u32>,
    /// WeCom sorts larger numbers first.
    pub order: u64,
    /// Userids.
    pub leaders: Vec<String>,
    /// The directory's own id.
    pub internal_id: String,
    pub detached: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deleted_at: Option<Timestamp>,
}

impl From<DirectoryDepartment> for Department {
    fn from(department: DirectoryDepartment) -> Self {
        Self {
            id: department.id.0,
            name: department.name,
            parent: department.parent.map(|parent| parent.0),
            order: department.order,
            leaders: department.leaders.iter().map(ToString::to_string).collect(),
            internal_id: department.internal_id.to_string(),
            detached: department.detached,
            deleted_at: department.deleted_at,
        }
    }
}
