//! An administrator's part of clearing a source: its beginning, and what follows outside the store.
//! How it stands in the table, and the races, are told in clearing/mod.rs.

use async_trait::async_trait;
use org_model::{RunId, SourceId};
use source_admin::ports::{
    Author, ClearStart, Clearings, HistoryAction, HistoryEntry, SourceStanding, Unsettled,
};
use sync_run::Clearance;
use sync_run::ports::StoreError;

use crate::DynamoStore;
use crate::clearing::{CLEARING, STANDING, clearance_of, has_settings, is_vacant};
use crate::lease::{LeaseItem, still_free};
use crate::sources::unsettled_of;
use crate::wire::Attributes;
use crate::wire::attributes::{json, n, no, optional_text, s, text, yes};
use crate::wire::calls::Written;
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};
use crate::wire::transact::{Action, Refusal, Transacted};

const BEGIN: &str = "begin to clear a source";
const READ: &str = "read how a source stands";
const SETTLE: &str = "write down what is left to clear outside";
const REMOVE: &str = "ask that a cleared source goes";

/// Each further round means that a run was queued, claimed or ended in between.
const BEGIN_ROUNDS_MAX: usize = 8;

/// What a clearance looks at before it begins.
#[derive(Debug, Default)]
struct Before {
    settings: Option<Attributes>,
    lease: Option<LeaseItem>,
    /// The run that was queued last.
    queued: Option<String>,
}

/// What is asked of [`Clearings::begin_clearing`].
struct Asked<'a> {
    source: &'a SourceId,
    version: u64,
    remove: bool,
    unsettled: &'a Unsettled,
    author: &'a Author,
}

fn yes_or_no(flag: bool) -> aws_sdk_dynamodb::types::AttributeValue {
    if flag { yes() } else { no() }
}

impl Asked<'_> {
    fn clearance(&self) -> Clearance {
        Clearance {
            source: self.source.clone(),
            remove: self.remove,
            by: self.author.by.clone(),
            at: self.author.at,
            outside_done: self.unsettled.is_empty(),
        }
    }

    /// The clearance that stands is this very one, sent before.
    fn begun(&self, settings: &Attributes) -> Result<Option<Clearance>, StoreError> {
        let stands = clearance_of(self.source, settings)?;
        let own = (self.author.at, &self.author.by);
        Ok(stands.filter(|stands| (stands.at, &stands.by) == own && !is_vacant(settings)))
    }

    fn has_version(&self, settings: &Attributes) -> bool {
        has_settings(settings) && settings.get("version") == Some(&n(self.version))
    }

    /// The settings go; version and retention stay.
    fn change(&self) -> Expression {
        let clearance = self.clearance();
        Expression::update(
            "SET #clearing_at = :at, #clearing_by = :by, #remove = :remove, \
             #outside_done = :done, #unsettled = :unsettled \
             REMOVE #settings, #secret_arn, #secret_version, \
             #created_at, #updated_at, #updated_by",
        )
        .when("#version = :version AND attribute_exists(#settings)")
        .with(":at", s(clearance.at.to_string()))
        .with(":by", s(clearance.by))
        .with(":remove", yes_or_no(clearance.remove))
        .with(":done", yes_or_no(clearance.outside_done))
        .with(":unsettled", json(self.unsettled))
        .with(":version", n(self.version))
    }
}

impl DynamoStore {
    async fn before_clearing(&self, source: &SourceId) -> Result<Before, StoreError> {
        let wanted = [
            keys::settings(source),
            keys::lease(source),
            keys::queue(source),
        ];
        let mut before = Before::default();
        for item in self.get_all(BEGIN, &self.tables.sync, &wanted).await? {
            match text(&item, "sk", BEGIN)? {
                sk if sk == wanted[0].sk => before.settings = Some(item),
                sk if sk == wanted[1].sk => before.lease = Some(LeaseItem::read(&item, BEGIN)?),
                _ => before.queued = Some(text(&item, "run", BEGIN)?.to_owned()),
            }
        }
        Ok(before)
    }

    /// The run that is live, or will be at any time.
    async fn run_in_the_way(
        &self,
        asked: &Asked<'_>,
        before: &Before,
    ) -> Result<Option<RunId>, StoreError> {
        let lease = before.lease.as_ref();
        if let Some(lease) = lease.filter(|lease| lease.is_live(asked.author.at)) {
            return Ok(Some(lease.run.clone()));
        }
        self.waiting_run(asked.source, asked.author.at, None).await
    }

    fn begin_actions(&self, asked: &Asked<'_>, before: &Before) -> Result<Vec<Action>, StoreError> {
        let (table, source) = (&self.tables.sync, asked.source);
        let queue = match &before.queued {
            None => Expression::condition("attribute_not_exists(#pk)"),
            Some(run) => Expression::condition("#run = :run").with(":run", s(run.as_str())),
        };
        let lease = still_free(before.lease.as_ref(), asked.author.at);
        let entry = HistoryEntry {
            at: asked.author.at,
            by: asked.author.by.clone(),
            action: HistoryAction::Replaced,
            version: None,
            changes: Vec::new(),
        };
        Ok(vec![
            Action::Update(table.clone(), keys::settings(source), asked.change()),
            Action::Check(table.clone(), keys::lease(source), lease),
            Action::Check(table.clone(), keys::queue(source), queue),
            self.standing_entry(source, CLEARING),
            self.history_action(source, &entry)?,
        ])
    }

