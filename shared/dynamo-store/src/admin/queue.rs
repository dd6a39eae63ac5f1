//! Asking for runs, and the log of runs as administrators see it.

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{RunId, SourceId};
use source_admin::ports::{Author, Cancelled, Enqueued, Page, PageRequest, RowFilter, RunQueue};
use sync_run::ports::StoreError;
use sync_run::{Row, RunRecord, RunStatus, Trigger};

use super::cursor::{RowCursor, no_cursor};
use crate::DynamoStore;
use crate::lease::{LeaseItem, nobody_holds};
use crate::runs::{ROW_PAGES, record_of, rows_of, run_item};
use crate::wire::Attributes;
use crate::wire::attributes::{n, number, s, text};
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};
use crate::wire::query::Search;
use crate::wire::transact::{Action, Refusal, Transacted};

const ENQUEUE: &str = "queue a run";

/// How long the same `Idempotency-Key` gives the same run.
const KEY_SECONDS: i64 = 24 * 60 * 60;

/// A queued run that nobody claimed for this long was not delivered (Lambda gives up after 300 s);
/// until then it is as good as live, and a second one beside it would only be skipped.
const CLAIMED_WITHIN_SECONDS: i64 = 300;

/// Pages of 500 rows read at once.
const PAGES_AT_ONCE: i32 = 4;

/// Requests per page of a list: 20,000 rows looked at. A filter that matches little gives a page
/// with less than its limit, and where to go on.
const ROW_REQUESTS_MAX: u32 = 10;

/// Where the conditional actions of queueing stand in their transaction.
const LEASE: usize = 0;
const RECORD: usize = 1;
const SETTINGS: usize = 3;
const KEY: usize = 5;

impl DynamoStore {
    fn key_action(&self, record: &RunRecord, key: &Key) -> Action {
        let now = record.queued_at.as_second();
        let mut item = key.attributes();
        item.insert("run".to_owned(), s(record.run.as_str()));
        item.insert("expires_at".to_owned(), n(now + KEY_SECONDS));
        // DynamoDB deletes what has expired within days, not at once.
        let unused =
            Expression::condition("attribute_not_exists(#pk) OR #expires_at < :now OR #run = :run")
                .with(":now", n(now))
                .with(":run", s(record.run.as_str()));
        Action::Put(self.tables.sync.clone(), item, unused)
    }

    async fn enqueue_actions(
        &self,
        record: &RunRecord,
        idempotency_key: Option<&str>,
    ) -> Result<Vec<Action>, StoreError> {
        let (table, source) = (&self.tables.sync, &record.source);
        let expiry = self.log_expiry(source, record.queued_at).await?;
        let absent = Expression::condition("attribute_not_exists(#pk)");
        let mut actions = vec![
            Action::Check(
                table.clone(),
                keys::lease(source),
                nobody_holds(record.queued_at),
            ),
            Action::Put(table.clone(), run_item(record, expiry), absent),
            self.open_marker(record),
            self.not_cleared(source),
            self.queued_action(record),
        ];
        let key = idempotency_key.map(|key| keys::asked(source, key));
        actions.extend(key.map(|key| self.key_action(record, &key)));
        Ok(actions)
    }

    /// Tells whoever is about to clear the source that a run was queued since they looked.
    fn queued_action(&self, record: &RunRecord) -> Action {
        let mut item = keys::queue(&record.source).attributes();
        item.insert("run".to_owned(), s(record.run.as_str()));
        Action::Put(self.tables.sync.clone(), item, Expression::default())
    }

    /// A run other than `but` that was asked for moments ago and that will be claimed at any time.
    pub(super) async fn waiting_run(
        &self,
        source: &SourceId,
        now: Timestamp,
        but: Option<&RunId>,
    ) -> Result<Option<RunId>, StoreError> {
        let since = now.as_second() - CLAIMED_WITHIN_SECONDS;
        let open = self.open_runs(source).await?.into_iter();
        let mut queued = open.filter(|other| {
            other.status == RunStatus::Queued
                && Some(&other.run) != but
                && other.queued_at.as_second() > since
        });
        Ok(queued.next().map(|other| other.run))
    }

    /// What an earlier call with the same key asked for, if the key is still good.
    async fn earlier(
        &self,
        record: &RunRecord,
        idempotency_key: Option<&str>,
    ) -> Result<Option<Enqueued>, StoreError> {
        let Some(key) = idempotency_key.map(|key| keys::asked(&record.source, key)) else {
            return Ok(None);
        };
        let Some(found) = self.get(ENQUEUE, &self.tables.sync, &key).await? else {
            return Ok(None);
        };
        if number::<i64>(&found, "expires_at", ENQUEUE)? < record.queued_at.as_second() {
            return Ok(None);
        }
        self.repeated(&record.source, &found).await.map(Some)
    }

    /// The run of an earlier call with the same key.
    async fn repeated(&self, source: &SourceId, key: &Attributes) -> Result<Enqueued, StoreError> {
        let run = RunId::new(text(key, "run", ENQUEUE)?);
        match self.read_run(source, &run).await? {
            Some(record) => Ok(Enqueued::Repeated(Box::new(record))),
            None => Err(StoreError::Conflict { act: ENQUEUE }),
        }
    }
}

/// The item that stood in the way of one action.
fn in_the_way(refusals: &[Option<Refusal>], index: usize) -> Option<&Attributes> {
    match refusals.get(index)? {
        Some(Refusal::Condition(found)) => found.as_ref(),
        _ => None,
    }
}

