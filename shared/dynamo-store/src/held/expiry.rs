//! The items of a list that is over, or whose header made room for its successor's, expire like any
//! log. They get their date after the decision was written; a crash before leaves pages that
//! nobody reads.

use std::collections::BTreeMap;

use org_model::{Fingerprint, RunId, SourceId};
use org_plan::HeldList;
use sync_run::ports::StoreError;
use sync_run::{Decision, HeldState, StoredHeldList};

use super::{READ, is_final, list_of};
use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{n, number, optional_text};
use crate::wire::blob::page_key;
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};

/// Pages that a decision makes superfluous.
#[derive(Debug)]
pub(crate) struct OldItems {
    place: Key,
    pages: u32,
}

impl OldItems {
    /// The pages that the header of this list names.
    pub fn of(list: &HeldList, header: &Attributes) -> Result<Self, StoreError> {
        Self::under(list, &list.run, header)
    }

    fn under(list: &HeldList, run: &RunId, header: &Attributes) -> Result<Self, StoreError> {
        Ok(Self {
            place: keys::held_items(&list.source, list.fingerprint, run),
            pages: number(header, "pages", READ)?,
        })
    }
}

/// The headers that a decision replaces, and those of the lists that it ends, as they stand before
/// it.
#[derive(Debug)]
pub(crate) struct HeadersBefore(BTreeMap<Fingerprint, Attributes>);

impl HeadersBefore {
    /// Whether the conditions of `old_list_action` would let all of these lists end: looked at
    /// before anything is written, since they need not all be in one transaction.
    pub fn are_as_seen(&self, decision: &Decision) -> bool {
        let mut over = decision.lists.iter().filter(|list| is_final(list));
        over.all(|list| {
            let header = self.0.get(&list.list.fingerprint);
            header.is_some_and(|header| is_as_seen(list, header))
        })
    }

    /// The pages that nobody reads once the decision is written.
    pub fn old_items(&self, decision: &Decision) -> Result<Vec<OldItems>, StoreError> {
        let replaced = decision.held.iter().map(|new| (&new.list, true));
        let over = decision.lists.iter().filter(|list| is_final(list));
        let over = over.map(|old| (&old.list, false));
        let mut old_items = Vec::new();
        for (list, is_new) in replaced.chain(over) {
            old_items.extend(self.items_before(list, is_new)?);
        }
        Ok(old_items)
    }

    /// The pages that a list's header named. A new list's own are not old.
    fn items_before(&self, list: &HeldList, is_new: bool) -> Result<Option<OldItems>, StoreError> {
        let Some(header) = self.0.get(&list.fingerprint) else {
            return Ok(None);
        };
        let run = optional_text(header, "run").map(RunId::new);
        let Some(run) = run.filter(|run| !is_new || *run != list.run) else {
            return Ok(None);
        };
        OldItems::under(list, &run, header).map(Some)
    }
}

fn is_as_seen(list: &StoredHeldList, header: &Attributes) -> bool {
    let stands = |name| optional_text(header, name);
    let decided_at = list.decided_at.map(|at| at.to_string());
    let ends_a_word = list.state == HeldState::Expired || list.decided_at.is_some();
    let run = list.consumed_by.as_ref().map(RunId::as_str);
    let consumed_by = stands("consumed_by").filter(|_| run.is_some());
    (!ends_a_word || stands("decided_at") == decided_at.as_deref())
        && (consumed_by.is_none() || consumed_by == run)
}

impl DynamoStore {
    pub(crate) async fn headers_before(
        &self,
        decision: &Decision,
    ) -> Result<HeadersBefore, StoreError> {
        let new = decision.held.iter();
        let over = decision.lists.iter().filter(|list| is_final(list));
        let lists = new.chain(over).map(|stored| &stored.list);
        let keys: BTreeMap<Fingerprint, Key> = lists
            .map(|list| (list.fingerprint, keys::held(&list.source, list.fingerprint)))
            .collect();
        let wanted: Vec<Key> = keys.values().cloned().collect();
        let found = self.get_all(READ, &self.tables.sync, &wanted).await?;
        let mut headers = BTreeMap::new();
        for header in found {
            let fingerprint = list_of(&header)?.list.fingerprint;
            headers.insert(fingerprint, header);
        }
        Ok(HeadersBefore(headers))
    }

    pub(crate) async fn let_expire(&self, source: &SourceId, old: &[OldItems], expiry: i64) {
        for items in old {
            if let Err(error) = self.date_pages(items, expiry).await {
                tracing::warn!(%source, %error, "items of an old held list stay");
            }
        }
    }

    async fn date_pages(&self, items: &OldItems, expiry: i64) -> Result<(), StoreError> {
        let act = "let an old held list expire";
        for page in 0..items.pages {
            let change = Expression::update("SET #expires_at = :expiry")
                .when("attribute_exists(#pk)")
                .with(":expiry", n(expiry));
            let key = page_key(&items.place, page);
            let _dated_or_gone = self.update(act, &self.tables.sync, &key, change).await?;
        }
        Ok(())
    }
}
