//! What the system knows about a source: one item, and the baseline of its range beside it.
//!
//! A baseline may name 30,000 departments, so it is compressed, in pages named by its fingerprint,
//! and written only when it changes: pages first, then the state that names them, then what no
//! state names any more is swept. A crash in between leaves pages that nobody reads; the next
//! change sweeps them. A late zombie sweeps only pages older than its own generation.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use org_model::{ExpandedRange, Fingerprint, Generation, SourceId};
use sync_run::SourceState;
use sync_run::ports::StoreError;

use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{from_json, json, n, number, optional_text, optional_time, s, text};
use crate::wire::calls::Written;
use crate::wire::errors::unreadable;
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};
use crate::wire::query::Search;
use crate::wire::transact::Action;

const READ: &str = "read the state of a source";
const WRITE: &str = "write the state of a source";

/// When each cause was last noticed.
pub(crate) type Noticed = BTreeMap<String, Timestamp>;

/// An expression takes 4 KB; an entry is some 30 bytes of it.
const NOTICED_AT_ONCE: usize = 80;

/// A written baseline that the state is to name.
#[derive(Debug)]
pub(crate) struct WrittenBaseline {
    fingerprint: Fingerprint,
    /// `None`: the state names it already.
    pages: Option<u32>,
}

impl DynamoStore {
    pub(crate) async fn state_of(
        &self,
        source: &SourceId,
        item: Option<&Attributes>,
    ) -> Result<SourceState, StoreError> {
        self.knows(|known| {
            known.baselines.remove(source);
            known.noticed.remove(source);
        });
        let Some(item) = item else {
            return Ok(SourceState::default());
        };
        let mut state = match item.get("state") {
            Some(_) => from_json(item, "state", READ)?,
            None => SourceState::default(),
        };
        state.last_purged_at = optional_time(item, "purged_at", READ)?;
        for (cause, at) in noticed(item) {
            let at = at.as_s().ok().and_then(|at| at.parse().ok());
            let at = at.ok_or_else(|| unreadable(READ, "a notice has no time"))?;
            state.noticed.insert(cause.clone(), at);
        }
        if item.contains_key("noticed") {
            let read = state.noticed.clone();
            self.knows(|known| known.noticed.insert(source.clone(), read));
        }
        if let Some(fingerprint) = optional_text(item, "baseline") {
            let fingerprint = fingerprint
                .parse()
                .map_err(|_| unreadable(READ, "baseline is no fingerprint"))?;
            let pages = number(item, "baseline_pages", READ)?;
            let place = keys::baseline(source, fingerprint);
            let found: Option<Vec<ExpandedRange>> = self.get_blob(READ, &place, pages).await?;
            let baseline = found.into_iter().flatten().next();
            // Without it a narrower range would go unseen: better no run than a wrong one.
            state.baseline =
                Some(baseline.ok_or_else(|| unreadable(READ, "the baseline is missing"))?);
            self.knows(|known| known.baselines.insert(source.clone(), fingerprint));
        }
        Ok(state)
    }

    /// Writes the pages of a baseline that is new, before the state names them.
    pub(crate) async fn put_baseline(
        &self,
        source: &SourceId,
        state: &SourceState,
        generation: Generation,
    ) -> Result<Option<WrittenBaseline>, StoreError> {
        let Some(baseline) = &state.baseline else {
            return Ok(None);
        };
        let fingerprint = Fingerprint::of(baseline);
        if self.knows(|known| known.baselines.get(source) == Some(&fingerprint)) {
            return Ok(Some(WrittenBaseline {
                fingerprint,
                pages: None,
            }));
        }
        let place = keys::baseline(source, fingerprint);
        let pages = self
            .put_blob(WRITE, &place, std::slice::from_ref(baseline), generation)
            .await?;
        Ok(Some(WrittenBaseline {
            fingerprint,
            pages: Some(pages),
        }))
    }

    /// The state as part of a transaction under the lease. When the source was last purged is
    /// housekeeping's to write.
    pub(crate) fn state_action(
        &self,
        source: &SourceId,
        state: &SourceState,
        baseline: Option<&WrittenBaseline>,
    ) -> Action {
        let plain = SourceState {
            baseline: None,
            noticed: Default::default(),
            last_purged_at: None,
            ..state.clone()
        };
        let mut change = StateChange::default();
        change.set("#state = :state", [(":state".to_owned(), json(&plain))]);
        let read = self.knows(|known| known.noticed.get(source).cloned());
        change.notice(&state.noticed, read.as_ref());
        match baseline {
            None => change
                .removed
                .extend(["#baseline".to_owned(), "#baseline_pages".to_owned()]),
            Some(WrittenBaseline {
                fingerprint,
                pages: Some(pages),
            }) => change.set(
                "#baseline = :baseline, #baseline_pages = :pages",
                [
                    (":baseline".to_owned(), s(fingerprint.to_string())),
                    (":pages".to_owned(), n(*pages)),
                ],
            ),
            Some(WrittenBaseline { pages: None, .. }) => {}
        }
        let table = self.tables.sync.clone();
        Action::Update(table, keys::state(source), change.expression())
    }

