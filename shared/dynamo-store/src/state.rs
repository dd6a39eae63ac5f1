//! What the system knows about a source: one item, and the baseline of its range beside it.
//!
//! A baseline may name 30,000 departments, so it is compressed, in pages named by its fingerprint,
//! and written only when it changes: pages first, then the state that names them, then what no
//! state names any more is swept. A crash in between leaves pages that nobody reads; the next
//! change sweeps them. A late zombie sweeps only pages older than its own generation.

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
        self.knows(|known| known.baselines.remove(source));
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
        let noticed = state.noticed.iter();
        let noticed = noticed.map(|(cause, at)| (cause.clone(), s(at.to_string())));
        let mut text = "SET #state = :state, #noticed = :noticed".to_owned();
        let pages = baseline.and_then(|baseline| baseline.pages);
        match (baseline, pages) {
            (None, _) => text.push_str(" REMOVE #baseline, #baseline_pages"),
            (Some(_), Some(_)) => {
                text.push_str(", #baseline = :baseline, #baseline_pages = :pages");
            }
            (Some(_), None) => {}
        }
        let mut change = Expression::update(&text)
            .with(":state", json(&plain))
            .with(":noticed", AttributeValue::M(noticed.collect()));
        if let (Some(baseline), Some(pages)) = (baseline, pages) {
            change = change
                .with(":baseline", s(baseline.fingerprint.to_string()))
                .with(":pages", n(pages));
        }
        Action::Update(self.tables.sync.clone(), keys::state(source), change)
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

fn noticed(item: &Attributes) -> impl Iterator<Item = (&String, &AttributeValue)> {
    let map = item.get("noticed").and_then(|map| map.as_m().ok());
    map.into_iter().flatten()
}
