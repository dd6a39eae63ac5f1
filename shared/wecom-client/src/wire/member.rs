//! Members: `user/list`, `user/simplelist`, `user/get`, `user/getuserid`.

use org_model::{DepartmentId, MemberStatus, Membership, RawMember, UserId};
use serde_json::{Map, Value};

use super::Malformed;
use super::envelope::each_of;
use super::lenient::{all, department_id, integer, object, present, text, userid};

/// One `user/list`: whoever could be read, and how many entries could not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct MemberList {
    pub members: Vec<RawMember>,
    pub broken: usize,
}

/// One `user/simplelist`: who stands there, and how many entries could not be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct UseridList {
    pub userids: Vec<UserId>,
    pub broken: usize,
}

pub(crate) fn member_list(body: &[u8], listed_in: DepartmentId) -> Result<MemberList, Malformed> {
    let mut list = MemberList::default();
    each_of(body, "userlist", |entry| {
        match member(entry, Some(listed_in)) {
            Some(member) => list.members.push(member),
            None => list.broken += 1,
        }
    })?;
    Ok(list)
}

pub(crate) fn userid_list(body: &[u8]) -> Result<UseridList, Malformed> {
    let mut list = UseridList::default();
    each_of(body, "userlist", |entry| {
        match entry.get("userid").and_then(userid) {
            Some(userid) => list.userids.push(userid),
            None => list.broken += 1,
        }
    })?;
    Ok(list)
}

/// `user/get`: the member, flat among the answer's own fields.
pub(crate) fn member_answer(
    body: &[u8],
    listed_in: Option<DepartmentId>,
) -> Result<RawMember, Malformed> {
    let mut fields = object(body)?;
    fields.remove("errcode");
    fields.remove("errmsg");
    member(Value::Object(fields), listed_in).ok_or(Malformed::Lacks("userid"))
}

/// `user/getuserid`: only whose mobile it is.
pub(crate) fn userid_answer(body: &[u8]) -> Result<UserId, Malformed> {
    let answer = object(body)?;
    let userid = present(&answer, "userid").and_then(userid);
    userid.ok_or(Malformed::Lacks("userid"))
}

/// `None`: the entry does not say whose it is.
fn member(entry: Value, listed_in: Option<DepartmentId>) -> Option<RawMember> {
    let fields = entry.as_object()?;
    let userid = present(fields, "userid").and_then(userid)?;
    Some(RawMember {
        userid,
        name: present(fields, "name").and_then(text),
        memberships: memberships(fields, listed_in),
        listed_in,
        main_department: present(fields, "main_department").and_then(department_id),
        status: status(fields),
        direct_leaders: present(fields, "direct_leader").and_then(|list| all(list, self::userid)),
        fields: entry.to_string().into_boxed_str(),
    })
}

/// `department` with its parallel lists. One broken element makes the whole field unusable: half a
/// list of departments would read like a departure from the other half.
fn memberships(
    fields: &Map<String, Value>,
    listed_in: Option<DepartmentId>,
) -> Option<Vec<Membership>> {
    let departments = present(fields, "department").and_then(|list| all(list, department_id))?;
    if departments.is_empty() && listed_in.is_some() {
        // Whoever stands in a department's list is in that department: empty says nothing here.
        return None;
    }
    let orders = numbers(fields, "order");
    let leads = numbers(fields, "is_leader_in_dept");
    // Older bodies say it once, for the person.
    let leads_everywhere =
        leads.is_empty() && present(fields, "isleader").and_then(integer) == Some(1);
    let membership = |(at, department): (usize, DepartmentId)| Membership {
        department,
        order: orders
            .get(at)
            .and_then(|order| u32::try_from((*order)?).ok())
            .unwrap_or(0),
        leader: leads_everywhere || leads.get(at) == Some(&Some(1)),
    };
    Some(
        departments
            .into_iter()
            .enumerate()
            .map(membership)
            .collect(),
    )
}

/// A list parallel to `department`, element by element; empty when there is none.
fn numbers(fields: &Map<String, Value>, key: &str) -> Vec<Option<i64>> {
    let list = present(fields, key).and_then(Value::as_array);
    list.map(|list| list.iter().map(integer).collect())
        .unwrap_or_default()
}

/// `status`, or in bodies without it the older `enable`.
fn status(fields: &Map<String, Value>) -> Option<MemberStatus> {
    let Some(status) = present(fields, "status") else {
        return match present(fields, "enable").and_then(integer) {
            Some(1) => Some(MemberStatus::Active),
            Some(0) => Some(MemberStatus::Disabled),
            _ => None,
        };
    };
    match integer(status) {
        Some(1) => Some(MemberStatus::Active),
        Some(2) => Some(MemberStatus::Disabled),
        Some(4) => Some(MemberStatus::Pending),
        Some(5) => Some(MemberStatus::Left),
        _ => None,
    }
}
