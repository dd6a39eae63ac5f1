//! A rule that said no, with its sum.

use org_model::ItemKind;
use org_plan::{RuleLimit, RuleWindow, TrippedRule};
use serde_json::{Value, json};

/// One line in each language.
pub(super) fn sentence(rule: &TrippedRule) -> (String, String) {
    let (deletions, base, value) = (rule.deletions, rule.base, rule.value);
    let (kind, kind_chinese, unit) = match rule.kind {
        ItemKind::User => ("people", "人员", "人"),
        ItemKind::Department => ("departments", "部门", "个"),
    };
    let (window, window_chinese) = match rule.window {
        RuleWindow::Run => ("in this run", "本次运行"),
        RuleWindow::Day => ("within 24 hours, this run included", "24 小时内（含本次）"),
    };
    let would = format!("{kind}: {deletions} of {base} would go {window}");
    let would_chinese =
        format!("{kind_chinese}：{window_chinese}共 {base} {unit}中将移除 {deletions} {unit}");
    match rule.limit {
        RuleLimit::MaxCount => (
            format!("{would}, more than max_count {value}"),
            format!("{would_chinese}，超过上限 max_count {value}"),
        ),
        RuleLimit::MaxPercent => {
            let (share, allowed) = (percent(rule), allowed(rule));
            (
                format!("{would} ({share} %), more than max_percent {value}, which is {allowed}"),
                format!(
                    "{would_chinese}（{share} %），超过比例上限 max_percent {value}，即 {allowed} \
                     {unit}"
                ),
            )
        }
        RuleLimit::LastOnes => (
            format!("{would}, and at most 1 would remain"),
            format!("{would_chinese}，最多只剩 1 {unit}"),
        ),
        RuleLimit::Paused => (
            format!("{kind}: deletions are paused in the settings, and {deletions} would go"),
            format!("{kind_chinese}：设置中已暂停删除，而有 {deletions} {unit}将被移除"),
        ),
        RuleLimit::SuspectedRename => (
            format!("{kind}: {deletions} may only have another userid now"),
            format!("{kind_chinese}：{deletions} {unit}可能只是更换了 userid"),
        ),
        RuleLimit::Clearing => clearing(rule),
    }
}

fn clearing(rule: &TrippedRule) -> (String, String) {
    let attribute = rule.attribute.as_deref().unwrap_or_default();
    let (deletions, base, value) = (rule.deletions, rule.base, rule.value);
    let (share, allowed) = (percent(rule), allowed(rule));
    (
        format!(
            "{attribute} would be emptied for {deletions} of {base} people ({share} %), more than \
             max_percent {value}, which is {allowed}"
        ),
        format!(
            "{attribute} 将被清空：共 {base} 人中的 {deletions} 人（{share} %），超过比例上限 \
             max_percent {value}，即 {allowed} 人"
        ),
    )
}

/// With one decimal, cut: 10.04 % reads 10.0, and what the limit allows stands beside it.
fn percent(rule: &TrippedRule) -> String {
    let tenths = rule.deletions.saturating_mul(1000) / rule.base.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// How many the limit would let go.
fn allowed(rule: &TrippedRule) -> u64 {
    u64::from(rule.value).saturating_mul(rule.base) / 100
}

/// In the names of the API.
pub(super) fn detail(rule: &TrippedRule) -> Value {
    let kind = match rule.kind {
        ItemKind::User => "users",
        ItemKind::Department => "departments",
    };
    let mut detail = json!({
        "kind": kind, "limit": rule.limit, "window": rule.window, "value": rule.value,
        "deletions": rule.deletions, "base": rule.base,
    });
    if let Some(attribute) = &rule.attribute {
        detail["attribute"] = attribute.as_str().into();
    }
    detail
}
