//! The compiled rules of one source.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{AttributeName, Intent, MappedUser, Membership, RawMember};
use serde_json::Value;

use crate::expression::{Expression, Outcome, with_parser_stack};
use crate::fields::{CONTACT_FIELDS, WITHHELD_FIELDS, is_blank};
use crate::posts;
use crate::record::Record;
use crate::rule::judge_default;
use crate::{FilledFields, MappingProblem, MappingRule, RulePart};

/// `Intent::Keep`: WeCom did not send a field that the expression uses.
pub const ABSENT: &str = "absent";
/// `Intent::Keep`: privacy rules withhold a field that the expression uses.
pub const WITHHELD: &str = "withheld";
/// `Intent::Keep`: the expression has no result that the directory can hold.
pub const EXPRESSION_FAILED: &str = "expression_failed";

/// How many attributes a source may have.
pub const RULES_MAX: usize = 100;

/// The fixed parts of a directory user (DESIGN.md §6): no rule may claim their names.
pub const RESERVED_ATTRIBUTES: [&str; 13] = [
    "attributes",
    "departments",
    "detached",
    "direct_leaders",
    "id",
    "internal_id",
    "login",
    "main_department",
    "memberships",
    "name",
    "source",
    "status",
    "userid",
];

/// The rules of one source, ready to run. `Send + Sync`; share it in an `Arc`.
#[derive(Debug, Default)]
pub struct Mapping {
    pub(crate) rules: BTreeMap<AttributeName, Rule>,
}

/// One rule, ready to run.
#[derive(Debug)]
pub(crate) struct Rule {
    pub expression: Expression,
    pub default: Option<Value>,
}

impl Mapping {
    /// Compiles attribute → rule. All problems of all rules come back together; one of the
    /// rules as a whole has an empty attribute.
    pub fn compile(
        rules: &BTreeMap<AttributeName, MappingRule>,
    ) -> Result<Self, Vec<MappingProblem>> {
        with_parser_stack(|| Self::compile_here(rules)).unwrap_or_else(|| {
            Err(vec![MappingProblem {
                attribute: String::new(),
                part: RulePart::Name,
                message: "the expressions could not be read".to_owned(),
                remedy: "try again; if it fails again, report it with the mapping".to_owned(),
            }])
        })
    }

    fn compile_here(
        rules: &BTreeMap<AttributeName, MappingRule>,
    ) -> Result<Self, Vec<MappingProblem>> {
        let mut compiled = BTreeMap::new();
        let mut problems = judge_count(rules.len());
        for (attribute, rule) in rules.iter().take(RULES_MAX) {
            problems.extend(judge_name(attribute));
            match Expression::compile(&rule.value) {
                Ok(expression) => {
                    let default = rule.default.clone();
                    let rule = Rule {
                        expression,
                        default,
                    };
                    compiled.insert(attribute.clone(), rule);
                }
                Err(refusals) => problems.extend(refusals.into_iter().map(|r| MappingProblem {
                    attribute: attribute.clone(),
                    part: RulePart::Value,
                    message: r.message,
                    remedy: r.remedy,
                })),
            }
            let wrong = rule.default.as_ref().and_then(judge_default);
            problems.extend(wrong.map(|(message, remedy)| MappingProblem {
                attribute: attribute.clone(),
                part: RulePart::Default,
                message,
                remedy: remedy.to_owned(),
            }));
        }
        if problems.is_empty() {
            Ok(Self { rules: compiled })
        } else {
            Err(problems)
        }
    }

