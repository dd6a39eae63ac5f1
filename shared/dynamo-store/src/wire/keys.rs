//! The keys of the sync table. Ids of sources are lower case (`source-settings`), so that words in
//! capitals never meet them.

use jiff::Timestamp;
use org_model::{Fingerprint, Generation, RunId, SourceId, UserKey};

use super::Attributes;
use super::attributes::s;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    pub fn attributes(&self) -> Attributes {
        Attributes::from([
            ("pk".to_owned(), s(&self.pk)),
            ("sk".to_owned(), s(&self.sk)),
        ])
    }
}

/// The index partitions: every source, every agent, every login app.
pub(crate) const SOURCES: &str = "SOURCES";
pub(crate) const AGENTS: &str = "AGENTS";
pub(crate) const LOGIN_APPS: &str = "LOGINAPPS";

pub(crate) const OPEN: &str = "OPEN#";
pub(crate) const HELD: &str = "HELD#";
pub(crate) const KEPT: &str = "KEPT#";
pub(crate) const RESOLVE: &str = "RESOLVE#";
pub(crate) const OUTBOX: &str = "OUTBOX#";
pub(crate) const BASELINE: &str = "BASELINE#";
pub(crate) const ROWS: &str = "ROWS#";

pub(crate) fn source_entry(source: &SourceId) -> Key {
    key(SOURCES, source.as_str())
}

pub(crate) fn agent(id: &str) -> Key {
    key(AGENTS, id)
}

pub(crate) fn login_app(id: &str) -> Key {
    key(LOGIN_APPS, id)
}

/// Settings, state, lease, open runs, cancellations, held lists, kept sets, resolutions, standing
/// range, outbox, baseline.
pub(crate) fn source_partition(source: &SourceId) -> String {
    format!("SOURCE#{source}")
}

pub(crate) fn settings(source: &SourceId) -> Key {
    key(source_partition(source), "SETTINGS")
}

pub(crate) fn state(source: &SourceId) -> Key {
    key(source_partition(source), "STATE")
}

pub(crate) fn lease(source: &SourceId) -> Key {
    key(source_partition(source), "LEASE")
}

/// Marks a run whose record is not final.
pub(crate) fn open(source: &SourceId, run: &RunId) -> Key {
    key(source_partition(source), format!("{OPEN}{run}"))
}

/// Marks a run id that was claimed.
pub(crate) fn served(source: &SourceId, run: &RunId) -> Key {
    key(source_partition(source), format!("SERVED#{run}"))
}

/// Marks a scheduled time that was delivered.
pub(crate) fn due(source: &SourceId, at: Timestamp) -> Key {
    key(source_partition(source), format!("DUE#{at}"))
}

/// Marks an `Idempotency-Key`; hashed, since callers choose its length.
pub(crate) fn asked(source: &SourceId, idempotency_key: &str) -> Key {
    let hash = Fingerprint::of(idempotency_key);
    key(source_partition(source), format!("ASKED#{hash}"))
}

pub(crate) fn held(source: &SourceId, fingerprint: Fingerprint) -> Key {
    key(source_partition(source), format!("{HELD}{fingerprint}"))
}

pub(crate) fn held_partition(source: &SourceId, fingerprint: &str) -> String {
    format!("SOURCE#{source}#HELD#{fingerprint}")
}

/// The items of a list; `run` keeps a later list with the same fingerprint apart.
pub(crate) fn held_items(source: &SourceId, fingerprint: Fingerprint, run: &RunId) -> Key {
    let pk = held_partition(source, &fingerprint.to_string());
    key(pk, format!("{run}#"))
}

/// A kept set; its id begins with the time of the decision.
pub(crate) fn kept(source: &SourceId, set: &str) -> Key {
    key(source_partition(source), format!("{KEPT}{set}"))
}

/// What was said about a userid.
pub(crate) fn resolution(source: &SourceId, userid: &UserKey) -> Key {
    let sk = format!("{RESOLVE}{}", userid.as_str());
    key(source_partition(source), sk)
}

