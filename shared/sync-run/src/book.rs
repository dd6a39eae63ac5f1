//! The book of one run: its record, its rows, its notices, all as far as they are known.

mod earlier;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use org_model::{InternalId, ItemKind, ItemState, UserKey};
use org_plan::{Action, Base, Change, DecidedRemoval, Note, PermittedChange, RemovalKey};
use source_settings::Credentials;

use crate::judge::Judged;
use crate::ports::{AgentFailure, Ports, Step, StoreError, WecomSession};
use crate::ranges::RangeEnd;
use crate::reading::Reading;
use crate::resolving;
use crate::rows::{RowWriter, row_of_change, row_of_held, row_of_intent};
use crate::trouble::Trouble;
use crate::{
    MirrorSize, Notice, OutboxItem, OutboxPayload, ReasonText, Row, RowResult, RunLease, RunRecord,
    SourceState, StandingRange, StoredSource,
};
use earlier::Earlier;

/// What one run knows about itself. Lives as long as its lease.
pub(crate) struct Book<'a> {
    pub ports: &'a Ports,
    pub lease: &'a RunLease,
    pub record: RunRecord,
    pub deadline: Timestamp,
    pub rows: RowWriter,
    pub state: SourceState,
    /// What the administrators call the source, for notices.
    pub source_name: String,
    /// Notices that are not durable yet.
    pub outbox: Vec<OutboxItem>,
    /// Set by a sealed snapshot: the range to keep as the baseline if the run does not fail.
    pub new_baseline: Option<(org_model::ExpandedRange, u64)>,
    /// Removals that really happened, and records that were joined with another: what they were
    /// approved by, or waited in, is settled.
    pub removed: BTreeSet<(ItemKind, InternalId)>,
    /// Of whom this run carried out what an administrator said about two records.
    pub carried_out: BTreeSet<UserKey>,
    /// What this run may remove, once that is durable: the same list in each of its segments.
    pub decided: Option<Vec<DecidedRemoval>>,
    /// Something got through to the mirror in this segment.
    pub got_on: bool,
    /// What the range that stands is to this run.
    pub range: RangeEnd,
    /// The range that waits for a person's word.
    pub range_seen: Option<StandingRange>,
    /// Agents that this run went around.
    pub failed_agents: Vec<AgentFailure>,
    /// How many rows failed, by code.
    pub failures: BTreeMap<String, u64>,
    /// The accepted range is the baseline now.
    pub took_range: bool,
    /// A removal did not get through: what was accepted with a range is not done yet.
    pub removal_failed: bool,
    /// The mirror as it was, and what this run did to it.
    pub size: MirrorSize,
    /// What this run talks to WeCom with.
    pub credentials: Credentials,
    earlier: Earlier,
}

impl<'a> Book<'a> {
    pub fn open(
        ports: &'a Ports,
        lease: &'a RunLease,
        record: RunRecord,
        deadline: Timestamp,
        source: &StoredSource,
    ) -> Self {
        let earlier = Earlier::of(&record);
        Self {
            ports,
            lease,
            deadline,
            rows: RowWriter::after(earlier.rows),
            earlier,
            record,
            state: source.state.clone(),
            source_name: source.settings.name.clone(),
            outbox: Vec::new(),
            new_baseline: None,
            removed: BTreeSet::new(),
            carried_out: BTreeSet::new(),
            decided: None,
            got_on: false,
            range: RangeEnd::default(),
            range_seen: None,
            failed_agents: Vec::new(),
            failures: BTreeMap::new(),
            took_range: false,
            removal_failed: false,
            size: MirrorSize::default(),
            credentials: source.settings.credentials.clone(),
        }
    }

    /// In a continuation: the removals that the run decided before it handed over.
    pub fn decided_before(&self) -> Option<BTreeSet<RemovalKey>> {
        let decided = self.decided.as_ref().filter(|_| self.is_continuation())?;
        Some(decided.iter().map(DecidedRemoval::key).collect())
    }

    /// An earlier segment handed over to this one.
    pub fn is_continuation(&self) -> bool {
        self.record.segments > 1
    }

    /// Who answered, how often this run has called by now, and whom it went around.
    pub fn note_conversation(&mut self, session: &dyn WecomSession) {
        self.record.agent = session.agent();
        self.note_calls(session.calls());
        self.failed_agents = session.failed_agents();
    }

    /// What this segment asked WeCom so far, beside what the earlier ones did.
    pub fn note_calls(&mut self, calls: BTreeMap<String, u64>) {
        self.record.wecom_calls = self.earlier.calls_and(calls);
    }

    /// Writes the judgement into the record, and the baseline that it proves.
    pub fn note_seal(&mut self, reading: &Reading) {
        let snapshot = &reading.snapshot;
        if !matches!(self.range, RangeEnd::Waits(_)) {
            self.range = reading.range.end(snapshot.is_sealed(), self.record.mode);
        }
        let reasons = snapshot.seal().reasons().iter().map(ReasonText::from);
        self.record.sealed = Some(self.earlier.sealed && snapshot.is_sealed());
        self.record.unsealed_reasons = self.earlier.reasons_and(reasons);
        let agent_id = u64::from(self.credentials.agent_id);
        self.new_baseline = snapshot
            .is_sealed()
            .then(|| (snapshot.range().clone(), agent_id));
    }

