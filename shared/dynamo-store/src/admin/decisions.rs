//! A person's word about a held list.

use std::cmp::Reverse;

use async_trait::async_trait;
use org_model::{Fingerprint, SourceId};
use org_plan::HeldItem;
use source_admin::ports::{
    Author, Decided, HELD_LISTS_MAX, HeldDecisions, HeldHeader, Page, PageRequest,
};
use sync_run::ports::StoreError;
use sync_run::{HeldState, StoredHeldList};

use super::cursor::no_cursor;
use crate::DynamoStore;
use crate::held::{is_final, list_of, remaining_of};
use crate::wire::attributes::{n, s, word};
use crate::wire::calls::Written;
use crate::wire::expression::Expression;
use crate::wire::keys;

#[async_trait]
impl HeldDecisions for DynamoStore {
    async fn lists(&self, source: &SourceId) -> Result<Vec<HeldHeader>, StoreError> {
        let mut lists = Vec::new();
        for header in self.held_headers(source).await? {
            lists.push(HeldHeader {
                list: list_of(&header)?,
                remaining: remaining_of(&header)?,
            });
        }
        let place = |one: &HeldHeader| (one.list.list.held_at, one.list.list.fingerprint);
        lists.sort_by_key(|one| Reverse(place(one)));
        let mut ranks = 0..;
        lists.retain(|one| {
            let is_late = ranks.next().is_some_and(|rank| rank < HELD_LISTS_MAX);
            is_late || !is_final(&one.list)
        });
        Ok(lists)
    }

    async fn list(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
    ) -> Result<Option<StoredHeldList>, StoreError> {
        self.held_list(source, fingerprint).await
    }

    async fn items(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        page: &PageRequest,
    ) -> Result<Option<Page<HeldItem>>, StoreError> {
        let Some(list) = self.held_list(source, fingerprint).await? else {
            return Ok(None);
        };
        let start = page.cursor.as_deref().map(str::parse::<usize>).transpose();
        let start = start.map_err(|_| no_cursor())?.unwrap_or(0);
        let limit = page.limit as usize;
        let remaining = list.remaining().cloned().enumerate().skip(start);
        let mut items = Vec::new();
        for (index, item) in remaining {
            if items.len() >= limit {
                let next = Some(index.to_string());
                return Ok(Some(Page { items, next }));
            }
            items.push(item);
        }
        Ok(Some(Page { items, next: None }))
    }

    async fn approve(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        author: &Author,
    ) -> Result<Decided, StoreError> {
        let act = "approve a held list";
        let approved =
            Expression::update("SET #state = :approved, #decided_by = :by, #decided_at = :at")
                .when("#state = :waiting AND #until > :now")
                .with(":approved", s(word(&HeldState::Approved)))
                .with(":waiting", s(word(&HeldState::Waiting)))
                .with(":by", s(author.by.as_str()))
                .with(":at", s(author.at.to_string()))
                .with(":now", n(author.at.as_millisecond()));
        let key = keys::held(source, fingerprint);
        let written = self.update(act, &self.tables.sync, &key, approved).await?;
        let header = match written {
            Written::Refused(header) => header,
            Written::Done => self.get(act, &self.tables.sync, &key).await?,
        };
        let Some(header) = header else {
            return Ok(Decided::NotFound);
        };
        let list = Box::new(self.with_items(source, &header).await?);
        Ok(match list.state {
            HeldState::Approved => Decided::Done(list),
            _ => Decided::NotWaiting(list),
        })
    }
}
