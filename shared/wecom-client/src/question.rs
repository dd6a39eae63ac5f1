//! The calls a self-built app may make (WECOM.md §3), and one of them with its parameters.

use org_model::{DepartmentId, TagId, UserId};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    Gettoken,
    AgentGet,
    DepartmentList,
    DepartmentSimplelist,
    DepartmentGet,
    UserList,
    UserSimplelist,
    UserGet,
    UserGetuserid,
    TagGet,
}

impl Call {
    /// WeCom's name: the path below `/cgi-bin/`.
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
            Self::TagGet => "tag/get",
        }
    }
}

/// One call with its parameters, without the token.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub call: Call,
    parameter: Option<(&'static str, String)>,
    /// JSON, if it is asked with POST. What is sent this way is personal: never shown.
    body: Option<SecretString>,
}

/// A question as it is sent. The URL carries the token: no part of it is ever shown.
pub(crate) struct Request {
    pub call: Call,
    pub url: Url,
    pub body: Option<SecretString>,
}

impl Question {
    pub fn agent(agent_id: u64) -> Self {
        Self::with(Call::AgentGet, "agentid", &agent_id)
    }

    pub fn departments() -> Self {
        Self {
            call: Call::DepartmentList,
            parameter: None,
            body: None,
        }
    }

    /// `None`: everything visible.
    pub fn places(below: Option<DepartmentId>) -> Self {
        Self {
            call: Call::DepartmentSimplelist,
            parameter: below.map(|id| ("id", id.to_string())),
            body: None,
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

    pub fn userid_of(mobile: &SecretString) -> Self {
        let body = json!({ "mobile": mobile.expose_secret() }).to_string();
        Self {
            call: Call::UserGetuserid,
            parameter: None,
            body: Some(SecretString::from(body)),
        }
    }

    pub fn tag(id: TagId) -> Self {
        Self::with(Call::TagGet, "tagid", &id)
    }

    fn with(call: Call, key: &'static str, value: &dyn ToString) -> Self {
        Self {
            call,
            parameter: Some((key, value.to_string())),
            body: None,
        }
    }

    pub fn request(&self, base: &Url, token: &SecretString) -> Request {
        Request {
            call: self.call,
            url: self.url(base, token),
            body: self.body.clone(),
        }
    }

    /// The token travels only in the query (WECOM.md §2): the result is a secret.
    fn url(&self, base: &Url, token: &SecretString) -> Url {
        let mut url = path_of(base, self.call);
        url.query_pairs_mut()
            .append_pair("access_token", token.expose_secret())
            .extend_pairs(self.parameter.iter().map(|(k, v)| (*k, v.as_str())));
        url
    }
}

pub(crate) fn token_request(base: &Url, corp_id: &str, secret: &SecretString) -> Request {
    Request {
        call: Call::Gettoken,
        url: token_url(base, corp_id, secret),
        body: None,
    }
}

/// `gettoken`; the result is a secret.
fn token_url(base: &Url, corp_id: &str, secret: &SecretString) -> Url {
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
