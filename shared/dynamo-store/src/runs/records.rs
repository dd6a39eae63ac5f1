//! Records of runs. A record that is not final has a marker `OPEN#` in the source's partition,
//! written and deleted in the same transaction, so that finding dead runs reads only those.

use org_model::{RunId, SourceId};
use sync_run::ports::StoreError;
use sync_run::{RunLease, RunRecord};

use super::removals::WrittenRemovals;
use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{from_json, json, n, no, s, text, word, yes};
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::query::Search;
use crate::wire::transact::{Action, Refusal, Transacted};

const READ: &str = "read the record of a run";
const WRITE: &str = "write the record of a run";

/// The stored form of a record. `expiry`: epoch seconds.
pub(crate) fn run_item(record: &RunRecord, expiry: i64) -> Attributes {
    let mut item = keys::run(&record.source, &record.run).attributes();
    let is_final = record.status.is_final();
    item.insert("record".to_owned(), json(record));
    item.insert("status".to_owned(), s(word(&record.status)));
    item.insert("final".to_owned(), if is_final { yes() } else { no() });
    item.insert("expires_at".to_owned(), n(expiry));
    item
}

pub(crate) fn record_of(item: &Attributes) -> Result<RunRecord, StoreError> {
    from_json(item, "record", READ)
}

fn record_change(record: &RunRecord, expiry: i64, removals: Option<WrittenRemovals>) -> Expression {
    let mut text =
        "SET #record = :record, #status = :status, #final = :final, #expires_at = :expiry"
            .to_owned();
    text.push_str(removals.map_or("", |_| WrittenRemovals::SET));
    let is_final = record.status.is_final();
    let change = Expression::update(&text)
        .when("attribute_not_exists(#pk) OR #final = :open")
        .with(":record", json(record))
        .with(":status", s(word(&record.status)))
        .with(":final", if is_final { yes() } else { no() })
        .with(":expiry", n(expiry))
        .with(":open", no());
    match removals {
        Some(removals) => removals.named(change),
        None => change,
    }
}

impl DynamoStore {
    pub(crate) async fn read_run(
        &self,
        source: &SourceId,
        run: &RunId,
    ) -> Result<Option<RunRecord>, StoreError> {
        let key = keys::run(source, run);
        let found = self.get(READ, &self.tables.sync, &key).await?;
        found.as_ref().map(record_of).transpose()
    }

    /// The record and its marker: two actions. A final record stays as it is, and the removals
    /// that the item names stay named unless others are given.
    pub(super) async fn record_actions(
        &self,
        record: &RunRecord,
        removals: Option<WrittenRemovals>,
    ) -> Result<[Action; 2], StoreError> {
        let expiry = self.log_expiry(&record.source, record.queued_at).await?;
        let table = self.tables.sync.clone();
        let key = keys::run(&record.source, &record.run);
        Ok([
            Action::Update(table, key, record_change(record, expiry, removals)),
            self.open_marker(record),
        ])
    }

    pub(crate) fn open_marker(&self, record: &RunRecord) -> Action {
        let key = keys::open(&record.source, &record.run);
        let table = self.tables.sync.clone();
        match record.status.is_final() {
            true => Action::Delete(table, key, Expression::default()),
            false => Action::Put(table, key.attributes(), Expression::default()),
        }
    }

    pub(super) async fn put_record_unleased(&self, record: &RunRecord) -> Result<(), StoreError> {
        let [put, marker] = self.record_actions(record, None).await?;
        let actions = [put, marker, self.not_cleared(&record.source)];
        match self.transact(WRITE, &actions).await? {
            Transacted::Cancelled(refusals) if refusals.get(2).is_some_and(Option::is_some) => {
                Err(StoreError::Conflict { act: WRITE })
            }
            // Cancelled otherwise: the record is final and stays as it is.
            Transacted::Done | Transacted::Cancelled(_) => Ok(()),
        }
    }

    pub(super) async fn put_record(
        &self,
        lease: &RunLease,
        record: &RunRecord,
    ) -> Result<(), StoreError> {
        let mut actions = vec![self.lease_check(lease)];
        actions.extend(self.record_actions(record, None).await?);
        match self.transact(WRITE, &actions).await? {
            Transacted::Done => Ok(()),
            Transacted::Cancelled(refusals) => {
                if refusals.first().is_some_and(Option::is_some) {
                    return Err(StoreError::LeaseLost { act: WRITE });
                }
                match refusals.get(1) {
                    Some(Some(refusal)) if is_record(refusal, record) => Ok(()),
                    _ => Err(StoreError::Conflict { act: WRITE }),
                }
            }
        }
    }

    pub(crate) async fn open_runs(&self, source: &SourceId) -> Result<Vec<RunRecord>, StoreError> {
        let act = "look for unfinished runs";
        let search = Search {
            table: self.tables.sync.clone(),
            expression: Expression::key("#pk = :pk AND begins_with(#sk, :prefix)")
                .with(":pk", s(keys::source_partition(source)))
                .with(":prefix", s(keys::OPEN)),
            ..Search::default()
        };
        let mut wanted = Vec::new();
        for marker in self.search(act, search).await? {
            let run = text(&marker, "sk", act)?.trim_start_matches(keys::OPEN);
            wanted.push(keys::run(source, &RunId::new(run)));
        }
        let found = self.get_all(act, &self.tables.sync, &wanted).await?;
        let mut records: Vec<RunRecord> = found.iter().map(record_of).collect::<Result<_, _>>()?;
        records.sort_by(|one, other| (one.queued_at, &one.run).cmp(&(other.queued_at, &other.run)));
        Ok(records)
    }
}

/// The record that stands there is this one: our own write, sent before.
pub(super) fn is_record(refusal: &Refusal, record: &RunRecord) -> bool {
    match refusal {
        Refusal::Condition(Some(found)) => found.get("record") == Some(&json(record)),
        Refusal::Condition(None) | Refusal::Invalid(_) => false,
    }
}