/// Of this userid and another record somebody said that they are two people. No run reads it.
pub(crate) fn settled(source: &SourceId, userid: &UserKey) -> Key {
    let sk = format!("SETTLED#{}", userid.as_str());
    key(source_partition(source), sk)
}

/// Somebody asked this run to stop.
pub(crate) fn cancellation(source: &SourceId, run: &RunId) -> Key {
    key(source_partition(source), format!("CANCEL#{run}"))
}

/// The visible range that waits for a person's word, or has it.
pub(crate) fn range(source: &SourceId) -> Key {
    key(source_partition(source), "RANGE")
}

/// What ranges differ in and whom they affect: pages, beside the header that names them.
pub(crate) fn range_partition(source: &SourceId) -> String {
    format!("SOURCE#{source}#RANGE")
}

/// The pages of one range, in the order of the generations that wrote them; `seen` stands for what
/// they hold.
pub(crate) fn range_pages(
    source: &SourceId,
    generation: Generation,
    seen: Fingerprint,
    part: &str,
) -> Key {
    let place = range_place(generation, seen);
    key(range_partition(source), format!("{place}#{part}#"))
}

pub(crate) fn range_place(generation: Generation, seen: Fingerprint) -> String {
    format!("{:012}#{seen}", generation.0)
}

/// Behind all pages of this generation.
pub(crate) fn ranges_after(generation: Generation) -> String {
    format!("{:012}", generation.0 + 1)
}

/// Which run was queued last: whoever clears the source must not overlook one.
pub(crate) fn queue(source: &SourceId) -> Key {
    key(source_partition(source), "QUEUE")
}

pub(crate) fn outbox(source: &SourceId, id: &str) -> Key {
    key(source_partition(source), format!("{OUTBOX}{id}"))
}

/// Where an outbox item goes once it was sent.
pub(crate) fn notice(source: &SourceId, id: &str) -> Key {
    key(source_partition(source), format!("NOTICE#{id}"))
}

pub(crate) fn baseline(source: &SourceId, fingerprint: Fingerprint) -> Key {
    key(
        source_partition(source),
        format!("{BASELINE}{fingerprint}#"),
    )
}

/// What was changed of a source's settings, in the order of time.
pub(crate) fn history_partition(source: &SourceId) -> String {
    format!("SOURCE#{source}#HISTORY")
}

/// Fifteen digits hold every millisecond, so that keys sort as times do; the fingerprint keeps
/// two changes of one millisecond apart.
pub(crate) fn history(source: &SourceId, at: Timestamp, entry: Fingerprint) -> Key {
    let at = at.as_millisecond();
    key(history_partition(source), format!("{at:015}-{entry}"))
}

/// The records of a source's runs, in the order of their ids, which is that of their times.
pub(crate) fn runs_partition(source: &SourceId) -> String {
    format!("SOURCE#{source}#RUNS")
}

pub(crate) fn run(source: &SourceId, run: &RunId) -> Key {
    key(runs_partition(source), run.as_str())
}

pub(crate) fn rows_partition(source: &SourceId, run: &RunId) -> String {
    format!("SOURCE#{source}#RUN#{run}")
}

pub(crate) fn removals_partition(source: &SourceId, run: &RunId) -> String {
    format!("SOURCE#{source}#REMOVALS#{run}")
}

/// What a run decided to remove; named by its content, so that no later decision of the run
/// overwrites it.
pub(crate) fn removals(source: &SourceId, run: &RunId, removals: Fingerprint) -> Key {
    key(removals_partition(source, run), format!("{removals}#"))
}

/// The generation keeps the pages of a late zombie apart from those of a later segment.
pub(crate) fn rows(
    source: &SourceId,
    run: &RunId,
    generation: Generation,
    page: u32,
    part: usize,
) -> Key {
    key(
        rows_partition(source, run),
        format!("{ROWS}{:012}#{page:06}#{part:04}", generation.0),
    )
}

fn key(pk: impl Into<String>, sk: impl Into<String>) -> Key {
    Key {
        pk: pk.into(),
        sk: sk.into(),
    }
}