#[async_trait]
impl RunQueue for DynamoStore {
    async fn enqueue(
        &self,
        record: &RunRecord,
        idempotency_key: Option<&str>,
    ) -> Result<Enqueued, StoreError> {
        // An approval is durable by itself: its run may wait behind another.
        if record.trigger == Trigger::Manual
            && let Some(waiting) = self
                .waiting_run(&record.source, record.queued_at, Some(&record.run))
                .await?
        {
            let earlier = self.earlier(record, idempotency_key).await?;
            return Ok(earlier.unwrap_or(Enqueued::Live(waiting)));
        }
        let actions = self.enqueue_actions(record, idempotency_key).await?;
        let refusals = match self.transact(ENQUEUE, &actions).await? {
            Transacted::Done => return Ok(Enqueued::New),
            Transacted::Cancelled(refusals) => refusals,
        };
        // The key first: its run may be the live one.
        if let Some(key) = in_the_way(&refusals, KEY) {
            return self.repeated(&record.source, key).await;
        }
        if in_the_way(&refusals, SETTINGS).is_some() {
            // It is being cleared.
            return Err(StoreError::Conflict { act: ENQUEUE });
        }
        if let Some(found) = in_the_way(&refusals, RECORD) {
            // This very record, sent before; a run id is never given twice.
            return match record_of(found)?.queued_at == record.queued_at {
                true => Ok(Enqueued::New),
                false => Err(StoreError::Conflict { act: ENQUEUE }),
            };
        }
        match in_the_way(&refusals, LEASE) {
            Some(lease) => Ok(Enqueued::Live(LeaseItem::read(lease, ENQUEUE)?.run)),
            None => Err(StoreError::Conflict { act: ENQUEUE }),
        }
    }

    async fn run(&self, source: &SourceId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        self.read_run(source, run).await
    }

    async fn cancel(
        &self,
        source: &SourceId,
        run: &RunId,
        author: &Author,
    ) -> Result<Cancelled, StoreError> {
        self.cancel_run(source, run, author).await
    }

    async fn runs(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<RunRecord>, StoreError> {
        let act = "list the runs of a source";
        let pk = keys::runs_partition(source);
        let after = page.cursor.as_ref().map(|run| Key {
            pk: pk.clone(),
            sk: run.clone(),
        });
        if after.as_ref().is_some_and(|key| key.sk.is_empty()) {
            return Err(no_cursor());
        }
        let search = Search {
            table: self.tables.sync.clone(),
            expression: Expression::key("#pk = :pk").with(":pk", s(pk)),
            backwards: true,
            limit: i32::try_from(page.limit).ok(),
            after: after.as_ref().map(Key::attributes),
            ..Search::default()
        };
        let found = self.search_once(act, &search).await?;
        let last = found.last.as_ref();
        Ok(Page {
            items: found
                .items
                .iter()
                .map(record_of)
                .collect::<Result<_, _>>()?,
            next: last
                .map(|key| text(key, "sk", act).map(str::to_owned))
                .transpose()?,
        })
    }

    async fn rows(
        &self,
        source: &SourceId,
        run: &RunId,
        filter: &RowFilter,
        page: &PageRequest,
    ) -> Result<Page<Row>, StoreError> {
        let start = page.cursor.as_deref().map(RowCursor::read).transpose()?;
        let mut rows = Vec::new();
        let mut search = self.row_search(source, run, start.as_ref());
        let mut requests = 0;
        loop {
            let mut end = None;
            requests += 1;
            let found = self.search_once("read the rows of a run", &search).await?;
            for item in &found.items {
                let sk = text(item, "sk", "read the rows of a run")?;
                let name = sk.trim_start_matches(keys::ROWS);
                let skip = start.as_ref().filter(|start| start.page == name);
                let skip = skip.map_or(0, |start| start.index);
                let of_page = rows_of(item)?;
                end = Some(RowCursor::behind(name, of_page.len()));
                for (index, row) in of_page.into_iter().enumerate().skip(skip) {
                    if !filter.takes(&row) {
                        continue;
                    }
                    if rows.len() >= page.limit as usize {
                        let page = name.to_owned();
                        let next = Some(RowCursor { page, index }.write());
                        return Ok(Page { items: rows, next });
                    }
                    rows.push(row);
                }
            }
            let more = found.last.is_some();
            let enough = requests >= ROW_REQUESTS_MAX && end.is_some();
            if !more || enough {
                let next = end.filter(|_| more).map(|end| end.write());
                return Ok(Page { items: rows, next });
            }
            search.after = found.last;
        }
    }
}

impl DynamoStore {
    /// All pages of rows, or those from the cursor's on.
    fn row_search(&self, source: &SourceId, run: &RunId, start: Option<&RowCursor>) -> Search {
        let pk = s(keys::rows_partition(source, run));
        let expression = match start {
            None => Expression::key(ROW_PAGES).with(":prefix", s(keys::ROWS)),
            // Nothing but pages of rows stands in this partition.
            Some(start) => Expression::key("#pk = :pk AND #sk >= :start")
                .with(":start", s(format!("{}{}", keys::ROWS, start.page))),
        };
        Search {
            table: self.tables.sync.clone(),
            expression: expression.with(":pk", pk),
            limit: Some(PAGES_AT_ONCE),
            ..Search::default()
        }
    }
}
