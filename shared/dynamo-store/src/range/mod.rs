//! The visible range that waits for a person's word: a header in the source's partition, and beside
//! it pages with what it differs in and whom it affects.
//!
//! Pages are written before the header that names them and mean nothing without it; their names
//! hold the generation, so that no zombie overwrites or sweeps what a later run names. Races
//! considered:
//! - *A person accepts while a run sees the range again:* the run replaces the header only while
//!   nobody accepted it; refused, it looks again and leaves list and acceptance as they are. Only
//!   an acceptance that it knew of, and that is of another range, does it overrule.
//! - *A person accepts while a run sees another range:* the acceptance asks for the fingerprint.
//! - *A reader holds a header whose pages are swept meanwhile:* it finds them missing, and reads
//!   the header again.

mod see;

use futures::StreamExt;
use jiff::Timestamp;
use org_model::{Fingerprint, Generation, RunId, SourceId};
use org_plan::HeldItem;
use sync_run::ports::StoreError;
use sync_run::{RangeAcceptance, StandingRange};

use crate::DynamoStore;
use crate::wire::Attributes;
use crate::wire::attributes::{bytes, from_word, number, optional_time, s, text, time};
use crate::wire::errors::unreadable;
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};
use crate::wire::packing::unpack;
use crate::wire::query::Search;

const READ: &str = "read the range that waits";

/// Affected items in one page, so that a list is shown without reading all of it. An item has some
/// 200 bytes, compressed to a quarter: 50 KB.
pub(crate) const ITEMS_PER_PAGE: usize = 1_000;

const PAGES_IN_FLIGHT: usize = 8;

/// How often a header is read again whose pages were swept meanwhile.
const READ_ROUNDS_MAX: usize = 4;

/// The header as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub fingerprint: Fingerprint,
    /// Who wrote the pages, and what they hold.
    generation: Generation,
    seen: Fingerprint,
    pages: u32,
    /// How many affected items the pages have.
    pub count: usize,
    run: RunId,
    seen_at: Timestamp,
    pub acceptance: Option<RangeAcceptance>,
}

impl Header {
    pub fn read(item: &Attributes) -> Result<Self, StoreError> {
        let fingerprint = |name| {
            let fingerprint = text(item, name, READ)?.parse();
            fingerprint.map_err(|_| unreadable(READ, "no fingerprint"))
        };
        let acceptance = match optional_time(item, "accepted_at", READ)? {
            None => None,
            Some(at) => Some(RangeAcceptance {
                people: from_word(item, "accepted_people", READ)?,
                by: text(item, "accepted_by", READ)?.to_owned(),
                at,
            }),
        };
        Ok(Self {
            fingerprint: fingerprint("fingerprint")?,
            generation: Generation(number(item, "gen", READ)?),
            seen: fingerprint("seen")?,
            pages: number(item, "pages", READ)?,
            count: number(item, "count", READ)?,
            run: RunId::new(text(item, "run", READ)?),
            seen_at: time(item, "seen_at", READ)?,
            acceptance,
        })
    }

    fn place(&self, source: &SourceId, part: &str) -> Key {
        keys::range_pages(source, self.generation, self.seen, part)
    }

    fn same_pages(&self, other: &Self) -> bool {
        (self.generation, self.seen) == (other.generation, other.seen)
    }
}

fn items_part(page: usize) -> String {
    format!("ITEMS#{page:05}")
}

impl DynamoStore {
    pub(crate) async fn range_header(
        &self,
        source: &SourceId,
    ) -> Result<Option<Header>, StoreError> {
        let key = keys::range(source);
        let found = self.get(READ, &self.tables.sync, &key).await?;
        found.as_ref().map(Header::read).transpose()
    }

    /// The range that stands, with what it differs in.
    pub(crate) async fn range_that_stands(
        &self,
        source: &SourceId,
    ) -> Result<Option<StandingRange>, StoreError> {
        let mut before: Option<Header> = None;
        for _round in 0..READ_ROUNDS_MAX {
            let Some(header) = self.range_header(source).await? else {
                return Ok(None);
            };
            let place = header.place(source, RANGE);
            let found = self.get_blob(READ, &place, header.pages).await?;
            if let Some(range) = found.into_iter().flatten().next() {
                return Ok(Some(told_by(range, header)));
            }
            if before.is_some_and(|before| before.same_pages(&header)) {
                break;
            }
            before = Some(header);
        }
        Err(unreadable(READ, "its pages are missing"))
    }

    /// `limit` of the affected items, from the `start`-th on, and how many there are. `None`:
    /// another range stands, or none.
    pub(crate) async fn affected_from(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        start: usize,
        limit: usize,
    ) -> Result<Option<(Vec<HeldItem>, usize)>, StoreError> {
        let mut before: Option<Header> = None;
        for _round in 0..READ_ROUNDS_MAX {
            let header = self.range_header(source).await?;
            let Some(header) = header.filter(|header| header.fingerprint == fingerprint) else {
                return Ok(None);
            };
            let end = start.saturating_add(limit).min(header.count);
            if let Some(items) = self.items_between(source, &header, start, end).await? {
                return Ok(Some((items, header.count)));
            }
            if before.is_some_and(|before| before.same_pages(&header)) {
                break;
            }
            before = Some(header);
        }
        Err(unreadable(READ, "pages of its items are missing"))
    }

    /// `None`: a page is not there (any more).
    async fn items_between(
        &self,
        source: &SourceId,
        header: &Header,
        start: usize,
        end: usize,
    ) -> Result<Option<Vec<HeldItem>>, StoreError> {
        let first = start / ITEMS_PER_PAGE;
        let pages: Vec<_> = (first..end.div_ceil(ITEMS_PER_PAGE))
            .map(|page| self.affected_page(header.place(source, &items_part(page))))
            .collect();
        let mut answers = futures::stream::iter(pages).buffered(PAGES_IN_FLIGHT);
        let mut items = Vec::new();
        while let Some(page) = answers.next().await {
            items.extend(page?);
        }
        let wanted = end.saturating_sub(start);
        let skipped = start - first * ITEMS_PER_PAGE;
        let items: Vec<_> = items.into_iter().skip(skipped).take(wanted).collect();
        Ok((items.len() == wanted).then_some(items))
    }

    /// One page of items, which may be several items of the table; empty if it is not there.
    async fn affected_page(&self, place: Key) -> Result<Vec<HeldItem>, StoreError> {
        let search = Search {
            table: self.tables.sync.clone(),
            expression: Expression::key("#pk = :pk AND begins_with(#sk, :prefix)")
                .with(":pk", s(place.pk))
                .with(":prefix", s(place.sk)),
            ..Search::default()
        };
        let mut packed = Vec::new();
        for item in self.search(READ, search).await? {
            packed.extend_from_slice(bytes(&item, "body", READ)?);
        }
        match packed.is_empty() {
            true => Ok(Vec::new()),
            false => unpack(READ, &packed),
        }
    }
}

/// What the difference consists of; beside it stand the pages of items.
const RANGE: &str = "RANGE";

/// The page tells what does not change from run to run, the header the rest.
fn told_by(range: StandingRange, header: Header) -> StandingRange {
    StandingRange {
        run: header.run,
        seen_at: header.seen_at,
        acceptance: header.acceptance,
        ..range
    }
}
