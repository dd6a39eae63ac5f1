//! Queries, page by page, and the scan by which the benchmark itself looks at a table.

use std::ops::Bound;

use serde_json::Value;

use super::lookup::{as_item, factor};
use super::{consumed, object};
use crate::standin::expression::{Condition, KeyCondition};
use crate::standin::request::Request;
use crate::standin::size::read_units;
use crate::standin::table::{Key, Stored, Table, s, text};
use crate::standin::{Answer, Database, Item, Refusal, unsupported};

/// What one answer looks at, before the filter.
const PAGE_MAX_BYTES: usize = 1024 * 1024;

/// A query, understood.
struct Asked {
    indexed: bool,
    key: KeyCondition,
    filter: Option<Condition>,
    forward: bool,
    limit: usize,
    after: Option<(String, String)>,
}

/// One answer.
#[derive(Default)]
struct Page {
    items: Vec<String>,
    looked_at: usize,
    bytes: usize,
    last: Option<String>,
}

impl Database {
    pub(super) fn query(&mut self, mut request: Request) -> Answer {
        let name = request.text("TableName")?;
        let factor = factor(request.flag("ConsistentRead")?);
        let wanted = request.wants_units()?;
        let table = self.table(&name)?;
        let asked = asked(table, request)?;
        let page = table.page(&asked)?;
        let units = read_units(page.bytes) * factor;
        self.counts.request("Query", &name);
        self.counts.read("Query", &name, units);
        Ok(answer(page, consumed(wanted, &name, units)))
    }

    pub(super) fn scan(&mut self, mut request: Request) -> Answer {
        let name = request.text("TableName")?;
        let factor = factor(request.flag("ConsistentRead")?);
        let after = request.fields("ExclusiveStartKey")?;
        let wanted = request.wants_units()?;
        request.finish()?;
        let table = self.table(&name)?;
        let after = after.map(|key| table.whole_key(&key)).transpose()?;
        let page = table.scanned(after.as_ref());
        let units = read_units(page.bytes) * factor;
        self.counts.request("Scan", &name);
        self.counts.read("Scan", &name, units);
        Ok(answer(page, consumed(wanted, &name, units)))
    }
}

fn answer(page: Page, consumed: Option<String>) -> String {
    object([
        ("Count", Some(page.items.len().to_string())),
        ("ScannedCount", Some(page.looked_at.to_string())),
        ("Items", Some(format!("[{}]", page.items.join(",")))),
        ("LastEvaluatedKey", page.last),
        ("ConsumedCapacity", consumed),
    ])
}

fn asked(table: &Table, mut request: Request) -> Result<Asked, Refusal> {
    let placeholders = request.placeholders()?;
    let index = request.optional_text("IndexName")?;
    let sort = match (&index, &table.index) {
        (None, _) => &table.sort,
        (Some(wanted), Some(index)) if *wanted == index.name => &index.sort,
        (Some(_), _) => return unsupported("an index that is not there"),
    };
    let condition = request.condition("KeyConditionExpression", &placeholders)?;
    let Some(condition) = condition else {
        return unsupported("a query without a key");
    };
    let asked = Asked {
        indexed: index.is_some(),
        key: KeyCondition::of(condition, &table.partition, sort)?,
        filter: request.condition("FilterExpression", &placeholders)?,
        forward: request.flag("ScanIndexForward")? != Some(false),
        limit: limit(request.take("Limit"))?,
        after: match request.take("ExclusiveStartKey") {
            None => None,
            Some(key) => Some((key_part(&key, sort)?, key_part(&key, &table.sort)?)),
        },
    };
    request.finish()?;
    Ok(asked)
}

fn limit(value: Option<Value>) -> Result<usize, Refusal> {
    match value {
        None => Ok(usize::MAX),
        Some(value) => match value.as_u64() {
            Some(limit @ 1..) => Ok(usize::try_from(limit).unwrap_or(usize::MAX)),
            _ => unsupported("a limit that is no positive number"),
        },
    }
}