    /// After the state was written: remembers the baseline and sweeps those it replaced. Garbage
    /// that stays for want of an answer is swept with the next change.
    pub(crate) async fn baseline_stands(
        &self,
        source: &SourceId,
        baseline: Option<WrittenBaseline>,
        generation: Generation,
    ) {
        let Some(baseline) = baseline else {
            self.knows(|known| known.baselines.remove(source));
            return;
        };
        self.knows(|known| known.baselines.insert(source.clone(), baseline.fingerprint));
        if baseline.pages.is_none() {
            return;
        }
        let place = keys::baseline(source, baseline.fingerprint);
        if let Err(error) = self.sweep_baselines(&place, generation).await {
            tracing::warn!(%source, %error, "an old baseline stays until the next change");
        }
    }

    async fn sweep_baselines(
        &self,
        standing: &Key,
        generation: Generation,
    ) -> Result<(), StoreError> {
        let act = "sweep an old baseline";
        let search = Search {
            table: self.tables.sync.clone(),
            expression: Expression::key("#pk = :pk AND begins_with(#sk, :prefix)")
                .with(":pk", s(&standing.pk))
                .with(":prefix", s(keys::BASELINE)),
            ..Search::default()
        };
        for item in self.search(act, search).await? {
            let sk = text(&item, "sk", act)?.to_owned();
            if sk.starts_with(&standing.sk) {
                continue;
            }
            let pk = standing.pk.clone();
            let older = Expression::condition("#gen <= :gen").with(":gen", n(generation));
            let _gone_or_newer: Written = self
                .delete(act, &self.tables.sync, &Key { pk, sk }, older)
                .await?;
        }
        Ok(())
    }

    /// Sets one entry of the map of notices, which may not be there yet.
    pub(crate) async fn note_cause(
        &self,
        source: &SourceId,
        cause: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let act = "remember a notice";
        let key = keys::state(source);
        let entry = Expression::update("SET #noticed.#cause = :at")
            .when("attribute_exists(#noticed)")
            .naming("#cause", cause)
            .with(":at", s(at.to_string()));
        let first = AttributeValue::M([(cause.to_owned(), s(at.to_string()))].into());
        let map = Expression::update("SET #noticed = :first")
            .when("attribute_not_exists(#noticed)")
            .with(":first", first);
        // The entry, else the map, else (somebody was quicker with the map) the entry.
        for change in [entry.clone(), map, entry] {
            let written = self.update(act, &self.tables.sync, &key, change).await?;
            if matches!(written, Written::Done) {
                return Ok(());
            }
        }
        Err(StoreError::Conflict { act })
    }
}

/// A change of the state item, part by part.
#[derive(Default)]
struct StateChange {
    set: Vec<String>,
    removed: Vec<String>,
    names: Vec<(String, String)>,
    values: Vec<(String, AttributeValue)>,
}

impl StateChange {
    fn set(&mut self, text: &str, values: impl IntoIterator<Item = (String, AttributeValue)>) {
        self.set.push(text.to_owned());
        self.values.extend(values);
    }

    /// Only what this run noticed or forgot: what housekeeping remembers while it is live stays, or
    /// the same would be told in every round. `read`: the map as this handle read it; `None`: there
    /// was none.
    fn notice(&mut self, noticed: &Noticed, read: Option<&Noticed>) {
        let Some(read) = read else {
            return self.notice_all(noticed);
        };
        let new = noticed.iter();
        let new: Vec<_> = new
            .filter(|(cause, at)| read.get(*cause) != Some(at))
            .collect();
        let over: Vec<_> = read
            .keys()
            .filter(|cause| !noticed.contains_key(*cause))
            .collect();
        if new.len() + over.len() > NOTICED_AT_ONCE {
            return self.notice_all(noticed);
        }
        for (number, (cause, at)) in new.into_iter().enumerate() {
            let value = (format!(":new{number}"), s(at.to_string()));
            self.set(&format!("#noticed.#new{number} = :new{number}"), [value]);
            self.names.push((format!("#new{number}"), cause.clone()));
        }
        for (number, cause) in over.into_iter().enumerate() {
            self.removed.push(format!("#noticed.#over{number}"));
            self.names.push((format!("#over{number}"), cause.clone()));
        }
    }

    fn notice_all(&mut self, noticed: &Noticed) {
        let all = noticed.iter();
        let all = all.map(|(cause, at)| (cause.clone(), s(at.to_string())));
        let all = AttributeValue::M(all.collect());
        self.set("#noticed = :noticed", [(":noticed".to_owned(), all)]);
    }

    fn expression(self) -> Expression {
        let mut text = format!("SET {}", self.set.join(", "));
        if !self.removed.is_empty() {
            text.push_str(" REMOVE ");
            text.push_str(&self.removed.join(", "));
        }
        let change = Expression::update(&text);
        let names = self.names.iter();
        let change = names.fold(change, |change, (name, cause)| change.naming(name, cause));
        let values = self.values.into_iter();
        values.fold(change, |change, (name, value)| change.with(&name, value))
    }
}

fn noticed(item: &Attributes) -> impl Iterator<Item = (&String, &AttributeValue)> {
    let map = item.get("noticed").and_then(|map| map.as_m().ok());
    map.into_iter().flatten()
}
