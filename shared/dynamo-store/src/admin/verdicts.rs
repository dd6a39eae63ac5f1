//! A person's word about a held list: the list in its new state and whoever is kept by it, in one
//! transaction.
//!
//! Where the kept sets are more than a transaction takes they are written before it, for keeping
//! harms nobody; if the word then comes too late they go again. Races considered:
//! - *A run releases items meanwhile:* released and excepted bits are two attributes, none waits
//!   for the other. Whoever was kept although they had come back is released by the next run.
//! - *A run lets the list expire, or holds it anew:* the word asks for the list as it was read,
//!   waiting and in its time; refused, it looks again.
//! - *Two people decide at once:* one word stands; the other finds it, and is told `Done` only if
//!   it was the same. Only a rejection ends another word: an approval that is not consumed.
//! - *A run goes by the approval that is rejected:* rejecting it asks in its own transaction that
//!   nobody holds the lease, and a hand-over counts as held. Whoever claimed before stands in its
//!   way, and is named. Whoever claims after reads the lists under the lease, and finds it rejected
//!   and everybody of it kept. A run that lost its lease between writes nothing, for each of its
//!   writes asks for the lease; so none that read the approval is left to go by it. A queued run
//!   has read nothing yet. What a run removed between our reading and our word, and then ended, is
//!   kept for nothing: it is gone, and runs leave it out.

mod words;

pub(super) use words::Word;
use words::{excepted, key_of};

use jiff::Timestamp;
use org_model::{Fingerprint, RunId, SourceId};
use org_plan::HeldItem;
use source_admin::ports::{Author, Decided};
use sync_run::ports::StoreError;
use sync_run::{HeldState, KeptSet, StoredHeldList};

use crate::DynamoStore;
use crate::held::{OldItems, bits_where};
use crate::kept::set_size;
use crate::lease::{LeaseItem, nobody_holds};
use crate::wire::Attributes;
use crate::wire::attributes::{b, n, optional_text, s, word};
use crate::wire::expression::Expression;
use crate::wire::keys::{self, Key};
use crate::wire::transact::{ACTIONS_MAX, Action, Transacted};

const DECIDE: &str = "decide about a held list";

/// Each further round means that a run, or somebody else, changed the list in between.
const DECIDE_ROUNDS_MAX: usize = 8;

/// A transaction takes 4 MB; the rest is for the list's header, of up to 400 KB, and conditions.
const SETS_MAX_BYTES: usize = 3_000_000;

/// Beside the sets: the list, the source that must not be cleared, and the lease.
const SETS_MAX: usize = ACTIONS_MAX - 3;

/// One word, made ready against the list as it was read.
struct Ready {
    list: Action,
    /// That nobody holds the lease, where an approval ends.
    lease: Option<Action>,
    sets: Vec<Action>,
    /// The list as it will stand.
    decided: StoredHeldList,
}

/// How one try to say it ended.
enum Said {
    Done,
    /// The list is not as it was read.
    Changed,
    /// This run may go by the approval that was to end.
    Live(RunId),
}

impl DynamoStore {
    pub(super) async fn decide_list(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        word: Word<'_>,
        author: &Author,
    ) -> Result<Decided, StoreError> {
        let mut written: Vec<Key> = Vec::new();
        for _round in 0..DECIDE_ROUNDS_MAX {
            let key = keys::held(source, fingerprint);
            let Some(header) = self.get(DECIDE, &self.tables.sync, &key).await? else {
                self.take_back(source, &written).await;
                return Ok(Decided::NotFound);
            };
            let list = self.with_items(source, &header).await?;
            if word.stands_in(&list, &header) {
                return Ok(Decided::Done(Box::new(list)));
            }
            if !word.is_in_time(&list, author.at) {
                self.take_back(source, &written).await;
                return Ok(Decided::NotWaiting(Box::new(list)));
            }
            let ready = self.ready(source, list, word, author).await?;
            match self.say(source, &ready, &mut written, author.at).await? {
                Said::Done => return self.done(ready.decided, &header).await,
                Said::Changed => {}
                Said::Live(run) => {
                    self.take_back(source, &written).await;
                    return Ok(Decided::RunLive(run));
                }
            }
        }
        self.take_back(source, &written).await;
        Err(StoreError::Conflict { act: DECIDE })
    }

    async fn ready(
        &self,
        source: &SourceId,
        mut list: StoredHeldList,
        word: Word<'_>,
        author: &Author,
    ) -> Result<Ready, StoreError> {
        let kept = word.kept(&list);
        let action = self.word_action(source, &list, word, &kept, author).await?;
        let ends_approval = list.state == HeldState::Approved;
        let lease = ends_approval.then(|| {
            let (table, key) = (self.tables.sync.clone(), keys::lease(source));
            Action::Check(table, key, nobody_holds(author.at))
        });
        let why = word.why(list.list.fingerprint);
        let mut sets = Vec::new();
        for set in KeptSet::split(&why, &author.by, author.at, &kept) {
            sets.extend(self.set_actions(source, &set)?);
        }
        list.state = word.state();
        list.decided_by = Some(author.by.clone());
        list.decided_at = Some(author.at);
        if let Word::Approve(_) = word {
            let excepted = kept.iter();
            list.released
                .extend(excepted.map(|item| (item.kind, item.internal_id.clone())));
        }
        Ok(Ready {
            list: action,
            lease,
            sets,
            decided: list,
        })
    }

