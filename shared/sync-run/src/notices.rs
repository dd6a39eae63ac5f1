//! Notices: what a person reads when a run needs them. One per cause, then one reminder a day.
//!
//! A notice says everything twice, in English and in Chinese, and a third time in `detail` for
//! machines. Its first line says what was done and what was not. Subjects are ASCII, one line,
//! under 100 characters (SNS). Nothing in it names a person or carries a phone or a mail: ids,
//! counts, departments, and the calls that a person answers with.

mod arithmetic;
mod chinese;
mod clearings;
mod failed;
mod held;
mod mapping;
mod page;
mod passing;
mod places;
mod taken;
mod unsealed;
mod written;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use org_model::{RunId, SourceId};
use serde_json::Value;

pub(crate) use clearings::{clearings, clearings_cause};
pub(crate) use failed::{buried, failed, partial, unread};
pub(crate) use held::{held, held_reminder};
pub(crate) use mapping::mapping;
pub use page::LANGUAGES_BREAK;
pub(crate) use passing::{agent_down, recovered, silence};
pub(crate) use places::Places;
pub(crate) use unsealed::{range_shrank, unsealed};
use written::Written;

use crate::book::Book;
use crate::{Notice, NoticeKind, RowResult, RunRecord, RunStatus, Trouble};
use page::{Page, one_line};

/// A cause that goes on is noticed again after this long (story 17).
pub const REMINDER_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Causes older than this are forgotten: nobody reminds of them any more.
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How the cause of an agent that is down begins; its id follows.
const AGENT: &str = "agent:";

/// How the cause of rows that failed begins; their codes follow.
const PARTIAL: &str = "partial:";

/// How the cause of a run that failed begins; the code follows.
const FAILED: &str = "failed:";

/// How any cause begins that comes from a run that gives back.
const GIVES_BACK: &str = "back:";

/// By what it is remembered that the trouble of this run was told.
pub(crate) fn failure_cause(record: &RunRecord, code: &str) -> String {
    cause_in(record, format!("{FAILED}{code}"))
}

/// No later run does what one that gives back left undone: none is the end of its trouble, which is
/// another than that of a run that syncs, whatever the code. Each undo has its own.
fn cause_in(record: &RunRecord, cause: String) -> String {
    match &record.undoes {
        _ if !record.mode.gives_back() => cause,
        Some(undone) => format!("{GIVES_BACK}{cause}:{undone}"),
        None => format!("{GIVES_BACK}{cause}"),
    }
}

pub(crate) fn is_due(noticed: &BTreeMap<String, Timestamp>, cause: &str, now: Timestamp) -> bool {
    noticed
        .get(cause)
        .is_none_or(|&at| now >= at + REMINDER_AFTER)
}

/// What a complete run has shown to be well.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shown<'a> {
    /// The agent that answered.
    pub agent: Option<&'a str>,
    /// No row failed.
    pub all_written: bool,
}

/// After a sealed success: causes of trouble are over, so that the next trouble is news again.
/// Gives those that are, with the time they were noticed last. An agent that this run did not need
/// may still be down: it is not said to be over.
pub(crate) fn forget_troubles(
    noticed: &mut BTreeMap<String, Timestamp>,
    now: Timestamp,
    shown: Shown<'_>,
) -> BTreeMap<String, Timestamp> {
    noticed.retain(|_, at| now < *at + FORGET_AFTER);
    let is_over = |cause: &str| {
        let of_a_reading = [FAILED, "unsealed:", "silence"];
        of_a_reading.iter().any(|prefix| cause.starts_with(prefix))
            || (shown.all_written && cause.starts_with(PARTIAL))
            || (shown.agent.is_some() && cause.strip_prefix(AGENT) == shown.agent)
    };
    let (over, stays) = std::mem::take(noticed)
        .into_iter()
        .partition(|(cause, _)| is_over(cause));
    *noticed = stays;
    over
}

