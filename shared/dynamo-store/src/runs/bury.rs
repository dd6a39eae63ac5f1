//! The end of a run that nobody will close: its final record and what must leave because of it, in
//! one transaction without a lease.

use sync_run::ports::StoreError;
use sync_run::{OutboxItem, RunRecord};

use super::records::is_record;
use crate::DynamoStore;
use crate::wire::transact::Transacted;

const BURY: &str = "close the record of a dead run";

impl DynamoStore {
    /// `false`: the record is final already, and not by this very call, sent before; or the source
    /// is cleared, and the record with it; or the run is live after all.
    pub(super) async fn bury_record(
        &self,
        record: &RunRecord,
        outbox: &[OutboxItem],
    ) -> Result<bool, StoreError> {
        let source = &record.source;
        let [put, marker] = self.record_actions(record, None).await?;
        let closing = [
            put,
            marker,
            self.not_cleared(source),
            self.not_live_check(source, &record.run),
        ];
        let mut unsent: Vec<&OutboxItem> = outbox.iter().collect();
        // Each round takes at least one item out, so it ends.
        loop {
            let mut actions = closing.to_vec();
            let checks = unsent.iter().map(|item| self.not_sent_check(source, item));
            actions.extend(checks);
            let puts = unsent.iter().map(|item| self.outbox_action(source, item));
            actions.extend(puts);
            let refusals = match self.transact(BURY, &actions).await? {
                Transacted::Done => return Ok(true),
                Transacted::Cancelled(refusals) => refusals,
            };
            if let Some(Some(refusal)) = refusals.first() {
                return Ok(is_record(refusal, record));
            }
            let late = refusals.iter().take(closing.len()).skip(2);
            if late.flatten().next().is_some() {
                return Ok(false);
            }
            let was = unsent.len();
            let mut sent = refusals.iter().skip(closing.len()).map(Option::is_some);
            unsent.retain(|_| !sent.next().unwrap_or(false));
            if unsent.len() == was {
                return Err(StoreError::Conflict { act: BURY });
            }
        }
    }
}
