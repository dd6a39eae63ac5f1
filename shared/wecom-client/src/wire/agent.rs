//! `agent/get`: what the app may see, and whether it is switched on.

use std::collections::BTreeSet;

use org_model::{DepartmentId, TagId, UserId, VisibleRange};
use serde_json::{Map, Value};

use super::Malformed;
use super::lenient::{all, department_id, integer, number_id, object, present, userid};

/// The declared range; single members also as WeCom spells them, for asking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AgentAnswer {
    pub departments: BTreeSet<DepartmentId>,
    pub users: Vec<UserId>,
    pub tags: BTreeSet<TagId>,
    pub closed: bool,
}

impl AgentAnswer {
    pub fn range(&self) -> VisibleRange {
        VisibleRange {
            departments: self.departments.clone(),
            users: self.users.iter().map(UserId::key).collect(),
            tags: self.tags.clone(),
        }
    }
}

/// A range is read whole or not at all: half a range would look like a narrower one.
pub(crate) fn agent_answer(body: &[u8]) -> Result<AgentAnswer, Malformed> {
    let answer = object(body)?;
    let says_something = ["agentid", "allow_userinfos", "allow_partys", "allow_tags"]
        .iter()
        .any(|key| present(&answer, key).is_some());
    if !says_something {
        return Err(Malformed::Lacks("agentid"));
    }
    let member = |entry: &Value| match entry {
        Value::Object(fields) => present(fields, "userid").and_then(userid),
        other => userid(other),
    };
    let tag = |value: &Value| number_id(value).map(TagId);
    Ok(AgentAnswer {
        departments: inner(&answer, "allow_partys", "partyid", department_id)?
            .into_iter()
            .collect(),
        users: inner(&answer, "allow_userinfos", "user", member)?,
        tags: inner(&answer, "allow_tags", "tagid", tag)?
            .into_iter()
            .collect(),
        closed: present(&answer, "close").and_then(integer) == Some(1),
    })
}

/// The list `key` inside the object `outer`; absent and null are empty, anything odd is an error.
fn inner<T>(
    answer: &Map<String, Value>,
    outer: &'static str,
    key: &str,
    decode: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, Malformed> {
    match present(answer, outer) {
        None => Ok(Vec::new()),
        Some(Value::Object(object)) => match present(object, key) {
            None => Ok(Vec::new()),
            Some(list) => all(list, decode).ok_or(Malformed::Lacks(outer)),
        },
        Some(_) => Err(Malformed::Lacks(outer)),
    }
}
