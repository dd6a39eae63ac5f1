//! The compiled rules of one source.

use std::collections::BTreeMap;

use org_model::{AttributeName, MappedUser, RawMember};

use crate::{FieldExplanation, FilledFields, MappingProblem};

/// `Intent::Keep`: WeCom did not send a field that the expression uses.
pub const ABSENT: &str = "absent";
/// `Intent::Keep`: privacy rules withhold a field that the expression uses.
pub const WITHHELD: &str = "withheld";
/// `Intent::Keep`: the expression has no result that the directory can hold.
pub const EXPRESSION_FAILED: &str = "expression_failed";

/// The rules of one source, ready to run. `Send + Sync`; share it in an `Arc`.
#[derive(Debug, Default)]
pub struct Mapping {}

impl Mapping {
    /// Compiles attribute → expression. All problems of all rules come back together.
    pub fn compile(rules: &BTreeMap<AttributeName, String>) -> Result<Self, Vec<MappingProblem>> {
        let _contract = rules;
        Ok(Self {})
    }

    /// Which withheld fields this reading shows filled for somebody.
    pub fn filled_fields<'a>(members: impl IntoIterator<Item = &'a RawMember>) -> FilledFields {
        let mut filled = FilledFields::default();
        for member in members {
            filled.note(member);
        }
        filled
    }

    /// One person as the reading and the rules want them to be. Never fails, never panics.
    pub fn map(&self, member: &RawMember, filled: &FilledFields) -> MappedUser {
        let _contract = filled;
        MappedUser {
            userid: member.userid.clone(),
            name: member.name.clone(),
            memberships: member.memberships.clone().unwrap_or_default(),
            main_department: member.main_department,
            direct_leaders: member.direct_leaders.clone(),
            status: member.status,
            attributes: BTreeMap::new(),
        }
    }

    /// Everything that is missing from one person, with its cause: for the preview.
    pub fn explain(&self, member: &RawMember, filled: &FilledFields) -> Vec<FieldExplanation> {
        let _contract = (member, filled);
        Vec::new()
    }
}
