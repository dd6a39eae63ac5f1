//! The rules of a source: mapping, schedule, protection, retention.

use std::collections::BTreeMap;

use field_map::{Mapping, MappingProblem, MappingRule, RulePart};
use org_model::AttributeName;
use org_plan::Limits;
use serde_json::{Map, Value};

use crate::problem::{Problems, pointer_to};
use crate::schedule::time_zone;
use crate::section::{Section, shown_place};
use crate::{Every, Protection, RetentionDays, Schedule, StartAt};

const RETENTION_MAX_DAYS: u32 = 3_650;

pub(super) fn read_mapping(
    body: &Section<'_>,
    problems: &mut Problems,
) -> BTreeMap<AttributeName, MappingRule> {
    let Some(value) = body.value("mapping") else {
        return BTreeMap::new();
    };
    let pointer = body.at("mapping");
    let Some(fields) = value.as_object() else {
        problems.add(
            &pointer,
            "this is not a JSON object",
            "write { \"title\": \"position\" }",
        );
        return BTreeMap::new();
    };
    let mut rules = BTreeMap::new();
    for (attribute, json) in fields {
        let place = shown_place(&pointer, attribute);
        if let Some(rule) = read_rule(json, &place, problems) {
            rules.insert(attribute.clone(), rule);
        }
    }
    for problem in Mapping::compile(&rules).err().unwrap_or_default() {
        let place = place_in_rule(&problem, fields, &pointer);
        problems.add(&place, &problem.message, &problem.remedy);
    }
    rules
}

/// A text, or an object with the expression and its default.
fn read_rule(json: &Value, pointer: &str, problems: &mut Problems) -> Option<MappingRule> {
    match json {
        Value::String(value) => Some(MappingRule::from(value.as_str())),
        Value::Object(_) => {
            let section = Section::item(json, pointer, &["value", "default"], problems);
            let remedy = "write the expression, such as \"value\": \"position\"";
            section.requires("value", remedy, problems);
            let value = section.text("value", problems)?;
            Some(MappingRule {
                value: value.to_owned(),
                default: section.value("default").cloned(),
            })
        }
        _ => {
            let remedy = "write it in quotes, or write { \"value\": \"position\", \"default\": … }";
            problems.add(pointer, "an expression is a text", remedy);
            None
        }
    }
}

/// Where a problem of a rule stands in the body, which may have the expression inside an object.
fn place_in_rule(problem: &MappingProblem, fields: &Map<String, Value>, pointer: &str) -> String {
    // A problem of the rules as a whole names no attribute; nor may the name "" be one.
    let place = match problem.attribute.as_str() {
        "" => return pointer.to_owned(),
        attribute => shown_place(pointer, attribute),
    };
    let is_object = fields.get(&problem.attribute).is_some_and(Value::is_object);
    match problem.part {
        // A name that is not shown has no place below it either.
        _ if place == pointer || !is_object => place,
        RulePart::Name => place,
        RulePart::Value => pointer_to(&place, "value"),
        RulePart::Default => pointer_to(&place, "default"),
    }
}

pub(super) fn read_schedule(body: &Section<'_>, problems: &mut Problems) -> Schedule {
    let known = ["enabled", "start_at", "every", "timezone"];
    let section = body.inner("schedule", &known, problems);
    let mut schedule = Schedule::default();
    if let Some(enabled) = section.flag("enabled", problems) {
        schedule.enabled = enabled;
    }
    if let Some(text) = section.text("start_at", problems) {
        match text.parse::<StartAt>() {
            Ok(start_at) => schedule.start_at = start_at,
            Err(wrong) => {
                let remedy = "write it like 00:00";
                problems.add(&section.at("start_at"), &wrong.to_string(), remedy);
            }
        }
    }
    if let Some(text) = section.text("every", problems) {
        match text.parse::<Every>() {
            Ok(every) => schedule.every = every,
            Err(wrong) => {
                let remedy = "write one of them, such as 1h";
                problems.add(&section.at("every"), &wrong.to_string(), remedy);
            }
        }
    }
    if let Some(text) = section.text("timezone", problems) {
        match time_zone(text) {
            Some(zone) => schedule.timezone = zone.iana_name().unwrap_or(text).to_owned(),
            None => {
                let remedy = "write an IANA name, such as Asia/Shanghai or UTC";
                problems.add(
                    &section.at("timezone"),
                    "there is no such time zone",
                    remedy,
                );
            }
        }
    }
    schedule
}

pub(super) fn read_protection(body: &Section<'_>, problems: &mut Problems) -> Protection {
    let section = body.inner("protection", &["users", "departments"], problems);
    let defaults = Protection::default();
    Protection {
        users: read_limits(&section, "users", defaults.users, problems),
        departments: read_limits(&section, "departments", defaults.departments, problems),
    }
}

/// Bounds of DESIGN.md §5, with what a rule beyond them would be.
fn read_limits(
    protection: &Section<'_>,
    kind: &str,
    defaults: Limits,
    problems: &mut Problems,
) -> Limits {
    let known = ["floor", "max_count", "max_percent"];
    let section = protection.inner(kind, &known, problems);
    let mut limit = |name, default, bound, reason| {
        let given = section.number_because(name, 0..=bound, reason, problems);
        given.unwrap_or(default)
    };
    Limits {
        floor: limit("floor", defaults.floor, 50, FLOOR_REASON),
        max_count: limit("max_count", defaults.max_count, 1_000, COUNT_REASON),
        max_percent: limit("max_percent", defaults.max_percent, 50, PERCENT_REASON),
    }
}

const FLOOR_REASON: &str =
    ": up to the floor nothing trips, and in most companies a higher one never would";
const COUNT_REASON: &str = ": a rule that lets more go at once trips when it is too late, and in \
                            most companies never";
const PERCENT_REASON: &str =
    ": a rule that lets more than half go trips when it is too late, or never";

pub(super) fn read_retention(body: &Section<'_>, problems: &mut Problems) -> RetentionDays {
    let section = body.inner("retention_days", &["deleted", "logs"], problems);
    let defaults = RetentionDays::default();
    let mut days = |name, default| {
        let days = section.number(name, 1..=RETENTION_MAX_DAYS, problems);
        days.unwrap_or(default)
    };
    RetentionDays {
        deleted: days("deleted", defaults.deleted),
        logs: days("logs", defaults.logs),
    }
}