    fn standing_entry(&self, source: &SourceId, standing: &str) -> Action {
        let mut entry = keys::source_entry(source).attributes();
        entry.insert(STANDING.to_owned(), s(standing));
        Action::Put(self.tables.sync.clone(), entry, Expression::default())
    }

    /// One try; `None`: something changed in between.
    async fn begin_once(&self, asked: &Asked<'_>) -> Result<Option<ClearStart>, StoreError> {
        let before = self.before_clearing(asked.source).await?;
        let Some(settings) = &before.settings else {
            return Ok(Some(ClearStart::Stale));
        };
        if let Some(begun) = asked.begun(settings)? {
            return Ok(Some(ClearStart::Begun(begun)));
        }
        if !asked.has_version(settings) {
            return Ok(Some(ClearStart::Stale));
        }
        if let Some(run) = self.run_in_the_way(asked, &before).await? {
            return Ok(Some(ClearStart::RunLive(run)));
        }
        let actions = self.begin_actions(asked, &before)?;
        Ok(match self.transact(BEGIN, &actions).await? {
            Transacted::Done => Some(ClearStart::Begun(asked.clearance())),
            Transacted::Cancelled(_) => None,
        })
    }
}

#[async_trait]
impl Clearings for DynamoStore {
    async fn standing_of(&self, source: &SourceId) -> Result<SourceStanding, StoreError> {
        let Some(item) = self.settings_item(READ, source).await? else {
            return Ok(SourceStanding::Unknown);
        };
        Ok(match clearance_of(source, &item)? {
            None => SourceStanding::Settled,
            Some(clearance) if is_vacant(&item) => SourceStanding::Vacant(clearance),
            Some(clearance) => SourceStanding::Clearing(clearance),
        })
    }

    async fn cleared_sources(&self) -> Result<Vec<Clearance>, StoreError> {
        let entries = self.entries(READ, keys::SOURCES).await?;
        let mut sources = Vec::new();
        for entry in &entries {
            if optional_text(entry, STANDING).is_some() {
                sources.push(SourceId::new(text(entry, "sk", READ)?));
            }
        }
        let wanted: Vec<Key> = sources.iter().map(keys::settings).collect();
        let found = self.get_all(READ, &self.tables.sync, &wanted).await?;
        let mut cleared = Vec::new();
        for (source, key) in sources.iter().zip(&wanted) {
            let is_its_own = |item: &&Attributes| optional_text(item, "pk") == Some(&key.pk);
            if let Some(item) = found.iter().find(is_its_own) {
                cleared.extend(clearance_of(source, item)?);
            }
        }
        Ok(cleared)
    }

    async fn begin_clearing(
        &self,
        source: &SourceId,
        version: u64,
        remove: bool,
        unsettled: &Unsettled,
        author: &Author,
    ) -> Result<ClearStart, StoreError> {
        let asked = Asked {
            source,
            version,
            remove,
            unsettled,
            author,
        };
        for _round in 0..BEGIN_ROUNDS_MAX {
            if let Some(started) = self.begin_once(&asked).await? {
                return Ok(started);
            }
        }
        Err(StoreError::Conflict { act: BEGIN })
    }

    async fn clearing_unsettled(&self, source: &SourceId) -> Result<Option<Unsettled>, StoreError> {
        let item = self.settings_item(READ, source).await?;
        let item = item.filter(|item| !has_settings(item) && !is_vacant(item));
        item.map(|item| unsettled_of(&item, READ)).transpose()
    }

    async fn settle_clearing(&self, source: &SourceId, left: &Unsettled) -> Result<(), StoreError> {
        let settled = Expression::update("SET #unsettled = :left, #outside_done = :done")
            .when("attribute_exists(#clearing_at) AND #outside_done = :not_done")
            .with(":left", json(left))
            .with(":done", yes_or_no(left.is_empty()))
            .with(":not_done", no());
        let key = keys::settings(source);
        // Refused: no clearance stands, or somebody else did all of it.
        let _either: Written = self
            .update(SETTLE, &self.tables.sync, &key, settled)
            .await?;
        Ok(())
    }

    async fn remove_cleared(&self, source: &SourceId) -> Result<(), StoreError> {
        let strengthened = Expression::update("SET #remove = :yes REMOVE #cleared_at")
            .when("attribute_exists(#clearing_at)")
            .with(":yes", yes());
        let table = self.tables.sync.clone();
        let actions = [
            Action::Update(table, keys::settings(source), strengthened),
            self.standing_entry(source, CLEARING),
        ];
        let refusals = match self.transact(REMOVE, &actions).await? {
            Transacted::Done => return Ok(()),
            Transacted::Cancelled(refusals) => refusals,
        };
        match refusals.into_iter().next().flatten() {
            // Gone already.
            Some(Refusal::Condition(None)) => Ok(()),
            // Somebody put it anew.
            _ => Err(StoreError::Conflict { act: REMOVE }),
        }
    }
}
