//! The calls that are served, how each is named in counts and faults, and the empty answer of each.

use axum::http::Method;
use serde_json::{Value, json};

/// One kind of API call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    Gettoken,
    AgentGet,
    DepartmentList,
    DepartmentSimplelist,
    DepartmentGet,
    UserList,
    UserSimplelist,
    UserGet,
    UserGetuserid,
    UserListId,
    TagGet,
    /// A path that WeCom does not know: 404 with an empty body.
    Unknown,
}

impl Call {
    /// Every call that has a path.
    pub const ALL: [Self; 11] = [
        Self::Gettoken,
        Self::AgentGet,
        Self::DepartmentList,
        Self::DepartmentSimplelist,
        Self::DepartmentGet,
        Self::UserList,
        Self::UserSimplelist,
        Self::UserGet,
        Self::UserGetuserid,
        Self::UserListId,
        Self::TagGet,
    ];

    /// The path after `/cgi-bin/`; also the name in counts and in `At::Kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gettoken => "gettoken",
            Self::AgentGet => "agent/get",
            Self::DepartmentList => "department/list",
            Self::DepartmentSimplelist => "department/simplelist",
            Self::DepartmentGet => "department/get",
            Self::UserList => "user/list",
            Self::UserSimplelist => "user/simplelist",
            Self::UserGet => "user/get",
            Self::UserGetuserid => "user/getuserid",
            Self::UserListId => "user/list_id",
            Self::TagGet => "tag/get",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn method(self) -> Method {
        match self {
            Self::UserGetuserid | Self::UserListId => Method::POST,
            _ => Method::GET,
        }
    }

    /// The arrays that even a refusal carries, empty (WECOM.md §3).
    pub(crate) fn empty_lists(self) -> Value {
        match self {
            Self::DepartmentList => json!({"department": []}),
            Self::DepartmentSimplelist => json!({"department_id": []}),
            Self::UserList | Self::UserSimplelist => json!({"userlist": []}),
            Self::UserListId => json!({"dept_user": []}),
            Self::TagGet => json!({"userlist": [], "partylist": []}),
            Self::AgentGet => json!({
                "allow_userinfos": {"user": []},
                "allow_partys": {"partyid": []},
                "allow_tags": {"tagid": []},
            }),
            Self::Gettoken
            | Self::DepartmentGet
            | Self::UserGet
            | Self::UserGetuserid
            | Self::Unknown => json!({}),
        }
    }
}
