//! Notices: what a person reads when a run needs them. One per cause, then one reminder a day.
//!
//! Subjects are ASCII, one line, under 100 characters (SNS). Texts carry ids and counts, no names.

mod mapping;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use org_model::{ItemKind, SourceId};
use org_plan::{HeldList, RuleLimit, TrippedRule};

pub(crate) use mapping::mapping;

use crate::book::Book;
use crate::ranges::RangeEnd;
use crate::{Notice, NoticeKind, ReasonText, RunError, RunRecord, StoredHeldList};

/// A cause that goes on is noticed again after this long (story 17).
pub const REMINDER_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Causes older than this are forgotten: nobody reminds of them any more.
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(24 * 30);

pub(crate) fn is_due(noticed: &BTreeMap<String, Timestamp>, cause: &str, now: Timestamp) -> bool {
    noticed
        .get(cause)
        .is_none_or(|&at| now >= at + REMINDER_AFTER)
}

/// After a sealed success: causes of trouble are over, so that the next trouble is news again.
pub(crate) fn forget_troubles(noticed: &mut BTreeMap<String, Timestamp>, now: Timestamp) {
    let over = ["failed:", "unsealed:", "silence"];
    noticed.retain(|cause, at| {
        !over.iter().any(|prefix| cause.starts_with(prefix)) && now < *at + FORGET_AFTER
    });
}

pub(crate) fn held(book: &Book<'_>, list: &HeldList) -> Notice {
    let (users, departments) = count(list);
    let text = format!(
        "Source {source} ({name}) held back {users} people and {departments} departments in run \
         {run}.\n\nWhy: {rules}.\n\nNothing of this list was deleted or disabled; everything else \
         of the run was applied.\nLook at it: GET /sources/{source}/held/{fp}/items\nApprove it: \
         POST /sources/{source}/held/{fp}/approve\nThe list expires at {expires}; what is still \
         missing then is held anew, with a new notice.",
        source = list.source,
        name = book.source_name,
        run = list.run,
        rules = rules_text(&list.rules),
        fp = list.fingerprint,
        expires = list.expires_at,
    );
    Notice {
        at: book.ports.clock.now(),
        kind: NoticeKind::Held,
        source: list.source.clone(),
        run: Some(list.run.clone()),
        subject: held_subject(list, "held back"),
        text,
        detail: serde_json::Value::Null,
    }
}

pub(crate) fn held_reminder(stored: &StoredHeldList, now: Timestamp) -> Notice {
    let list = &stored.list;
    let text = format!(
        "{left} removals of source {source} still wait for a decision since {since}.\n\nLook at \
         them: GET /sources/{source}/held/{fp}/items\nApprove them: POST \
         /sources/{source}/held/{fp}/approve\nThe list expires at {expires}.",
        left = stored.remaining().count(),
        source = list.source,
        since = list.held_at,
        fp = list.fingerprint,
        expires = list.expires_at,
    );
    Notice {
        at: now,
        kind: NoticeKind::HeldReminder,
        source: list.source.clone(),
        run: Some(list.run.clone()),
        subject: held_subject(list, "still holds"),
        text,
        detail: serde_json::Value::Null,
    }
}

fn held_subject(list: &HeldList, verb: &str) -> String {
    let (users, departments) = count(list);
    subject(
        &list.source,
        &format!("{verb} {users} people, {departments} departments"),
    )
}

fn count(list: &HeldList) -> (usize, usize) {
    let items = list.items.iter();
    let users = items.filter(|item| item.kind == ItemKind::User).count();
    (users, list.items.len() - users)
}

fn rules_text(rules: &[TrippedRule]) -> String {
    let texts: Vec<String> = rules.iter().map(rule_text).collect();
    texts.join("; ")
}

fn rule_text(rule: &TrippedRule) -> String {
    let kind = match rule.kind {
        ItemKind::User => "people",
        ItemKind::Department => "departments",
    };
    let (deletions, base, value) = (rule.deletions, rule.base, rule.value);
    match rule.limit {
        RuleLimit::MaxCount => {
            format!("{deletions} {kind} would go, more than max_count {value} (of {base})")
        }
        RuleLimit::MaxPercent => {
            format!("{deletions} of {base} {kind} would go, more than max_percent {value}")
        }
        RuleLimit::LastOnes => {
            format!("{deletions} of {base} {kind} would go, and at most one would remain")
        }
        RuleLimit::Paused => format!("deletions are paused, and {deletions} {kind} would go"),
        RuleLimit::SuspectedRename => {
            format!("{deletions} {kind} may only have another userid now")
        }
        RuleLimit::Clearing => {
            let attribute = rule.attribute.as_deref().unwrap_or_default();
            format!("{attribute} would be emptied for {deletions} of {base} {kind}")
        }
    }
}

