//! WeCom's field names, and which of them this reading shows filled.

use org_model::RawMember;
use serde::Serialize;
use serde_json::Value;

use crate::record::Record;

/// What apps created after 2022-06-20 never receive (WECOM.md §1).
pub const WITHHELD_FIELDS: [&str; 7] = [
    "avatar", "gender", "mobile", "email", "biz_mail", "qr_code", "address",
];

/// Every field of a member that WECOM.md §3 names, the legacy ones included.
pub(crate) const KNOWN_FIELDS: [&str; 28] = [
    "address",
    "alias",
    "avatar",
    "biz_mail",
    "department",
    "direct_leader",
    "email",
    "enable",
    "english_name",
    "extattr",
    "external_position",
    "external_profile",
    "gender",
    "hide_mobile",
    "is_leader_in_dept",
    "isleader",
    "main_department",
    "mobile",
    "name",
    "open_userid",
    "order",
    "position",
    "positions",
    "qr_code",
    "status",
    "telephone",
    "thumb_avatar",
    "userid",
];

/// Fields that name departments or people, which the app may not see.
pub(crate) const RANGE_FIELDS: [&str; 6] = [
    "department",
    "direct_leader",
    "is_leader_in_dept",
    "isleader",
    "main_department",
    "order",
];

/// Ways to reach exactly one person: an equal one under an equal name is most likely the same
/// person (DESIGN.md §5).
pub(crate) const CONTACT_FIELDS: [&str; 4] = ["biz_mail", "email", "mobile", "telephone"];

/// The fixed parts of a directory user: never worth an explanation of "not mapped".
pub(crate) const FIXED_FIELDS: [&str; 8] = [
    "department",
    "direct_leader",
    "is_leader_in_dept",
    "main_department",
    "name",
    "order",
    "status",
    "userid",
];

/// Which of [`WITHHELD_FIELDS`] are filled for at least one person of a reading: proof that the
/// app may read them, so that an empty one is really empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FilledFields {
    seen: [bool; WITHHELD_FIELDS.len()],
}

impl FilledFields {
    /// Looks at one more person.
    pub fn note(&mut self, member: &RawMember) {
        if self.is_full() {
            return;
        }
        let record = Record::of(member);
        for (field, seen) in WITHHELD_FIELDS.iter().zip(&mut self.seen) {
            *seen |= record
                .field(field)
                .is_some_and(|value| !is_blank(field, value));
        }
    }

    /// Is this field filled for somebody? Fields that are never withheld count as filled.
    pub fn contains(&self, field: &str) -> bool {
        WITHHELD_FIELDS
            .iter()
            .position(|withheld| *withheld == field)
            .is_none_or(|at| self.seen[at])
    }

    fn is_full(&self) -> bool {
        self.seen.iter().all(|seen| *seen)
    }
}

/// Empty in WeCom's sense: privacy rules leave fields empty, or the gender "0" (WECOM.md §1).
pub(crate) fn is_blank(field: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => {
            let text = text.trim();
            text.is_empty() || (field == "gender" && text == "0")
        }
        Value::Number(number) => field == "gender" && number.as_i64() == Some(0),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) => false,
    }
}