fn key_part(key: &Value, name: &str) -> Result<String, Refusal> {
    crate::standin::table::key_text(as_item(key)?, name)
}

impl Table {
    fn page(&self, asked: &Asked) -> Result<Page, Refusal> {
        let mut page = Page::default();
        let rows = self.rows(asked)?;
        for (index, (sort, sk, stored)) in rows.iter().enumerate() {
            if page.looked_at > 0 && page.bytes + stored.bytes > PAGE_MAX_BYTES {
                let (sort, sk, _) = rows[index - 1];
                page.last = Some(self.last_key(asked, sort, sk));
                break;
            }
            page.bytes += stored.bytes;
            page.looked_at += 1;
            let passes = match &asked.filter {
                None => true,
                Some(filter) => filter.holds(&stored.item())?,
            };
            if passes {
                page.items.push(stored.text.to_string());
            }
            if page.looked_at == asked.limit {
                page.last = Some(self.last_key(asked, sort, sk));
                break;
            }
        }
        Ok(page)
    }

    /// What the key condition names, in the wanted order, behind the start.
    fn rows<'a>(&'a self, asked: &Asked) -> Result<Vec<(&'a str, &'a str, &'a Stored)>, Refusal> {
        let Some(partition) = self.partitions.get(&asked.key.pk) else {
            return Ok(Vec::new());
        };
        let mut rows: Vec<(&str, &str, &Stored)> = if asked.indexed {
            let entries = partition.entries.iter();
            entries
                .map(|((sort, sk), entry)| (sort.as_str(), sk.as_str(), entry))
                .collect()
        } else {
            let items = partition.items.iter();
            items
                .map(|(sk, item)| (sk.as_str(), sk.as_str(), item))
                .collect()
        };
        if let Some(condition) = &asked.key.sort {
            let name = self.sort_name(asked.indexed);
            let mut kept = Vec::new();
            for row in rows {
                let keys: Item = [(name.to_owned(), s(row.0))].into_iter().collect();
                if condition.holds(&keys)? {
                    kept.push(row);
                }
            }
            rows = kept;
        }
        if !asked.forward {
            rows.reverse();
        }
        if let Some((sort, sk)) = &asked.after {
            let start = (sort.as_str(), sk.as_str());
            rows.retain(|(sort, sk, _)| match asked.forward {
                true => (*sort, *sk) > start,
                false => (*sort, *sk) < start,
            });
        }
        Ok(rows)
    }

    fn sort_name(&self, indexed: bool) -> &str {
        match &self.index {
            Some(index) if indexed => &index.sort,
            _ => &self.sort,
        }
    }

    fn last_key(&self, asked: &Asked, sort: &str, sk: &str) -> String {
        let mut key = self.key_item(&Key {
            pk: asked.key.pk.clone(),
            sk: sk.to_owned(),
        });
        key.insert(self.sort_name(asked.indexed).to_owned(), s(sort));
        text(&key)
    }

    fn scanned(&self, after: Option<&Key>) -> Page {
        let mut page = Page::default();
        let start = after.map_or("", |key| key.pk.as_str());
        for (pk, partition) in self.partitions.range(start.to_owned()..) {
            let from = match after.filter(|key| key.pk == *pk) {
                Some(key) => Bound::Excluded(key.sk.clone()),
                None => Bound::Unbounded,
            };
            for (sk, stored) in partition.items.range((from, Bound::Unbounded)) {
                page.items.push(stored.text.to_string());
                page.looked_at += 1;
                page.bytes += stored.bytes;
                if page.bytes >= PAGE_MAX_BYTES {
                    let (pk, sk) = (pk.clone(), sk.clone());
                    page.last = Some(text(&self.key_item(&Key { pk, sk })));
                    return page;
                }
            }
        }
        page
    }
}
