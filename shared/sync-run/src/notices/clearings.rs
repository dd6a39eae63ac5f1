//! Values that the guard over clearings kept (DESIGN.md §5): one notice for all attributes of a
//! run, since a mapping that is lost loses many at once.

use org_model::Fingerprint;
use org_plan::TrippedRule;
use serde_json::{Value, json};

use super::page::{Page, people};
use super::{About, arithmetic};
use crate::{Notice, NoticeKind};

/// How the cause of these notices begins in the source's memory.
const CLEARING: &str = "clearing:";

/// So many attributes are told one by one in the text; all of them stand in the detail.
const TOLD_MAX: usize = 10;

/// Other attributes are another cause, however many of them a run keeps back; one alone is named.
pub(crate) fn clearings_cause(rules: &[&TrippedRule]) -> String {
    match rules {
        [rule] => format!("{CLEARING}{}", attribute(rule)),
        _ => {
            let mut attributes: Vec<&str> = rules.iter().map(|rule| attribute(rule)).collect();
            attributes.sort_unstable();
            format!("{CLEARING}{}", Fingerprint::of(&attributes))
        }
    }
}

pub(crate) fn clearings(about: &About<'_>, rules: &[&TrippedRule]) -> Notice {
    let (mut page, head) = match rules {
        [rule] => of_one(about, rule),
        _ => of_many(about, rules),
    };
    page.part("If that is right:", "如果确实应当清空：");
    let runs = format!("/sources/{}/runs", about.source);
    let plan = format!(r#"POST {runs} {{"mode":"plan"}}"#);
    let apply = format!(r#"POST {runs} {{"mode":"apply","plan":"<fingerprint>"}}"#);
    page.call(
        "ask for a plan and look at its rows",
        "先生成计划并查看明细",
        &plan,
    );
    page.call(
        "apply that plan by its fingerprint",
        "再按指纹应用该计划",
        &apply,
    );
    let attributes: Vec<Value> = rules.iter().map(|rule| detail(rule)).collect();
    let detail = json!({
        "attributes": attributes,
        "calls": { "plan": plan, "apply": apply },
    });
    about.notice(NoticeKind::ClearingsSkipped, &head, &page, detail)
}

fn of_one(about: &About<'_>, rule: &TrippedRule) -> (Page, String) {
    let (attribute, kept) = (attribute(rule), rule.deletions);
    let mut page = Page::begin(
        format!(
            "Kept, not emptied: {attribute} of {} of {}. Everything else of the run is not held \
             back.",
            people(kept),
            about.who()
        ),
        format!(
            "保留原值，未清空：{}中 {kept} 人的 {attribute}。本次运行的其余变更不受影响。",
            about.who_chinese()
        ),
    );
    let (english, chinese) = arithmetic::sentence(rule);
    page.part(format!("Why: {english}."), format!("原因：{chinese}。"));
    page.say(
        "Either WeCom shows it empty, or the mapping no longer names this attribute.",
        "可能是企业微信中该字段为空，也可能是字段映射不再包含该属性。",
    );
    let head = format!(
        "kept {attribute} of {} instead of emptying it",
        people(kept)
    );
    (page, head)
}

fn of_many(about: &About<'_>, rules: &[&TrippedRule]) -> (Page, String) {
    let count = rules.len();
    let mut page = Page::begin(
        format!(
            "Kept, not emptied: {count} attributes of people of {}. Everything else of the run is \
             not held back.",
            about.who()
        ),
        format!(
            "保留原值，未清空：{}中人员的 {count} 个属性。本次运行的其余变更不受影响。",
            about.who_chinese()
        ),
    );
    page.part("Why:", "原因：");
    let mut largest = rules.to_vec();
    largest.sort_by_key(|rule| std::cmp::Reverse(rule.deletions));
    for rule in largest.iter().take(TOLD_MAX) {
        let (english, chinese) = arithmetic::sentence(rule);
        page.say(format!("- {english}"), format!("- {chinese}"));
    }
    let more = count.saturating_sub(TOLD_MAX);
    if more > 0 {
        page.say(
            format!("- and {more} more: the rows of this run name all of them"),
            format!("- 另有 {more} 个属性：本次运行的明细行列出了全部"),
        );
    }
    page.part(
        "Either WeCom shows them empty, or the mapping no longer names these attributes.",
        "可能是企业微信中这些字段为空，也可能是字段映射不再包含这些属性。",
    );
    let head = format!("kept {count} attributes of people instead of emptying them");
    (page, head)
}

fn detail(rule: &TrippedRule) -> Value {
    json!({
        "attribute": attribute(rule),
        "kept": rule.deletions,
        "rule": arithmetic::detail(rule),
    })
}

fn attribute(rule: &TrippedRule) -> &str {
    rule.attribute.as_deref().unwrap_or_default()
}
