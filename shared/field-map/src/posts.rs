//! Does a record say who leads in its departments, and in which place?

use org_model::{Membership, Untold};
use serde_json::Value;

use crate::record::Record;

/// `order` and `is_leader_in_dept` stand parallel to `department`; older records say `isleader`,
/// once for all of them. Where a list is absent, too short or broken it says nothing of anybody,
/// and neither does a list of departments that is shorter than what the person stands in.
pub(crate) fn untold(record: &Record, memberships: Option<&[Membership]>) -> Untold {
    let length = |field: &str| {
        let list = record.field(field)?.as_array()?;
        list.iter().all(is_whole).then_some(list.len())
    };
    let Some(departments) = length("department")
        .filter(|length| memberships.is_none_or(|memberships| memberships.len() <= *length))
    else {
        return Untold {
            leads: true,
            orders: true,
        };
    };
    let is_told = |field| length(field).is_some_and(|length| length >= departments);
    let leads_once = record.field("isleader").is_some_and(is_whole);
    let leads_nowhere_else = record
        .field("is_leader_in_dept")
        .and_then(Value::as_array)
        .is_none_or(Vec::is_empty);
    let leads_told = is_told("is_leader_in_dept") || (leads_once && leads_nowhere_else);
    Untold {
        leads: !leads_told,
        orders: !is_told("order"),
    }
}

/// A whole number, also as text.
fn is_whole(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|float| float.fract() == 0.0),
        Value::String(text) => text.trim().parse::<i64>().is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
