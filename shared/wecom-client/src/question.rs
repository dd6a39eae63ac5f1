//! The calls a self-built app may make (WECOM.md §3), and one of them with its parameters.

use org_model::{DepartmentId, TagId, UserId};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    Gettoken,
    AgentGet,
    DepartmentList,
    DepartmentGet,
    UserList,
    UserSimplelist,
    UserGet,
    TagGet,
}

impl Call {
    /// WeCom's name: the path below `/cgi-bin/`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gettoken => "gettoken",
            Self::AgentGet => "agent/get",
            Self::DepartmentList => "department/list",
            Self::DepartmentGet => "department/get",
            Self::UserList => "user/list",
            Self::UserSimplelist => "user/simplelist",
            Self::UserGet => "user/get",
            Self::TagGet => "tag/get",
        }
    }
}

/// One call with its parameters, without the token.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub call: Call,
    parameter: Option<(&'static str, String)>,
}

impl Question {
    pub fn agent(agent_id: u64) -> Self {
        Self::with(Call::AgentGet, "agentid", &agent_id)
    }

    pub fn departments() -> Self {
        Self {
            call: Call::DepartmentList,
            parameter: None,
        }
    }

    pub fn department(id: DepartmentId) -> Self {
        Self::with(Call::DepartmentGet, "id", &id)
    }

    pub fn members_of(id: DepartmentId) -> Self {
        Self::with(Call::UserList, "department_id", &id)
    }

    pub fn userids_of(id: DepartmentId) -> Self {
        Self::with(Call::UserSimplelist, "department_id", &id)
    }

    pub fn member(userid: &UserId) -> Self {
        Self::with(Call::UserGet, "userid", userid)
    }

    pub fn tag(id: TagId) -> Self {
        Self::with(Call::TagGet, "tagid", &id)
    }

    fn with(call: Call, key: &'static str, value: &dyn ToString) -> Self {
        Self {
            call,
            parameter: Some((key, value.to_string())),
        }
    }

    /// The token travels only in the query (WECOM.md §2): the result is a secret.
    pub fn url(&self, base: &Url, token: &SecretString) -> Url {
        let mut url = path_of(base, self.call);
        url.query_pairs_mut()
            .append_pair("access_token", token.expose_secret())
            .extend_pairs(self.parameter.iter().map(|(k, v)| (*k, v.as_str())));
        url
    }
}

/// `gettoken`; the result is a secret.
pub(crate) fn token_url(base: &Url, corp_id: &str, secret: &SecretString) -> Url {
    let mut url = path_of(base, Call::Gettoken);
    url.query_pairs_mut()
        .append_pair("corpid", corp_id)
        .append_pair("corpsecret", secret.expose_secret());
    url
}

/// Private deployments may have a path prefix (WECOM.md §3).
fn path_of(base: &Url, call: Call) -> Url {
    let mut url = base.clone();
    let prefix = base.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}/cgi-bin/{}", call.name()));
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests;
