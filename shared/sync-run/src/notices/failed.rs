//! A run that failed or ended early, or whose rows did not all get through.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::page::{Page, rows as many_rows};
use super::written::Written;
use super::{About, chinese};
use crate::outcomes::NOT_ANSWERED;
use crate::{
    Notice, NoticeKind, RowResult, RunError, RunMode, RunRecord, RunStatus, refused_secret,
};

/// How many codes of rows a notice names.
const CODES_SHOWN_MAX: usize = 5;

/// Closed by the run itself: it knows what was written.
pub(crate) fn failed(
    about: &About<'_>,
    record: &RunRecord,
    written: Written,
    error: &RunError,
) -> Notice {
    let (so_far, so_far_chinese) = written.words();
    let (ended_how, ended_chinese) = match is_early(record) {
        true => ("ended early", "提前结束"),
        false => ("failed", "失败"),
    };
    let page = Page::begin(
        format!(
            "The run of {} {ended_how} ({}): {so_far}. Nobody is deleted or disabled because of \
             that.",
            about.who(),
            error.code
        ),
        format!(
            "{}的同步运行{ended_chinese}（{}）：{so_far_chinese}。不会因此删除或停用任何人。",
            about.who_chinese(),
            error.code
        ),
    );
    ended(about, page, record, error, json!(written.done))
}

/// It read and wrote as it should, and stopped before it was done: its record says `partial`, and
/// so does what is told of it.
fn is_early(record: &RunRecord) -> bool {
    record.status == RunStatus::Partial
}

/// Buried by somebody else: nobody knows how far it came but its rows.
pub(crate) fn buried(dead: &RunRecord, error: &RunError, now: Timestamp) -> Notice {
    let about = About::of_record(dead, now);
    let page = Page::begin(
        format!(
            "The run of {} failed ({}): its rows say what was written. Nobody is deleted or \
             disabled because of that.",
            about.who(),
            error.code
        ),
        format!(
            "{}的同步运行失败（{}）：已写入的内容见同步日志详情。不会因此删除或停用任何人。",
            about.who_chinese(),
            error.code
        ),
    );
    ended(&about, page, dead, error, Value::Null)
}

fn ended(
    about: &About<'_>,
    mut page: Page,
    record: &RunRecord,
    error: &RunError,
    done: Value,
) -> Notice {
    say_error(&mut page, record.mode, error);
    let RunRecord { run, source, .. } = record;
    page.part("Look at it:", "查看：");
    let calls = json!({ "run": format!("GET /sources/{source}/runs/{run}") });
    page.call("the run in the log", "同步日志", &text(&calls["run"]));
    let (next, next_chinese) = what_next(record.mode, &error.code);
    page.part(next, next_chinese);
    let detail = json!({
        "status": record.status, "error": error, "rows_done": done, "calls": calls,
    });
    let (kind, ended_how) = match is_early(record) {
        true => (NoticeKind::RunPartial, "ended early"),
        false => (NoticeKind::RunFailed, "failed"),
    };
    let head = format!("run {ended_how}: {}", error.code);
    about.notice(kind, &head, &page, detail)
}

/// Of a run that gives back.
const NO_LATER_RUN: (&str, &str) = (
    "No later run does this by itself: ask for it again.",
    "以后的运行不会自动完成，需要重新发起。",
);

/// Whether the next run does by itself what this one did not.
fn what_next(mode: RunMode, code: &str) -> (&'static str, &'static str) {
    match code {
        _ if mode.gives_back() => NO_LATER_RUN,
        refused_secret::WRONG_SECRET => (
            "The refused secret is not sent again: until it is put anew, every run fails like \
             this one, and you are reminded once a day.",
            "被拒绝的 Secret 不会再次发送：重新提交之前，每次运行都会同样失败，每天提醒一次。",
        ),
        _ => (
            "The next run tries again; while this goes on, you are reminded once a day.",
            "下一次运行会重试；在问题持续期间，每天提醒一次。",
        ),
    }
}

/// The source itself cannot be read: nothing is known of its name or of earlier notices. `record`:
/// as the segment before left it; no row of this one is written.
pub(crate) fn unread(record: &RunRecord, error: &RunError, now: Timestamp) -> Notice {
    let about = About::of_record(record, now);
    let written = Written::by_earlier(record);
    let (so_far, so_far_chinese) = match record.segments {
        0 => ("Nothing was done".to_owned(), "未执行任何操作".to_owned()),
        _ => {
            let (so_far, so_far_chinese) = written.words();
            (
                format!("A run ended before it was done, {so_far}"),
                format!("运行未完成即结束，{so_far_chinese}"),
            )
        }
    };
    let mut page = Page::begin(
        format!(
            "{so_far}: the settings or the state of {} cannot be read. Nobody is deleted, created \
             or updated while this lasts.",
            about.who()
        ),
        format!(
            "{so_far_chinese}：无法读取{}的设置或状态。在此期间不会删除、新增或修改任何人。",
            about.who_chinese()
        ),
    );
    say_error(&mut page, record.mode, error);
    page.say(
        "If the settings are the cause, put them again.",
        "如果原因是设置，请重新提交设置（PUT）。",
    );
    let done = written.done;
    let detail = json!({ "status": record.status, "error": error, "rows_done": done });
    let head = "run failed: the source cannot be read";
    about.notice(NoticeKind::RunFailed, head, &page, detail)
}

