//! The book of one run: its record, its rows, its notices, all as far as they are known.

use std::collections::BTreeSet;

use jiff::Timestamp;
use org_model::{Fingerprint, InternalId, ItemKind};
use org_plan::{Action, Base, Change, HeldItem, Note, PermittedChange};

use crate::judge::Judged;
use crate::ports::{Ports, Step, StoreError};
use crate::ranges::RangeEnd;
use crate::reading::Reading;
use crate::rows::{RowWriter, row_of_change, row_of_held, row_of_intent};
use crate::trouble::Trouble;
use crate::{
    MirrorSize, Notice, OutboxItem, OutboxPayload, ReasonText, RowResult, RunLease, RunRecord,
    SourceState, StoredSource,
};

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
    /// Removals that really happened: what they were approved by is settled.
    pub removed: BTreeSet<(ItemKind, InternalId)>,
    /// What the range that stands is to this run.
    pub range: RangeEnd,
    /// Stands for what the range that waits lacks: another lack is another cause for a notice.
    pub range_lack: Option<Fingerprint>,
    /// The accepted range is the baseline now.
    pub took_range: bool,
    /// A removal did not get through: what was accepted with a range is not done yet.
    pub removal_failed: bool,
    /// The mirror as it was, and what this run did to it.
    pub size: MirrorSize,
    agent_id: u64,
}

impl<'a> Book<'a> {
    pub fn open(
        ports: &'a Ports,
        lease: &'a RunLease,
        record: RunRecord,
        deadline: Timestamp,
        source: &StoredSource,
    ) -> Self {
        Self {
            ports,
            lease,
            record,
            deadline,
            rows: RowWriter::default(),
            state: source.state.clone(),
            source_name: source.settings.name.clone(),
            outbox: Vec::new(),
            new_baseline: None,
            removed: BTreeSet::new(),
            range: RangeEnd::default(),
            range_lack: None,
            took_range: false,
            removal_failed: false,
            size: MirrorSize::default(),
            agent_id: u64::from(source.settings.credentials.agent_id),
        }
    }

    /// Writes the judgement into the record, and the baseline that it proves.
    pub fn note_seal(&mut self, reading: &Reading) {
        let snapshot = &reading.snapshot;
        if !matches!(self.range, RangeEnd::Waits(_)) {
            self.range = reading.range.end(snapshot.is_sealed(), self.record.mode);
        }
        let reasons = snapshot.seal().reasons();
        self.record.sealed = Some(snapshot.is_sealed());
        self.record.unsealed_reasons = reasons.iter().map(ReasonText::from).collect();
        self.new_baseline = snapshot
            .is_sealed()
            .then(|| (snapshot.range().clone(), self.agent_id));
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
        let size = match change.after.kind() {
            ItemKind::User => &mut self.size.users,
            ItemKind::Department => &mut self.size.departments,
        };
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
        let verdict = &judged.verdict;
        let permitted = verdict
            .permitted
            .changes()
            .chain(verdict.permitted.removals());
        let planned: Vec<_> = permitted
            .filter(|change| !change.is_refresh())
            .map(|change| row_of_change(&change, RowResult::Planned, None))
            .collect();
        for row in planned {
            self.record_row(row).await?;
        }
        self.write_held_rows(verdict.held.iter().chain(&verdict.still_held))
            .await?;
        Ok(self.flush_rows().await?)
    }

    pub async fn write_held_rows<'h>(
        &mut self,
        held: impl Iterator<Item = &'h HeldItem>,
    ) -> Result<(), StoreError> {
        for item in held {
            self.record_row(row_of_held(item)).await?;
        }
        Ok(())
    }

    pub async fn record_change(
        &mut self,
        change: &Change,
        result: RowResult,
        note: Option<Note>,
    ) -> Result<(), StoreError> {
        self.record_row(row_of_change(change, result, note)).await
    }

    pub async fn record_row(&mut self, row: crate::Row) -> Result<(), StoreError> {
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
        match self
            .rows
            .intent(told.map(|change| row_of_intent(change)).collect())
        {
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