    async fn word_action(
        &self,
        source: &SourceId,
        list: &StoredHeldList,
        said: Word<'_>,
        kept: &[HeldItem],
        author: &Author,
    ) -> Result<Action, StoreError> {
        let mut text = "SET #state = :state, #decided_by = :by, #decided_at = :at, \
                        #decided_ms = :now"
            .to_owned();
        let mut values = vec![(":state", s(word(&said.state())))];
        if let Some(exceptions) = said.exceptions() {
            text.push_str(", #exceptions = :exceptions, #excepted = :excepted");
            let kept = excepted(kept);
            let bits = bits_where(&list.list.items, |item| kept.contains(&key_of(item)));
            values.push((":exceptions", s(exceptions.to_string())));
            values.push((":excepted", b(bits)));
        }
        if said.state() == HeldState::Rejected {
            // No run looks at it any more: it expires like any log.
            text.push_str(", #expires_at = :expiry");
            let expiry = self.log_expiry(source, author.at).await?;
            values.push((":expiry", n(expiry)));
        }
        let as_read = match list.decided_at {
            Some(decided) => Expression::update(&text)
                .when(
                    "#state = :was AND #run = :run AND #decided_at = :decided \
                     AND attribute_not_exists(#consumed_by)",
                )
                .with(":decided", s(decided.to_string())),
            None => {
                Expression::update(&text).when("#state = :was AND #until > :now AND #run = :run")
            }
        };
        let change = as_read
            .with(":was", s(word(&list.state)))
            .with(":run", s(list.list.run.as_str()))
            .with(":by", s(author.by.as_str()))
            .with(":at", s(author.at.to_string()))
            .with(":now", n(author.at.as_millisecond()));
        let change = values
            .into_iter()
            .fold(change, |change, (name, value)| change.with(name, value));
        let key = keys::held(source, list.list.fingerprint);
        Ok(Action::Update(self.tables.sync.clone(), key, change))
    }

    async fn say(
        &self,
        source: &SourceId,
        ready: &Ready,
        written: &mut Vec<Key>,
        at: Timestamp,
    ) -> Result<Said, StoreError> {
        if ready.lease.is_some()
            && let Some(run) = self.live_run(source, at).await?
        {
            return Ok(Said::Live(run));
        }
        let mut actions = vec![ready.list.clone(), self.not_cleared(source)];
        actions.extend(ready.lease.clone());
        let bytes: usize = ready.sets.iter().map(set_size).sum();
        if ready.sets.len() <= SETS_MAX && bytes <= SETS_MAX_BYTES {
            actions.extend(ready.sets.iter().cloned());
        } else {
            for set in &ready.sets {
                self.keep_before(source, set).await?;
                written.extend(key_in(set));
            }
        }
        match self.transact(DECIDE, &actions).await? {
            Transacted::Done => Ok(Said::Done),
            Transacted::Cancelled(refusals) if refusals.get(1).is_some_and(Option::is_some) => {
                self.take_back(source, written).await;
                Err(StoreError::Conflict { act: DECIDE })
            }
            // Where a lease stood in the way, the next look names its run.
            Transacted::Cancelled(_) => Ok(Said::Changed),
        }
    }

    /// The run that holds the lease, or has handed it over.
    async fn live_run(
        &self,
        source: &SourceId,
        at: Timestamp,
    ) -> Result<Option<RunId>, StoreError> {
        let key = keys::lease(source);
        let found = self.get(DECIDE, &self.tables.sync, &key).await?;
        let lease = found
            .map(|item| LeaseItem::read(&item, DECIDE))
            .transpose()?;
        Ok(lease
            .filter(|lease| lease.is_live(at))
            .map(|lease| lease.run))
    }

    async fn keep_before(&self, source: &SourceId, set: &Action) -> Result<(), StoreError> {
        let actions = [self.not_cleared(source), set.clone()];
        match self.transact(DECIDE, &actions).await? {
            Transacted::Cancelled(refusals) if refusals.first().is_some_and(Option::is_some) => {
                Err(StoreError::Conflict { act: DECIDE })
            }
            // Cancelled otherwise: it is there, sent before.
            Transacted::Done | Transacted::Cancelled(_) => Ok(()),
        }
    }

    /// Sets that were written for a word that came too late. What stays for want of an answer
    /// keeps somebody longer than was said, and is shown among those who are kept.
    async fn take_back(&self, source: &SourceId, written: &[Key]) {
        let deleted = self.delete_all(DECIDE, &self.tables.sync, written).await;
        if let Err(error) = deleted {
            tracing::warn!(%source, %error, "sets of a decision that came too late stay");
        }
    }

    /// The items of a rejected list expire from now on.
    async fn done(
        &self,
        decided: StoredHeldList,
        header: &Attributes,
    ) -> Result<Decided, StoreError> {
        if decided.state == HeldState::Rejected {
            let source = &decided.list.source;
            let items = OldItems::of(&decided.list, header)?;
            let expiry = self.log_expiry(source, self.clock.now()).await?;
            self.let_expire(source, &[items], expiry).await;
        }
        Ok(Decided::Done(Box::new(decided)))
    }
}

fn key_in(set: &Action) -> Option<Key> {
    let Action::Put(_, item, _) = set else {
        return None;
    };
    let text = |name| optional_text(item, name).map(str::to_owned);
    Some(Key {
        pk: text("pk")?,
        sk: text("sk")?,
    })
}