/// What happened as the run says it, and what to do about it in both languages.
fn say_error(page: &mut Page, mode: RunMode, error: &RunError) {
    let (message, remedy) = (&error.message, &error.remedy);
    let known = chinese::error(mode, &error.code);
    let what = known.map_or_else(String::new, |(what, _)| format!("{what}。"));
    page.part(
        format!("What happened: {message}."),
        format!("发生了什么：{what}系统信息：{message}。"),
    );
    // An address or a number in the remedy is what has to be entered somewhere.
    let is_plain = !remedy.contains(|c: char| c.is_ascii_digit());
    let todo = match known {
        Some((_, todo)) if is_plain => todo.to_owned(),
        Some((_, todo)) => format!("{todo}（{remedy}）"),
        None => remedy.clone(),
    };
    page.say(
        format!("What to do: {remedy}."),
        format!("如何处理：{todo}。"),
    );
}

/// The run read everything, and some rows did not get through (stories 9 and 13).
pub(crate) fn partial(
    about: &About<'_>,
    record: &RunRecord,
    codes: &BTreeMap<String, u64>,
) -> Notice {
    let (failed, done) = (
        record.rows_with(RowResult::Failed),
        record.rows_with(RowResult::Done),
    );
    let RunRecord { run, source, .. } = record;
    let at_hand: u64 = codes.values().sum();
    // Of an earlier segment's rows it is not known here why they failed.
    let is_known = at_hand >= failed && !codes.contains_key(NOT_ANSWERED);
    let mut page = counted(about, failed, done, is_known);
    say_codes(&mut page, codes, failed.saturating_sub(at_hand));
    page.part("Look at it:", "查看：");
    let rows = format!("GET /sources/{source}/runs/{run}/rows");
    page.call(
        "the rows with the result `failed`; each has its remedy",
        "结果为 failed 的明细行，每行附有处理办法",
        &rows,
    );
    let (next, next_chinese) = match record.mode.gives_back() {
        true => NO_LATER_RUN,
        false => (
            "The next run tries them again; while this goes on, you are reminded once a day.",
            "下一次运行会重试这些行；在问题持续期间，每天提醒一次。",
        ),
    };
    page.part(next, next_chinese);
    let detail = json!({
        "rows_failed": failed, "rows_done": done, "codes": codes, "calls": { "rows": rows },
    });
    let head = format!("{} failed", many_rows(failed));
    about.notice(NoticeKind::RunPartial, &head, &page, detail)
}

/// The first line. `is_known`: none of the rows that failed can have been written.
fn counted(about: &About<'_>, failed: u64, done: u64, is_known: bool) -> Page {
    let (head, head_chinese) = match is_known {
        true => ("Not written", "未写入"),
        false => ("Failed", "失败"),
    };
    let (stays, stays_chinese) = match is_known {
        true => ("Whoever failed stays as they were.", "失败的条目保持原样。"),
        false => (
            "Whoever failed stays as they were, but where the store did not answer they may have \
             been written.",
            "失败的条目保持原样，但存储没有应答的可能已经写入。",
        ),
    };
    Page::begin(
        format!(
            "{head}: {} of the run of {}; written: {done}. {stays}",
            many_rows(failed),
            about.who()
        ),
        format!(
            "{head_chinese}：{}本次运行中有 {failed} 行失败；已写入 {done} 行。{stays_chinese}",
            about.who_chinese()
        ),
    )
}

/// `earlier`: rows of earlier segments, whose codes are not at hand.
fn say_codes(page: &mut Page, codes: &BTreeMap<String, u64>, earlier: u64) {
    page.part("Why:", "原因：");
    for (code, rows) in codes.iter().take(CODES_SHOWN_MAX) {
        let words = chinese::row(code).map_or_else(String::new, |words| format!("（{words}）"));
        page.say(
            format!("- {code}: {}", many_rows(*rows)),
            format!("- {code}{words}：{rows} 行"),
        );
    }
    if earlier > 0 {
        let rows = many_rows(earlier);
        page.say(
            format!("- in an earlier segment of the run: {rows}; each says why"),
            format!("- 本次运行前面的分段中：{earlier} 行，每行都写有原因"),
        );
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