    /// How large the mirror was before this run.
    pub fn note_size(&mut self, base: &Base) {
        self.size = MirrorSize {
            users: base.users,
            departments: base.departments,
        };
    }

    /// A change that happened.
    pub fn note_done(&mut self, change: &Change) {
        let id = change.after.internal_id().clone();
        if change.action.is_removal() {
            self.removed.insert((change.after.kind(), id));
        }
        if let Some(other) = &change.reclaims {
            let id = other.item.internal_id().clone();
            self.removed.insert((other.item.kind(), id));
        }
        self.carried_out.extend(resolving::carries_out(change));
        let reclaims = change.reclaims.as_deref();
        let one_of_two = reclaims.is_some_and(|other| other.item.state() == ItemState::Live);
        let size = match change.after.kind() {
            ItemKind::User => &mut self.size.users,
            ItemKind::Department => &mut self.size.departments,
        };
        // Two live records became one.
        *size = size.saturating_sub(u64::from(one_of_two));
        match change.action {
            Action::Create | Action::Restore | Action::Adopt => *size += 1,
            Action::Delete | Action::Detach => *size = size.saturating_sub(1),
            Action::Update | Action::Move | Action::Disable => {}
        }
    }

    /// Adds a notice unless its cause was noticed within a day (story 17).
    pub fn notice(&mut self, cause: &str, notice: Notice) {
        if crate::notices::is_due(&self.state.noticed, cause, notice.at) {
            self.notice_now(cause, notice);
        }
    }

    /// Adds a notice whatever was noticed before: for a new list.
    pub fn notice_now(&mut self, cause: &str, notice: Notice) {
        self.state.noticed.insert(cause.to_owned(), notice.at);
        self.tell(cause, notice);
    }

    /// Adds a notice that nobody is reminded of.
    pub fn tell(&mut self, cause: &str, notice: Notice) {
        let id = format!("{}-{cause}", self.record.run);
        let at = notice.at;
        self.outbox.push(OutboxItem {
            id,
            at,
            payload: OutboxPayload::Notice(notice),
        });
    }

    /// The rows of a run with mode `plan`: what would happen, and nothing else.
    pub async fn write_planned_rows(&mut self, judged: &Judged) -> Result<(), Trouble> {
        self.ports.progress.step(Step::Record);
        for row in planned_rows(judged) {
            self.record_row(row).await?;
        }
        Ok(self.flush_rows().await?)
    }

    pub async fn record_change(
        &mut self,
        change: &Change,
        result: RowResult,
        note: Option<Note>,
    ) -> Result<(), StoreError> {
        self.record_row(row_of_change(change, result, note)).await
    }

    pub async fn record_row(&mut self, row: Row) -> Result<(), StoreError> {
        if row.result == RowResult::Failed {
            let code = row.code.clone().unwrap_or_default();
            *self.failures.entry(code).or_default() += 1;
        }
        self.rows.push(row);
        if self.rows.is_full() {
            self.flush_rows().await
        } else {
            Ok(())
        }
    }

    /// Puts down what is about to be written, so that a killed run still explains what it did.
    pub async fn intend(&mut self, changes: &[PermittedChange<'_>]) -> Result<(), StoreError> {
        let told = changes.iter().filter(|change| !change.is_refresh());
        self.check_lease()?;
        let rows = told.map(|change| row_of_intent(change)).collect();
        match self.rows.intent(rows) {
            Some(page) => self.ports.runs.append_rows(&self.record, &page).await,
            None => Ok(()),
        }
    }

    /// A process that slept past its lease adds no page to a log that may be cleared by now.
    fn check_lease(&self) -> Result<(), StoreError> {
        if self.ports.clock.now() < self.lease.expires_at() {
            return Ok(());
        }
        Err(StoreError::LeaseLost { act: "write rows" })
    }

    /// Consumed capacity, of earlier segments too.
    pub fn note_units(&mut self) {
        self.record.dynamodb = self.earlier.units_and(self.ports.runs.units());
    }

    /// Makes the rows so far durable; counts follow what is durable.
    pub async fn flush_rows(&mut self) -> Result<(), StoreError> {
        if let Some(page) = self.rows.page() {
            self.check_lease()?;
            self.ports.runs.append_rows(&self.record, &page).await?;
            self.rows.settle(&mut self.record.counts);
        }
        Ok(())
    }
}

/// The rows of a plan that is shown.
pub(crate) fn planned_rows(judged: &Judged) -> Vec<Row> {
    let verdict = &judged.verdict;
    let permitted = verdict
        .permitted
        .changes()
        .chain(verdict.permitted.removals());
    let planned = permitted
        .filter(|change| !change.is_refresh())
        .map(|change| row_of_change(&change, RowResult::Planned, None));
    let held = verdict.held.iter().chain(&verdict.still_held);
    planned.chain(held.map(row_of_held)).collect()
}
