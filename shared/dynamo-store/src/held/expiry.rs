//! The items of a list that is over, or whose header made room for its successor's, expire like any
//! log. They get their date after the decision was written; a crash before leaves pages that
//! nobody reads.

use org_model::SourceId;
use org_plan::HeldList;
use sync_run::Decision;
use sync_run::ports::StoreError;

use super::{READ, is_final};
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
        Ok(Self {
            place: keys::held_items(&list.source, list.fingerprint, &list.run),
            pages: number(header, "pages", READ)?,
        })
    }
}

impl DynamoStore {
    pub(crate) async fn old_items(&self, decision: &Decision) -> Result<Vec<OldItems>, StoreError> {
        let replaced = decision.held.iter().map(|new| (&new.list, true));
        let over = decision.lists.iter().filter(|list| is_final(list));
        let over = over.map(|old| (&old.list, false));
        let mut old_items = Vec::new();
        for (list, is_new) in replaced.chain(over) {
            old_items.extend(self.items_before(list, is_new).await?);
        }
        Ok(old_items)
    }

    /// The pages that a list's header names now. A new list's own are not old.
    async fn items_before(
        &self,
        list: &HeldList,
        is_new: bool,
    ) -> Result<Option<OldItems>, StoreError> {
        let key = keys::held(&list.source, list.fingerprint);
        let Some(header) = self.get(READ, &self.tables.sync, &key).await? else {
            return Ok(None);
        };
        let run = optional_text(&header, "run").map(org_model::RunId::new);
        let Some(run) = run.filter(|run| !is_new || *run != list.run) else {
            return Ok(None);
        };
        Ok(Some(OldItems {
            place: keys::held_items(&list.source, list.fingerprint, &run),
            pages: number(&header, "pages", READ)?,
        }))
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
