//! A reading that proves nobody's absence: incomplete, or narrower than before.

use serde_json::{Value, json};

use super::page::{Page, departments as many_departments, people};
use super::taken::Taken;
use super::{About, chinese};
use crate::{Notice, NoticeKind, ReasonText, RunMode, RunRecord, StandingRange};

/// How many reasons a notice names.
const REASONS_SHOWN_MAX: usize = 10;

pub(crate) fn unsealed(about: &About<'_>, record: &RunRecord) -> Notice {
    let reasons = &record.unsealed_reasons;
    let taken = Taken::of(record);
    let (nobody, nobody_chinese) = taken.nobody();
    let (written, written_chinese) = written(record);
    let mut page = Page::begin(
        format!(
            "{nobody}: the reading of {} was incomplete. {written}",
            about.who()
        ),
        format!(
            "{nobody_chinese}：{}的读取不完整。{written_chinese}",
            about.who_chinese()
        ),
    );
    taken.say(&mut page);
    say_reasons(&mut page, reasons);
    page.part(
        "What to do: see that the agent is up and that the app may see everybody it should. The \
         next complete reading goes on from here; while this goes on, you are reminded once a day.",
        "如何处理：检查出口代理是否正常，以及应用的可见范围是否完整。下一次完整读取会继续；在问题持\
         续期间，每天提醒一次。",
    );
    look(&mut page, about);
    let detail = json!({
        "unsealed_reasons": reasons, "taken_by_the_run": taken.detail(),
        "calls": { "run": run_call(about) },
    });
    let first = reasons.first().map_or("unknown", |it| it.code.as_str());
    let head = format!("reading was incomplete: {first}");
    about.notice(NoticeKind::RunUnsealed, &head, &page, detail)
}

/// The visible range is narrower and stands: it waits for a person's word (DESIGN.md §6).
pub(crate) fn range_shrank(about: &About<'_>, record: &RunRecord, range: &StandingRange) -> Notice {
    let reasons = &record.unsealed_reasons;
    let (users, departments) = (range.affected_users, range.affected_departments);
    let taken = Taken::of(record);
    let (nobody, nobody_chinese) = taken.nobody();
    let (written, written_chinese) = written(record);
    let mut page = Page::begin(
        format!(
            "{nobody}: WeCom shows less of {} than before (visible range); {} and {} here are no \
             longer shown. {written}",
            about.who(),
            people(users),
            many_departments(departments)
        ),
        format!(
            "{nobody_chinese}：{}的可见范围变小了，目录中有 {users} 人、{departments} 个部门不再\
             可见。{written_chinese}",
            about.who_chinese()
        ),
    );
    taken.say(&mut page);
    say_reasons(&mut page, reasons);
    let calls = say_choices(&mut page, about, range);
    let lacks = &range.narrowing;
    let detail = json!({
        "range": range.fingerprint,
        "unsealed_reasons": reasons,
        "affected": { "users": users, "departments": departments },
        "taken_by_the_run": taken.detail(),
        "missing": {
            "whole_company": lacks.root_lost, "departments": lacks.departments.len(),
            "users": lacks.users.len(), "tags": lacks.tags.len(),
            "tag_members": lacks.tag_members.len(),
        },
        "calls": calls,
    });
    let head = format!(
        "visible range shrank: {}, {}",
        people(users),
        many_departments(departments)
    );
    about.notice(NoticeKind::RangeShrank, &head, &page, detail)
}

fn written(record: &RunRecord) -> (&'static str, &'static str) {
    match record.mode {
        RunMode::Plan => (
            "Nothing was written: the run only planned.",
            "本次只生成计划，未写入任何内容。",
        ),
        _ => ("New and changed people were written.", "新增和修改已写入。"),
    }
}

/// What can be done about a narrower range; the calls, for machines.
fn say_choices(page: &mut Page, about: &About<'_>, range: &StandingRange) -> Value {
    page.part("What to do:", "如何处理：");
    page.say(
        "- if it should be as wide as before, widen it in WeCom (or the scope in the settings); \
         the next run goes on from there",
        "- 如果不应变小：在企业微信中恢复应用的可见范围（或修改设置中的 scope），下一次运行会继续",
    );
    let path = format!("/sources/{}/range", about.source);
    let (look, who) = (format!("GET {path}"), format!("GET {path}/affected"));
    let accept = format!("POST {path}/accept");
    let word = |people| {
        format!(
            r#"{{"fingerprint":"{}","people":"{people}"}}"#,
            range.fingerprint
        )
    };
    let (keep, delete) = (
        format!("{accept} {}", word("keep")),
        format!("{accept} {}", word("delete")),
    );
    page.call("see what is missing", "查看可见范围的差异", &look);
    page.call("see who is affected", "查看受影响的人员", &who);
    page.call(
        "it is meant to be narrower, and they stay (detached)",
        "确实要变小，人员保留（脱离同步）",
        &keep,
    );
    page.call(
        "it is meant to be narrower, and they become candidates, and deletion protection still \
         judges them",
        "确实要变小，人员成为删除候选（仍受删除保护）",
        &delete,
    );
    json!({ "range": look, "affected": who, "keep": keep, "delete": delete })
}

fn say_reasons(page: &mut Page, reasons: &[ReasonText]) {
    page.part("Why:", "原因：");
    for reason in reasons.iter().take(REASONS_SHOWN_MAX) {
        let (code, message) = (&reason.code, &reason.message);
        let words = chinese::reason(code).map_or_else(String::new, |words| format!("{words}："));
        page.say(
            format!("- {message} ({code})"),
            format!("- {words}{message}（{code}）"),
        );
    }
    let more = reasons.len().saturating_sub(REASONS_SHOWN_MAX);
    if more > 0 {
        page.say(
            format!("- and {more} more"),
            format!("- 另有 {more} 个原因"),
        );
    }
}

fn look(page: &mut Page, about: &About<'_>) {
    if let Some(call) = run_call(about).as_str() {
        page.call("the run in the log", "同步日志", call);
    }
}

fn run_call(about: &About<'_>) -> Value {
    about.run.map_or(Value::Null, |run| {
        format!("GET /sources/{}/runs/{run}", about.source).into()
    })
}
