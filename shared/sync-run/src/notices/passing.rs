//! What comes and goes: an agent that is down, a source that is silent, trouble that is over.

use std::collections::BTreeMap;

use jiff::Timestamp;
use org_model::SourceId;
use serde_json::{Value, json};

use super::page::{Page, when};
use super::{About, chinese};
use crate::ports::AgentFailure;
use crate::{Notice, NoticeKind};

/// The run went around this agent. `through`: the one that answered; `None`: directly.
pub(crate) fn agent_down(
    about: &About<'_>,
    failure: &AgentFailure,
    through: Option<&str>,
) -> Notice {
    let (id, code, message) = (&failure.id, failure.code, &failure.message);
    let (other, other_chinese) = match through {
        Some(agent) => (
            format!("through agent {agent}"),
            format!("通过出口代理 {agent} "),
        ),
        None => ("without it".to_owned(), "绕过它".to_owned()),
    };
    let mut page = Page::begin(
        format!(
            "The run of {} was done {other}: agent {id} could not be used.",
            about.who()
        ),
        format!(
            "{}的运行已{other_chinese}完成：出口代理 {id} 无法使用。",
            about.who_chinese()
        ),
    );
    let known = chinese::agent(code).map_or_else(String::new, |what| format!("{what}。"));
    page.part(
        format!("What happened: {message} ({code})."),
        format!("发生了什么：{known}系统信息：{message}（{code}）。"),
    );
    page.part(
        "Nothing is missing yet. If the other agents fail as well, runs fail.",
        "目前没有遗漏。如果其他出口代理也失效，同步运行将会失败。",
    );
    let check = format!("POST /agents/{id}/check");
    page.call("look at it", "检查出口代理", &check);
    let detail = json!({
        "agent": id, "code": code, "message": message, "through": through,
        "calls": { "check": check },
    });
    about.notice(
        NoticeKind::AgentDown,
        &format!("agent {id} is down"),
        &page,
        detail,
    )
}

/// Story 19: a schedule that is on, and no complete run for three intervals.
pub(crate) fn silence(
    source: &SourceId,
    name: &str,
    last_success_at: Option<Timestamp>,
    now: Timestamp,
) -> Notice {
    let about = About {
        at: now,
        source,
        name,
        run: None,
    };
    let (since, since_chinese) = match last_success_at {
        Some(at) => (format!("since {}", when(at)), format!("自 {} 起", when(at))),
        None => ("since it was created".to_owned(), "自创建以来".to_owned()),
    };
    let mut page = Page::begin(
        format!(
            "Not synced: {} has had no complete run {since}, although its schedule is on.",
            about.who()
        ),
        format!(
            "未同步：{}{since_chinese}没有完整的同步运行，尽管定时同步已开启。",
            about.who_chinese()
        ),
    );
    page.part(
        "Nobody was deleted because of this. The directory may be out of date: people who left may \
         still be able to sign in.",
        "没有因此删除任何人。但目录可能已经过时：已离职的人可能仍能登录。",
    );
    page.part("What to do:", "如何处理：");
    let path = format!("/sources/{source}/runs");
    let (runs, start) = (
        format!("GET {path}"),
        format!(r#"POST {path} {{"mode":"apply"}}"#),
    );
    page.call("look at its runs", "查看同步日志", &runs);
    page.call("start one now", "立即同步", &start);
    let detail = json!({
        "last_success_at": last_success_at, "calls": { "runs": runs, "start": start },
    });
    let head = "no complete run for a long time";
    about.notice(NoticeKind::Silence, head, &page, detail)
}

/// Said once, when a complete run follows trouble that was noticed.
pub(crate) fn recovered(about: &About<'_>, over: &BTreeMap<String, Timestamp>) -> Notice {
    let mut page = Page::begin(
        format!(
            "{} was read completely again, and its changes were decided. What you were told of is \
             over:",
            about.who_first()
        ),
        format!(
            "{}已恢复完整读取，变更已正常处理。以下问题已解除：",
            about.who_chinese()
        ),
    );
    for (cause, noticed_at) in over {
        let ((english, chinese), at) = (words(cause), when(*noticed_at));
        page.say(
            format!("- {english}, noticed {at}"),
            format!("- {chinese}，通知时间 {at}"),
        );
    }
    page.part("There is nothing to do.", "无需处理。");
    let causes = over
        .iter()
        .map(|(cause, at)| json!({ "cause": cause, "noticed_at": at }));
    let detail = json!({ "over": causes.collect::<Vec<Value>>() });
    about.notice(
        NoticeKind::Recovered,
        "synced again, trouble is over",
        &page,
        detail,
    )
}

/// A cause as the source remembers it, in words.
fn words(cause: &str) -> (String, String) {
    let (kind, rest) = cause.split_once(':').unwrap_or((cause, ""));
    let rest = rest.split(':').next().unwrap_or_default();
    match kind {
        "failed" => (
            format!("runs failed ({rest})"),
            format!("同步运行失败（{rest}）"),
        ),
        "unsealed" => (
            format!("readings were incomplete ({rest})"),
            format!("读取不完整（{rest}）"),
        ),
        "partial" => (
            format!("rows were not written ({rest})"),
            format!("部分行未写入（{rest}）"),
        ),
        "agent" => (
            format!("agent {rest} could not be used"),
            format!("出口代理 {rest} 无法使用"),
        ),
        "silence" => (
            "no complete run for a long time".to_owned(),
            "长时间没有完整的同步运行".to_owned(),
        ),
        _ => (cause.to_owned(), cause.to_owned()),
    }
}
