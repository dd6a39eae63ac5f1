//! What a run does with the range that it saw.

use async_trait::async_trait;
use jiff::Timestamp;
use org_model::{Fingerprint, RunId, SourceId};
use org_plan::HeldItem;
use sync_run::ports::{Ranges, StoreError};
use sync_run::{RunLease, StandingRange};

use super::{Header, ITEMS_PER_PAGE, RANGE, items_part};
use crate::DynamoStore;
use crate::wire::attributes::{n, s, text};
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};
use crate::wire::query::Search;
use crate::wire::transact::{Action, Refusal, Transacted};

const SEE: &str = "remember a range";
const SETTLE: &str = "settle a range";

/// Each further round means that a person accepted the range in between.
const SEE_ROUNDS_MAX: usize = 4;

/// What stays the same from run to run: it is written once.
fn plain(seen: &StandingRange) -> StandingRange {
    StandingRange {
        run: RunId::new(""),
        seen_at: Timestamp::UNIX_EPOCH,
        acceptance: None,
        ..seen.clone()
    }
}

/// The same pages, seen again by a later run. What a person accepted meanwhile stays as it is.
fn seen_again(seen: &StandingRange, header: &Header) -> Expression {
    let again = Expression::update("SET #run = :run, #seen_at = :at")
        .with(":run", s(seen.run.as_str()))
        .with(":at", s(seen.seen_at.to_string()));
    let same = "#gen = :gen AND #seen = :seen AND attribute_not_exists(#accepted_at)";
    again
        .when(same)
        .with(":gen", n(header.generation))
        .with(":seen", s(header.seen.to_string()))
}

impl DynamoStore {
    /// A header that names new pages, unless somebody accepted what stands there.
    fn new_header(
        &self,
        seen: &StandingRange,
        header: &Header,
        source: &SourceId,
        overruled: Option<Fingerprint>,
    ) -> Action {
        let mut item = keys::range(source).attributes();
        let fingerprint = s(seen.fingerprint.to_string());
        item.insert("fingerprint".to_owned(), fingerprint);
        item.insert("gen".to_owned(), n(header.generation));
        item.insert("seen".to_owned(), s(header.seen.to_string()));
        item.insert("pages".to_owned(), n(header.pages));
        item.insert("count".to_owned(), n(header.count));
        item.insert("run".to_owned(), s(seen.run.as_str()));
        item.insert("seen_at".to_owned(), s(seen.seen_at.to_string()));
        let condition = match overruled {
            None => Expression::condition("attribute_not_exists(#accepted_at)"),
            Some(overruled) => Expression::condition(
                "attribute_not_exists(#accepted_at) OR #fingerprint = :overruled",
            )
            .with(":overruled", s(overruled.to_string())),
        };
        Action::Put(self.tables.sync.clone(), item, condition)
    }

    /// Writes the pages of a range, and says how a header will name them.
    async fn put_range_pages(
        &self,
        lease: &RunLease,
        range: &StandingRange,
        content: Fingerprint,
        affected: &[HeldItem],
    ) -> Result<Header, StoreError> {
        let mut header = Header {
            fingerprint: range.fingerprint,
            generation: lease.generation(),
            seen: content,
            pages: 0,
            count: affected.len(),
            run: range.run.clone(),
            seen_at: range.seen_at,
            acceptance: None,
        };
        for (page, items) in affected.chunks(ITEMS_PER_PAGE).enumerate() {
            let place = header.place(lease.source(), &items_part(page));
            self.put_blob(SEE, &place, items, lease.generation())
                .await?;
        }
        let place = header.place(lease.source(), RANGE);
        let range = std::slice::from_ref(range);
        header.pages = self
            .put_blob(SEE, &place, range, lease.generation())
            .await?;
        Ok(header)
    }

    /// Sweeps the pages that no header names, of this generation and those before. What stays for
    /// want of an answer is swept with the next change.
    async fn sweep_ranges(&self, lease: &RunLease, named: Option<Fingerprint>) {
        if let Err(error) = self.sweep_range_pages(lease, named).await {
            let source = lease.source();
            tracing::warn!(%source, %error, "pages of an old range stay until the next change");
        }
    }

