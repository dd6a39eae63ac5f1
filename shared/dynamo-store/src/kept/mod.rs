//! Who is kept, and what was said about conflicts: what administrators decided and runs heed.
//!
//! One kept set is one item: who decided and why, its people packed, and beside them a string set
//! of those who were released, which is only ever added to. So a run and an administrator release
//! at once without a condition between them, and sending it twice is once. Sort keys begin with the
//! time of the decision (`KeptSet::split`), so that sets come in its order.
//!
//! Races considered:
//! - *The last two of a set are released at once, by a run and by an administrator:* neither sees
//!   that nobody is left. Whoever reads the sets next does, and lets that set expire.
//! - *A set is released that is gone by now:* its release asks that it is there, so that no stub of
//!   it appears.
//! - *A set is written twice, or late:* one that is there stays as it is, its releases too.
//! - *A later word about a userid comes while a run carries out the earlier one:* the run removes
//!   only the word that it read.

mod marks;
mod resolutions;

pub(crate) use marks::set_size;
#[cfg(test)]
pub(crate) use resolutions::resolution_of;

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use org_model::{InternalId, ItemKind, SourceId};
use sync_run::ports::{Decisions, StoreError};
use sync_run::{KeptRelease, KeptSet, StoredResolution};

use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{b, bytes, from_json, json, n, s, word};
use crate::wire::errors::unreadable;
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};
use crate::wire::packing::{PAGE_MAX_BYTES, pack, unpack};
use crate::wire::query::Search;
use crate::wire::transact::Action;

const READ: &str = "read who is kept";
const WRITE: &str = "write who is kept";

/// A set in which nobody is kept is told by nothing but itself: a week is enough to look at it.
const SPENT_SECONDS: i64 = 7 * 24 * 60 * 60;

type Released = BTreeSet<(ItemKind, InternalId)>;

impl DynamoStore {
    /// The writes of one set: more than one only if its people do not fit an item.
    pub(crate) fn set_actions(
        &self,
        source: &SourceId,
        set: &KeptSet,
    ) -> Result<Vec<Action>, StoreError> {
        let body = pack(WRITE, &set.items)?;
        if body.len() > PAGE_MAX_BYTES && set.items.len() > 1 {
            let (first, second) = set.items.split_at(set.items.len() / 2);
            let mut actions = self.set_actions(source, &part(set, "a", first))?;
            actions.extend(self.set_actions(source, &part(set, "b", second))?);
            return Ok(actions);
        }
        let header = KeptSet {
            items: Vec::new(),
            ..set.clone()
        };
        let mut item = keys::kept(source, &set.id).attributes();
        item.insert("set".to_owned(), json(&header));
        item.insert("body".to_owned(), b(body));
        let absent = Expression::condition("attribute_not_exists(#pk)");
        Ok(vec![Action::Put(self.tables.sync.clone(), item, absent)])
    }

    /// `None`: there is nobody to release.
    pub(crate) fn release_action(
        &self,
        source: &SourceId,
        release: &KeptRelease,
    ) -> Option<Action> {
        let tokens: Vec<String> = release.items.iter().map(token).collect();
        if tokens.is_empty() {
            return None;
        }
        let added = Expression::update("ADD #released :released")
            .when("attribute_exists(#pk)")
            .with(":released", AttributeValue::Ss(tokens));
        let key = keys::kept(source, &release.set);
        Some(Action::Update(self.tables.sync.clone(), key, added))
    }

    pub(crate) fn kept_search(&self, source: &SourceId) -> Search {
        Search {
            table: self.tables.sync.clone(),
            expression: Expression::key("#pk = :pk AND begins_with(#sk, :prefix)")
                .with(":pk", s(keys::source_partition(source)))
                .with(":prefix", s(keys::KEPT)),
            ..Search::default()
        }
    }

    /// The sets in which somebody is kept, oldest first. Those that are spent get their date.
    pub(crate) async fn kept_sets(&self, source: &SourceId) -> Result<Vec<KeptSet>, StoreError> {
        let (mut sets, mut spent) = (Vec::new(), Vec::new());
        self.search_each(READ, self.kept_search(source), |item| {
            let set = set_of(&item)?;
            if set.remaining().next().is_some() {
                sets.push(set);
            } else if !item.contains_key("expires_at") {
                spent.push(keys::kept(source, &set.id));
            }
            Ok(())
        })
        .await?;
        sets.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
        for key in &spent {
            if let Err(error) = self.let_set_expire(key).await {
                tracing::warn!(%source, %error, "a set in which nobody is kept stays");
            }
        }
        Ok(sets)
    }

    /// Nobody comes back into a set: what is spent once is spent.
    async fn let_set_expire(&self, key: &Key) -> Result<(), StoreError> {
        let expiry = self.clock.now().as_second() + SPENT_SECONDS;
        let dated = Expression::update("SET #expires_at = :expiry")
            .when("attribute_exists(#pk)")
            .with(":expiry", n(expiry));
        let act = "let a kept set expire";
        let _dated_or_gone = self.update(act, &self.tables.sync, key, dated).await?;
        Ok(())
    }
}

fn part(set: &KeptSet, name: &str, items: &[org_plan::HeldItem]) -> KeptSet {
    KeptSet {
        id: format!("{}{name}", set.id),
        items: items.to_vec(),
        ..set.clone()
    }
}

pub(crate) fn set_of(item: &Attributes) -> Result<KeptSet, StoreError> {
    let mut set: KeptSet = from_json(item, "set", READ)?;
    set.items = unpack(READ, bytes(item, "body", READ)?)?;
    set.released = released_in(item)?;
    Ok(set)
}

fn released_in(item: &Attributes) -> Result<Released, StoreError> {
    let no_tokens = || unreadable(READ, "released is of another type");
    let Some(released) = item.get("released") else {
        return Ok(Released::new());
    };
    let tokens = released.as_ss().map_err(|_| no_tokens())?;
    let released = tokens.iter().map(|token| {
        let (kind, id) = token.split_once(':').ok_or_else(no_tokens)?;
        let kind = serde_json::from_value(kind.into()).map_err(|_| no_tokens())?;
        Ok((kind, InternalId::new(id)))
    });
    released.collect()
}

/// `user:01890a5d-…`.
fn token((kind, internal_id): &(ItemKind, InternalId)) -> String {
    format!("{}:{internal_id}", word(kind))
}

#[async_trait]
impl Decisions for DynamoStore {
    async fn kept(&self, source: &SourceId) -> Result<Vec<KeptSet>, StoreError> {
        self.kept_sets(source).await
    }

    async fn resolutions(&self, source: &SourceId) -> Result<Vec<StoredResolution>, StoreError> {
        self.all_resolutions(source).await
    }
}
