//! Stopping a run. One that is queued is over at once; a live one finds, beside its record, that
//! somebody asked it to stop.
//!
//! Races considered:
//! - *A queued run is claimed while it is cancelled:* the claim puts its `SERVED#` marker and asks
//!   that the record is open; the cancellation makes the record final and asks that there is no
//!   marker. Exactly one of both happens; if it is the claim, the run is live, and is asked.
//! - *A run is closed while it is asked to stop:* the request asks that the record is open, so that
//!   nobody is told that a run will stop which is over.
//! - *It is asked twice, by two people or by a request sent again:* the first word stands.

use org_model::{RunId, SourceId};
use sync_run::ports::StoreError;
use sync_run::{Cancellation, RunRecord, run_finished};

use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{json, n, no, s, text, time, word, yes};
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::transact::{Action, Transacted};

const READ: &str = "look whether a run is to stop";
const CANCEL: &str = "cancel a run";

impl DynamoStore {
    pub(crate) async fn asked_to_stop(
        &self,
        source: &SourceId,
        run: &RunId,
    ) -> Result<Option<Cancellation>, StoreError> {
        let key = keys::cancellation(source, run);
        let found = self.get(READ, &self.tables.sync, &key).await?;
        found.as_ref().map(cancellation_of).transpose()
    }

    /// One try to end a queued run by `cancelled`, its final record, with the event that says so.
    /// `false`: it was claimed, or is over.
    pub(crate) async fn cancel_queued(&self, cancelled: &RunRecord) -> Result<bool, StoreError> {
        let (source, run) = (&cancelled.source, &cancelled.run);
        let table = &self.tables.sync;
        let over = Expression::update("SET #record = :record, #status = :status, #final = :final")
            .when("#final = :open AND #status = :queued")
            .with(":record", json(cancelled))
            .with(":status", s(word(&cancelled.status)))
            .with(":final", yes())
            .with(":open", no())
            .with(":queued", s(word(&sync_run::RunStatus::Queued)));
        let unclaimed = Expression::condition("attribute_not_exists(#pk)");
        let actions = [
            Action::Update(table.clone(), keys::run(source, run), over),
            self.open_marker(cancelled),
            Action::Check(table.clone(), keys::served(source, run), unclaimed),
            self.outbox_action(source, &run_finished(cancelled)),
        ];
        let ended = self.transact(CANCEL, &actions).await?;
        Ok(matches!(ended, Transacted::Done))
    }

    /// Asks a live run to stop; the first word stands. `false`: it is over.
    pub(crate) async fn ask_to_stop(
        &self,
        record: &RunRecord,
        asked: &Cancellation,
    ) -> Result<bool, StoreError> {
        let (source, run) = (&record.source, &record.run);
        let table = &self.tables.sync;
        let mut item = keys::cancellation(source, run).attributes();
        item.insert("by".to_owned(), s(asked.by.as_str()));
        item.insert("at".to_owned(), s(asked.at.to_string()));
        let expiry = self.log_expiry(source, record.queued_at).await?;
        item.insert("expires_at".to_owned(), n(expiry));
        let open = Expression::condition("#final = :open").with(":open", no());
        let first = Expression::condition("attribute_not_exists(#pk)");
        let actions = [
            Action::Check(table.clone(), keys::run(source, run), open),
            self.not_cleared(source),
            Action::Put(table.clone(), item, first),
        ];
        match self.transact(CANCEL, &actions).await? {
            Transacted::Done => Ok(true),
            Transacted::Cancelled(refusals) => {
                let is_open = refusals.iter().take(2).flatten().next().is_none();
                // Else: somebody asked before.
                Ok(is_open)
            }
        }
    }
}

pub(crate) fn cancellation_of(item: &Attributes) -> Result<Cancellation, StoreError> {
    Ok(Cancellation {
        by: text(item, "by", READ)?.to_owned(),
        at: time(item, "at", READ)?,
    })
}