    /// Which withheld fields this reading shows filled for somebody.
    pub fn filled_fields<'a>(members: impl IntoIterator<Item = &'a RawMember>) -> FilledFields {
        let mut filled = FilledFields::default();
        for member in members {
            filled.note(member);
        }
        filled
    }

    /// The attributes whose rule reads a mobile, a telephone or a mail, wherever in the expression.
    pub fn contact_attributes(&self) -> BTreeSet<AttributeName> {
        let reads_contact = |rule: &Rule| {
            let mut fields = rule.expression.fields().iter();
            fields.any(|field| CONTACT_FIELDS.contains(&field.as_str()))
        };
        let rules = self.rules.iter().filter(|(_, rule)| reads_contact(rule));
        rules.map(|(attribute, _)| attribute.clone()).collect()
    }

    /// One person as the reading and the rules want them to be. Never fails, never panics.
    pub fn map(&self, member: &RawMember, filled: &FilledFields) -> MappedUser {
        let record = Record::of(member);
        let mut attributes = BTreeMap::new();
        let mut defaults = BTreeMap::new();
        for (attribute, rule) in &self.rules {
            let intent = intent(&rule.expression, &record, filled);
            if let (None, Some(default)) = (intent.as_set(), &rule.default) {
                defaults.insert(attribute.clone(), default.clone());
            }
            attributes.insert(attribute.clone(), intent);
        }
        MappedUser {
            userid: member.userid.clone(),
            name: member.name.clone().filter(|name| !name.is_empty()),
            memberships: member.memberships.clone().map(ordered),
            untold: posts::untold(&record, member.memberships.as_deref()),
            main_department: member.main_department,
            direct_leaders: member.direct_leaders.clone(),
            status: member.status,
            attributes,
            defaults,
        }
    }
}

/// What the reading asks for one attribute.
///
/// A field that is blank here and filled for nobody was not read, whatever shape WeCom gave it:
/// then not even a result with something in it counts (`mobile + '@sms.example.com'` would
/// otherwise become `@sms.example.com` for everybody).
pub(crate) fn intent(
    expression: &Expression,
    record: &Record,
    filled: &FilledFields,
) -> Intent<Value> {
    let outcome = expression.evaluate(record);
    let is_read = outcome != Outcome::Absent;
    if is_read && !withheld_fields(expression, record, filled).is_empty() {
        return Intent::Keep(WITHHELD.to_owned());
    }
    match outcome {
        Outcome::Value(value) => Intent::Set(value),
        Outcome::Empty => Intent::Clear,
        Outcome::Absent => Intent::Keep(ABSENT.to_owned()),
        Outcome::Failed => Intent::Keep(EXPRESSION_FAILED.to_owned()),
    }
}

/// The fields of the expression that are blank for this person and filled for nobody.
pub(crate) fn withheld_fields<'a>(
    expression: &'a Expression,
    record: &Record,
    filled: &FilledFields,
) -> Vec<&'a str> {
    let withheld = |field: &&str| {
        WITHHELD_FIELDS.contains(field)
            && !filled.contains(field)
            && record
                .field(field)
                .is_none_or(|value| is_blank(field, value))
    };
    expression
        .fields()
        .iter()
        .map(String::as_str)
        .filter(withheld)
        .collect()
}

fn ordered(mut memberships: Vec<Membership>) -> Vec<Membership> {
    memberships.sort_unstable();
    memberships.dedup_by_key(|membership| membership.department);
    memberships
}

fn judge_count(count: usize) -> Vec<MappingProblem> {
    if count <= RULES_MAX {
        return Vec::new();
    }
    vec![MappingProblem {
        attribute: String::new(),
        part: RulePart::Name,
        message: format!("there are more than {RULES_MAX} attributes"),
        remedy: "remove the attributes that nobody uses".to_owned(),
    }]
}

fn judge_name(attribute: &str) -> Option<MappingProblem> {
    let problem = |message: &str, remedy: &str| MappingProblem {
        attribute: attribute.to_owned(),
        part: RulePart::Name,
        message: message.to_owned(),
        remedy: remedy.to_owned(),
    };
    if RESERVED_ATTRIBUTES.contains(&attribute) {
        return Some(problem(
            "this name belongs to a fixed part of every person and cannot be mapped",
            "choose another name; userid, name, departments, leaders and status are always read",
        ));
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let good = (1..=63).contains(&attribute.len())
        && attribute.starts_with(|c: char| c.is_ascii_lowercase())
        && attribute.chars().all(allowed);
    (!good).then(|| {
        problem(
            "this is not the name of an attribute",
            "use 1 to 63 lower-case letters, digits and underscores, a letter first",
        )
    })
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod tests;
