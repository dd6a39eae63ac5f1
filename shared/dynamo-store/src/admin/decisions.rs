//! Held lists as administrators look at them; what they say about one stands in verdicts.rs.

use std::cmp::Reverse;

use async_trait::async_trait;
use org_model::{Fingerprint, SourceId};
use org_plan::HeldItem;
use source_admin::ports::{
    Author, Decided, HELD_LISTS_MAX, HeldDecisions, HeldHeader, Page, PageRequest,
};
use sync_run::StoredHeldList;
use sync_run::ports::StoreError;

use super::cursor::no_cursor;
use super::verdicts::Word;
use crate::DynamoStore;
use crate::held::{is_final, list_of, remaining_of};

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
        except: &[HeldItem],
        author: &Author,
    ) -> Result<Decided, StoreError> {
        let word = Word::Approve(except);
        self.decide_list(source, fingerprint, word, author).await
    }

    async fn reject(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        author: &Author,
    ) -> Result<Decided, StoreError> {
        self.decide_list(source, fingerprint, Word::Reject, author)
            .await
    }
}
