//! Departments: `department/list`, `department/simplelist` and `department/get`.

use org_model::{DepartmentId, RawDepartment};
use serde_json::{Map, Value};

use super::Malformed;
use super::envelope::each_of;
use super::lenient::{all, department_id, integer, object, present, text, userid};

/// One `department/list`: the departments that could be read, and how many entries were not sound.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DepartmentList {
    pub departments: Vec<RawDepartment>,
    pub broken: usize,
}

/// Where a department stands, without its name (`department/simplelist`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepartmentPlace {
    pub id: DepartmentId,
    /// `None`: the top. It need not be in the same answer: a scoped app may see no more of it.
    pub parent: Option<DepartmentId>,
    /// Among its siblings; the larger comes first.
    pub order: u64,
}

pub(crate) fn department_list(body: &[u8]) -> Result<DepartmentList, Malformed> {
    let mut list = DepartmentList::default();
    each_of(body, "department", |entry| {
        let (department, sound) = match entry.as_object() {
            Some(fields) => department(fields),
            None => (None, false),
        };
        list.departments.extend(department);
        list.broken += usize::from(!sound);
    })?;
    Ok(list)
}

/// All of the list or nothing: there is no gap that could say what is missing.
pub(crate) fn department_places(body: &[u8]) -> Result<Vec<DepartmentPlace>, Malformed> {
    let (mut places, mut whole) = (Vec::new(), true);
    each_of(body, "department_id", |entry| {
        match entry.as_object().and_then(place) {
            Some(place) => places.push(place),
            None => whole = false,
        }
    })?;
    if whole {
        Ok(places)
    } else {
        Err(Malformed::Lacks("department_id"))
    }
}

fn place(fields: &Map<String, Value>) -> Option<DepartmentPlace> {
    let (department, sound) = department(fields);
    department.filter(|_| sound).map(|it| DepartmentPlace {
        id: it.id,
        parent: it.parent,
        order: it.order,
    })
}

pub(crate) fn department_answer(body: &[u8]) -> Result<RawDepartment, Malformed> {
    let answer = object(body)?;
    let fields = present(&answer, "department").and_then(Value::as_object);
    match fields.map(department) {
        Some((Some(department), true)) => Ok(department),
        _ => Err(Malformed::Lacks("department")),
    }
}

/// The department as far as it can be read, and whether its place in the tree is certain: a
/// department whose `parentid` is not a number must not look as if it had moved to the top.
fn department(fields: &Map<String, Value>) -> (Option<RawDepartment>, bool) {
    let Some(id) = present(fields, "id").and_then(department_id) else {
        return (None, false);
    };
    let parent = present(fields, "parentid").filter(|value| value.as_str() != Some(""));
    let parent_is_number = parent.is_none_or(|value| integer(value).is_some());
    let leaders = present(fields, "department_leader").and_then(|list| all(list, userid));
    let department = RawDepartment {
        id,
        // WeCom itself puts the id in place of a name that an app may not see.
        name: present(fields, "name")
            .and_then(text)
            .unwrap_or_else(|| id.to_string()),
        parent: parent.and_then(department_id),
        order: present(fields, "order")
            .and_then(integer)
            .and_then(|order| u64::try_from(order).ok())
            .unwrap_or(0),
        leaders,
    };
    (Some(department), parent_is_number)
}