pub(crate) fn clearings(book: &Book<'_>, rule: &TrippedRule) -> Notice {
    let source = book.lease.source();
    let attribute = rule.attribute.as_deref().unwrap_or_default();
    let text = format!(
        "Source {source}: {}, more than max_percent {}. These values were kept.\n\nEither \
         WeCom shows them empty, or the mapping no longer names this attribute. If that is right: \
         POST /sources/{source}/runs {{\"mode\":\"plan\"}}, look at its rows, then \
         apply that plan by its fingerprint.",
        rule_text(rule),
        rule.value,
    );
    let head = format!(
        "kept {attribute} of {} people instead of emptying it",
        rule.deletions
    );
    notice(book, NoticeKind::ClearingsSkipped, &head, text)
}

pub(crate) fn failed(book: &Book<'_>, error: &RunError) -> Notice {
    let source = book.lease.source();
    let text = format!(
        "The run {run} of source {source} ({name}) failed: {message}.\nCode: {code}\n\nWhat to do: \
         {remedy}.\n\nNobody was deleted for this reason. The next run tries again; while this \
         goes on, you are reminded once a day.",
        run = book.lease.run(),
        name = book.source_name,
        message = error.message,
        code = error.code,
        remedy = error.remedy,
    );
    notice(
        book,
        NoticeKind::RunFailed,
        &format!("run failed: {}", error.code),
        text,
    )
}

/// The source itself cannot be read: nothing is known of its name or of earlier notices.
pub(crate) fn unread(record: &RunRecord, error: &RunError, now: Timestamp) -> Notice {
    let text = format!(
        "The run {run} of source {source} ended at once, since the source's settings or state \
         cannot be read: {message}.\n\nNobody was deleted for this reason, and nobody is created \
         or updated either while it lasts.\n\nWhat to do: {remedy}. If the settings are the \
         cause, put them again.",
        run = record.run,
        source = record.source,
        message = error.message,
        remedy = error.remedy,
    );
    Notice {
        at: now,
        kind: NoticeKind::RunFailed,
        source: record.source.clone(),
        run: Some(record.run.clone()),
        subject: subject(&record.source, "run failed: the source cannot be read"),
        text,
        detail: serde_json::Value::Null,
    }
}

pub(crate) fn unsealed(book: &Book<'_>, reasons: &[ReasonText]) -> Notice {
    let source = book.lease.source();
    let lines: Vec<String> = reasons
        .iter()
        .take(20)
        .map(|r| format!("- {} ({})", r.message, r.code))
        .collect();
    let text = format!(
        "The run {run} of source {source} ({name}) could not prove that it read everything:\n\
         {lines}\n\nIt added and updated; it removed nobody from anything, disabled nobody and \
         deleted nobody. {remedy}",
        remedy = unsealed_remedy(book),
        run = book.lease.run(),
        name = book.source_name,
        lines = lines.join("\n"),
    );
    let first = reasons
        .first()
        .map_or("unknown", |reason| reason.code.as_str());
    notice(
        book,
        NoticeKind::RunUnsealed,
        &format!("reading was incomplete: {first}"),
        text,
    )
}

/// A range that is narrower and stands waits for a person's word; everything else for WeCom.
fn unsealed_remedy(book: &Book<'_>) -> String {
    let source = book.lease.source();
    let RangeEnd::Waits(fingerprint) = book.range else {
        return "Check the app's visible range and the agent; a run that reads everything goes on \
                from here."
            .to_owned();
    };
    format!(
        "If the range should be as wide as before, widen it in WeCom (or the scope in the \
         settings); the next run goes on from there.\nLook at who is affected: GET \
         /sources/{source}/range\nIf it is meant to be narrower, accept it: POST \
         /sources/{source}/range/accept {{\"fingerprint\":\"{fingerprint}\",\"people\":\"keep\"}} \
         (they stay, detached) or \"delete\" (they go, past deletion protection)."
    )
}

pub(crate) fn silence(
    source: &SourceId,
    last_success_at: Option<Timestamp>,
    now: Timestamp,
) -> Notice {
    let since = last_success_at.map_or("it was created".to_owned(), |at| at.to_string());
    let text = format!(
        "Source {source} has not been read completely since {since}, although its schedule is \
         on. The directory may be out of date: people who left may still be able to sign in.\n\n\
         Look at its runs: GET /sources/{source}/runs\nStart one now: POST \
         /sources/{source}/runs",
    );
    Notice {
        at: now,
        kind: NoticeKind::Silence,
        source: source.clone(),
        run: None,
        subject: subject(source, "no complete run for a long time"),
        text,
        detail: serde_json::Value::Null,
    }
}

fn notice(book: &Book<'_>, kind: NoticeKind, head: &str, text: String) -> Notice {
    Notice {
        at: book.ports.clock.now(),
        kind,
        source: book.lease.source().clone(),
        run: Some(book.lease.run().clone()),
        subject: subject(book.lease.source(), head),
        text,
        detail: serde_json::Value::Null,
    }
}

/// SNS takes ASCII subjects below 100 characters on one line.
pub(crate) fn subject(source: &SourceId, head: &str) -> String {
    let text = format!("[wecom-sync] {source}: {head}");
    let clean = text.chars().map(|c| {
        if c.is_ascii_graphic() || c == ' ' {
            c
        } else {
            '?'
        }
    });
    clean.take(99).collect()
}