/// What the end of a run has to tell, beside what it decided: one notice for each trouble.
pub(crate) fn note_trouble(book: &mut Book<'_>, ended: &Result<(), Trouble>) {
    let about = About::of(book);
    let record = &book.record;
    let told = match ended {
        // Whoever asked sees the answer; nobody else has to do anything.
        _ if record.status == RunStatus::Cancelled => None,
        Err(trouble) if trouble.is_for_the_asker() => None,
        Err(trouble) => {
            let error = trouble.error_of(record);
            let notice = failed(&about, record, Written::of(book), &error);
            Some((failure_cause(record, &error.code), notice))
        }
        Ok(()) if record.sealed == Some(false) => Some(not_sealed(book, &about)),
        Ok(()) if record.rows_with(RowResult::Failed) > 0 => {
            let codes: Vec<&str> = book.failures.keys().map(String::as_str).collect();
            let cause = cause_in(record, format!("{PARTIAL}{}", codes.join(",")));
            Some((cause, partial(&about, record, &book.failures)))
        }
        Ok(()) => None,
    };
    let down = match ended {
        Ok(()) => agents_down(book, &about),
        // The failure tells of the agents as well.
        Err(_) => Vec::new(),
    };
    for (cause, notice) in told.into_iter().chain(down) {
        book.notice(&cause, notice);
    }
}

fn not_sealed(book: &Book<'_>, about: &About<'_>) -> (String, Notice) {
    let reasons = &book.record.unsealed_reasons;
    let first = reasons.first().map_or("", |reason| reason.code.as_str());
    match &book.range_seen {
        Some(range) => {
            // Another lack is another cause, whoever of the people comes or goes.
            let lack = org_model::Fingerprint::of(&range.narrowing);
            let notice = range_shrank(about, &book.record, range);
            (format!("unsealed:{first}:{lack}"), notice)
        }
        None => (format!("unsealed:{first}"), unsealed(about, &book.record)),
    }
}

fn agents_down(book: &Book<'_>, about: &About<'_>) -> Vec<(String, Notice)> {
    let through = book.record.agent.as_deref();
    let others = book.failed_agents.iter();
    let others = others.filter(|failure| through != Some(failure.id.as_str()));
    let down = others.map(|failure| {
        let cause = format!("{AGENT}{}", failure.id);
        (cause, agent_down(about, failure, through))
    });
    down.collect()
}

/// Which source and run a notice is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    pub at: Timestamp,
    pub source: &'a SourceId,
    /// What the administrators call the source; empty: not known here.
    pub name: &'a str,
    pub run: Option<&'a RunId>,
}

impl<'a> About<'a> {
    pub fn of(book: &'a Book<'_>) -> Self {
        Self {
            at: book.ports.clock.now(),
            source: book.lease.source(),
            name: &book.source_name,
            run: Some(book.lease.run()),
        }
    }

    pub fn of_record(record: &'a RunRecord, at: Timestamp) -> Self {
        Self {
            at,
            source: &record.source,
            name: "",
            run: Some(&record.run),
        }
    }

    fn named(&self, word: &str) -> String {
        let source = self.source;
        match one_line(self.name) {
            name if name.is_empty() => format!("{word} {source}"),
            name => format!("{word} {source} ({name})"),
        }
    }

    fn who(&self) -> String {
        self.named("source")
    }

    /// At the beginning of a sentence.
    fn who_first(&self) -> String {
        self.named("Source")
    }

    /// What follows needs no space before it.
    fn who_chinese(&self) -> String {
        match one_line(self.name) {
            name if name.is_empty() => format!("数据源 {} ", self.source),
            name => format!("数据源 {}（{name}）", self.source),
        }
    }

    fn notice(&self, kind: NoticeKind, head: &str, page: &Page, detail: Value) -> Notice {
        Notice {
            at: self.at,
            kind,
            source: self.source.clone(),
            run: self.run.cloned(),
            subject: subject(self.source, head),
            text: page.text(),
            detail,
        }
    }
}

/// SNS takes ASCII subjects below 100 characters on one line.
fn subject(source: &SourceId, head: &str) -> String {
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

#[cfg(test)]
mod tests;