    async fn sweep_range_pages(
        &self,
        lease: &RunLease,
        named: Option<Fingerprint>,
    ) -> Result<(), StoreError> {
        let act = "sweep the pages of an old range";
        let pk = keys::range_partition(lease.source());
        let stays = named.map(|seen| keys::range_place(lease.generation(), seen));
        let search = Search {
            table: self.tables.sync.clone(),
            // Keys sort as generations do.
            expression: Expression::key("#pk = :pk AND #sk < :later")
                .with(":pk", s(pk.as_str()))
                .with(":later", s(keys::ranges_after(lease.generation()))),
            keys_only: true,
            ..Search::default()
        };
        let mut old = Vec::new();
        for item in self.search(act, search).await? {
            let sk = text(&item, "sk", act)?.to_owned();
            if stays.as_ref().is_none_or(|stays| !sk.starts_with(stays)) {
                old.push(Key { pk: pk.clone(), sk });
            }
        }
        self.delete_all(act, &self.tables.sync, &old).await
    }

    /// One try; `false`: somebody accepted it, or changed the header, in between.
    async fn see_once(
        &self,
        lease: &RunLease,
        seen: &StandingRange,
        affected: &[HeldItem],
        overruled: Option<Fingerprint>,
    ) -> Result<bool, StoreError> {
        let source = lease.source();
        let range = plain(seen);
        let content = Fingerprint::of(&(&range, affected));
        let stands = self.range_header(source).await?;
        let stands = stands.filter(|header| Some(header.fingerprint) != overruled);
        let mut named = None;
        let change = match stands {
            // What was accepted stays as it was shown.
            Some(header) if header.acceptance.is_some() => Action::Check(
                self.tables.sync.clone(),
                keys::range(source),
                Expression::condition("#fingerprint = :fingerprint")
                    .with(":fingerprint", s(header.fingerprint.to_string())),
            ),
            Some(header) if header.seen == content => Action::Update(
                self.tables.sync.clone(),
                keys::range(source),
                seen_again(seen, &header),
            ),
            _ => {
                let header = self
                    .put_range_pages(lease, &range, content, affected)
                    .await?;
                named = Some(header.seen);
                self.new_header(seen, &header, source, overruled)
            }
        };
        let actions = [self.lease_check(lease), change];
        let landed = match self.transact(SEE, &actions).await? {
            Transacted::Done => true,
            Transacted::Cancelled(refusals) if refusals.first().is_some_and(Option::is_some) => {
                return Err(StoreError::LeaseLost { act: SEE });
            }
            Transacted::Cancelled(_) => false,
        };
        if landed && named.is_some() {
            self.sweep_ranges(lease, named).await;
        }
        Ok(landed)
    }
}

#[async_trait]
impl Ranges for DynamoStore {
    async fn standing(&self, source: &SourceId) -> Result<Option<StandingRange>, StoreError> {
        self.range_that_stands(source).await
    }

    async fn affected(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
    ) -> Result<Vec<HeldItem>, StoreError> {
        let found = self
            .affected_from(source, fingerprint, 0, usize::MAX)
            .await?;
        Ok(found.map(|(items, _)| items).unwrap_or_default())
    }

    async fn see(
        &self,
        lease: &RunLease,
        seen: &StandingRange,
        affected: &[HeldItem],
        overruled: Option<Fingerprint>,
    ) -> Result<(), StoreError> {
        for _round in 0..SEE_ROUNDS_MAX {
            if self.see_once(lease, seen, affected, overruled).await? {
                return Ok(());
            }
        }
        Err(StoreError::Conflict { act: SEE })
    }

    async fn settle(&self, lease: &RunLease, fingerprint: Fingerprint) -> Result<(), StoreError> {
        let this = Expression::condition("#fingerprint = :fingerprint")
            .with(":fingerprint", s(fingerprint.to_string()));
        let key = keys::range(lease.source());
        let actions = [
            self.lease_check(lease),
            Action::Delete(self.tables.sync.clone(), key, this),
        ];
        if let Transacted::Cancelled(refusals) = self.transact(SETTLE, &actions).await? {
            if refusals.first().is_some_and(Option::is_some) {
                return Err(StoreError::LeaseLost { act: SETTLE });
            }
            if let Some(Some(Refusal::Condition(Some(_)))) = refusals.get(1) {
                // Another range stands: nothing of it is over.
                return Ok(());
            }
        }
        self.sweep_ranges(lease, None).await;
        Ok(())
    }
}
