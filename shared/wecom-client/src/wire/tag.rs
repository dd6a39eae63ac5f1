//! `tag/get`: whom a tag names.

use org_model::{DepartmentId, UserId};
use serde_json::Value;

use super::Malformed;
use super::lenient::{all, department_id, object, present, userid};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TagAnswer {
    pub users: Vec<UserId>,
    pub departments: Vec<DepartmentId>,
    /// Entries that do not say whom they name.
    pub broken: usize,
}

pub(crate) fn tag_answer(body: &[u8]) -> Result<TagAnswer, Malformed> {
    let answer = object(body)?;
    let entries = present(&answer, "userlist")
        .and_then(Value::as_array)
        .ok_or(Malformed::Lacks("userlist"))?;
    let users: Vec<UserId> = entries
        .iter()
        .filter_map(|entry| entry.get("userid").and_then(userid))
        .collect();
    // Older bodies have no `partylist`.
    let departments = match present(&answer, "partylist") {
        None => Vec::new(),
        Some(list) => all(list, department_id).ok_or(Malformed::Lacks("partylist"))?,
    };
    Ok(TagAnswer {
        broken: entries.len() - users.len(),
        users,
        departments,
    })
}
