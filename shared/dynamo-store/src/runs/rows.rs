//! Rows, in compressed pages: never one item a row.

use org_model::{RunId, SourceId};
use sync_run::ports::StoreError;
use sync_run::{Row, RowsPage, RunRecord};

use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{b, bytes, n, s};
use crate::wire::expression::Expression;
use crate::wire::keys;
use crate::wire::packing::{PAGE_MAX_BYTES, pack, unpack};
use crate::wire::query::Search;

const READ: &str = "read the rows of a run";
const WRITE: &str = "write the rows of a run";

/// The key condition of all pages of a run.
pub(crate) const ROW_PAGES: &str = "#pk = :pk AND begins_with(#sk, :prefix)";

impl DynamoStore {
    pub(super) async fn put_rows(
        &self,
        record: &RunRecord,
        page: &RowsPage,
    ) -> Result<(), StoreError> {
        let (source, run) = (&record.source, &record.run);
        let generation = record.generation.unwrap_or_default();
        let expiry = self.log_expiry(source, record.queued_at).await?;
        let place = |part| keys::rows(source, run, generation, page.page, part);
        let parts = parts(&page.rows)?;
        let count = parts.len();
        for (part, packed) in parts.into_iter().enumerate() {
            let key = place(part);
            let mut item = key.attributes();
            item.insert("body".to_owned(), b(packed));
            item.insert("expires_at".to_owned(), n(expiry));
            // Unconditional: the key holds the generation, so a page meets only itself.
            let _written = self.put(WRITE, &self.tables.sync, item, None).await?;
        }
        let first = place(0);
        let before = self.parts_before((first.pk, first.sk), count);
        let left: Vec<_> = (count..before).map(place).collect();
        self.delete_all(WRITE, &self.tables.sync, &left).await
    }

    /// In how many parts this page stands; from now on it is `count`. What a page says before its
    /// rows are sent may be larger than what became of them: a part that is left over would tell
    /// rows twice. Killed in between it does; a row that may have happened is better told twice
    /// than not at all.
    fn parts_before(&self, page: (String, String), count: usize) -> usize {
        let before = self.knows(|known| match count {
            1 => known.row_parts.remove(&page),
            _ => known.row_parts.insert(page, count),
        });
        before.unwrap_or(count)
    }

    pub(super) async fn read_rows(
        &self,
        source: &SourceId,
        run: &RunId,
    ) -> Result<Vec<Row>, StoreError> {
        let search = Search {
            table: self.tables.sync.clone(),
            expression: Expression::key(ROW_PAGES)
                .with(":pk", s(keys::rows_partition(source, run)))
                .with(":prefix", s(keys::ROWS)),
            ..Search::default()
        };
        let mut rows = Vec::new();
        self.search_each(READ, search, |item| {
            rows.extend(rows_of(&item)?);
            Ok(())
        })
        .await?;
        Ok(rows)
    }
}

pub(crate) fn rows_of(item: &Attributes) -> Result<Vec<Row>, StoreError> {
    unpack(READ, bytes(item, "body", READ)?)
}

/// As few parts as fit; the same rows give the same parts.
fn parts(rows: &[Row]) -> Result<Vec<Vec<u8>>, StoreError> {
    let packed = pack(WRITE, rows)?;
    if packed.len() <= PAGE_MAX_BYTES {
        return Ok(vec![packed]);
    }
    if let [row] = rows {
        return Ok(vec![pack(WRITE, &[without_changes(row)])?]);
    }
    let (first, second) = rows.split_at(rows.len() / 2);
    let mut all = parts(first)?;
    all.extend(parts(second)?);
    Ok(all)
}

/// WeCom's names have at most 64 characters (WECOM.md §6); one that does not must not get the log
/// of a whole run refused.
const NAME_MAX_CHARS: usize = 200;

/// A row that alone fills more than an item says so instead of getting lost.
fn without_changes(row: &Row) -> Row {
    let message = "the changes are too large for the log";
    Row {
        name: row.name.chars().take(NAME_MAX_CHARS).collect(),
        changes: Vec::new(),
        code: row
            .code
            .clone()
            .or_else(|| Some("changes_too_large".to_owned())),
        message: row.message.clone().or_else(|| Some(message.to_owned())),
        ..row.clone()
    }
}
