//! The directory as administrators look at it: bucket by bucket, so that a page costs what it
//! shows. A record that was moved aside is not shown.

use async_trait::async_trait;
use org_model::{
    DepartmentId, DirectoryDepartment, DirectoryUser, ItemKey, ItemKind, SourceId, UserKey,
};
use org_plan::Item;
use source_admin::ports::{DirectoryReader, Page, PageRequest, UserFilter};
use sync_run::ports::StoreError;

use super::cursor::BucketCursor;
use crate::DynamoStore;
use crate::mirror::items::{ASIDE, item_of};
use crate::mirror::keys::{buckets, partition, place};
use crate::wire::Attributes;
use crate::wire::attributes::{n, s, text, word};
use crate::wire::expression::Expression;
use crate::wire::keys::Key;
use crate::wire::query::Search;

const READ: &str = "read the directory";

/// Looked at per page: a filter that matches little gives a page with less than its limit, and
/// where to go on, instead of reading the whole directory in one call.
const LOOKED_AT_MAX: usize = 5_000;

/// Looked at per request, before the filter: some 500 KB.
const ITEMS_AT_ONCE: i32 = 250;

impl DynamoStore {
    async fn item(&self, source: &SourceId, key: &ItemKey) -> Result<Option<Item>, StoreError> {
        let place = place(source, key);
        let found = self.get(READ, &self.tables.directory, &place).await?;
        found
            .map(|attributes| item_of(attributes, READ))
            .transpose()
    }

    /// One page of a kind, in the order of the buckets and of the keys within.
    async fn items_page(
        &self,
        source: &SourceId,
        kind: ItemKind,
        filter: &UserFilter,
        page: &PageRequest,
    ) -> Result<Page<Item>, StoreError> {
        let limit = page.limit as usize;
        let mut at = BucketCursor::read(page.cursor.as_deref(), kind)?;
        let mut items = Vec::new();
        let mut looked_at = 0;
        while at.bucket < buckets(kind) && items.len() < limit && looked_at < LOOKED_AT_MAX {
            let pk = partition(source, kind, at.bucket);
            let search = self.bucket_search(pk, filter, at.after.take());
            let found = self.search_once(READ, &search).await?;
            looked_at += found.looked_at;
            let mut cut = false;
            for attributes in found.items {
                if items.len() >= limit {
                    cut = true;
                    break;
                }
                at.after = Some(text(&attributes, "sk", READ)?.to_owned());
                let item = item_of(attributes, READ)?;
                if stands_in(&item, filter.department) {
                    items.push(item);
                }
            }
            match found.last {
                _ if cut => {}
                Some(last) => at.after = Some(text(&last, "sk", READ)?.to_owned()),
                None => at = BucketCursor::at(at.bucket + 1),
            }
        }
        let more = at.bucket < buckets(kind);
        Ok(Page {
            items,
            next: more.then(|| at.write()),
        })
    }

    fn bucket_search(&self, pk: String, filter: &UserFilter, after: Option<String>) -> Search {
        let mut condition = format!("attribute_not_exists(#{ASIDE})");
        let mut values = Attributes::new();
        if let Some(status) = filter.status {
            condition.push_str(" AND #status = :status");
            values.insert(":status".to_owned(), s(word(&status)));
        }
        if let Some(since) = filter.updated_since {
            condition.push_str(" AND #at >= :since");
            values.insert(":since".to_owned(), n(since.as_millisecond()));
        }
        let expression = values.into_iter().fold(
            Expression::key("#pk = :pk").filtered(&condition),
            |expression, (name, value)| expression.with(&name, value),
        );
        let after = after.map(|sk| Key { pk: pk.clone(), sk });
        Search {
            table: self.tables.directory.clone(),
            expression: expression.with(":pk", s(pk)),
            limit: Some(ITEMS_AT_ONCE),
            after: after.as_ref().map(Key::attributes),
            ..Search::default()
        }
    }
}

#[async_trait]
impl DirectoryReader for DynamoStore {
    async fn user(
        &self,
        source: &SourceId,
        key: &UserKey,
    ) -> Result<Option<DirectoryUser>, StoreError> {
        let key = ItemKey::User(key.clone());
        Ok(self.item(source, &key).await?.and_then(as_user))
    }

    async fn users(
        &self,
        source: &SourceId,
        filter: &UserFilter,
        page: &PageRequest,
    ) -> Result<Page<DirectoryUser>, StoreError> {
        let page = self
            .items_page(source, ItemKind::User, filter, page)
            .await?;
        Ok(Page {
            items: page.items.into_iter().filter_map(as_user).collect(),
            next: page.next,
        })
    }

    async fn aside(
        &self,
        source: &SourceId,
        key: &UserKey,
    ) -> Result<Vec<DirectoryUser>, StoreError> {
        let found = self.records_aside(source, key).await?;
        Ok(found.into_iter().filter_map(as_user).collect())
    }

    async fn department(
        &self,
        source: &SourceId,
        id: DepartmentId,
    ) -> Result<Option<DirectoryDepartment>, StoreError> {
        let key = ItemKey::Department(id);
        Ok(self.item(source, &key).await?.and_then(as_department))
    }

    async fn departments(
        &self,
        source: &SourceId,
        page: &PageRequest,
    ) -> Result<Page<DirectoryDepartment>, StoreError> {
        let all = UserFilter::default();
        let page = self
            .items_page(source, ItemKind::Department, &all, page)
            .await?;
        Ok(Page {
            items: page.items.into_iter().filter_map(as_department).collect(),
            next: page.next,
        })
    }
}

/// A membership is a map in a list, which no filter of DynamoDB looks into.
fn stands_in(item: &Item, department: Option<DepartmentId>) -> bool {
    department.is_none_or(|department| item.departments().contains(&department))
}

fn as_user(item: Item) -> Option<DirectoryUser> {
    match item {
        Item::User(user) => Some(user),
        Item::Department(_) => None,
    }
}

fn as_department(item: Item) -> Option<DirectoryDepartment> {
    match item {
        Item::Department(department) => Some(department),
        Item::User(_) => None,
    }
}
