//! Step 9: the decision is durable before anything of it is applied.

use std::collections::BTreeSet;

use org_plan::{DecidedRemoval, HeldItem, HeldList, TrippedRule};

use crate::book::Book;
use crate::judge::Judged;
use crate::notices::{About, Places};
use crate::ports::Step;
use crate::trouble::Trouble;
use crate::{Decision, HeldState, StoredHeldList, notices, rolling_day};

/// Writes verdict, held lists, removals and notices as one decision. A run that would change
/// nothing, and whose standing lists stay as they are, has nothing to decide.
pub(crate) async fn decide(book: &mut Book<'_>, judged: &Judged) -> Result<(), Trouble> {
    book.ports.progress.step(Step::Decide);
    let held = new_lists(book, judged);
    notice_decision(book, judged, &held).await;
    let verdict = &judged.verdict;
    let mut lists =
        judged
            .lists
            .after_sight(&verdict.released, &verdict.detaching, book.lease.run());
    // A list whose items are held anew has the fingerprint of its successor: the new one counts.
    lists.retain(|list| {
        held.iter()
            .all(|new| new.list.fingerprint != list.list.fingerprint)
    });
    let kept_released = judged.lists.kept.releases(&verdict.kept_released);
    let removals = removals(book, judged);
    let nothing_changes = verdict.permitted.changes().len() == 0 && removals.is_empty();
    let nobody_is_released = lists.is_empty() && kept_released.is_empty();
    if nothing_changes && held.is_empty() && nobody_is_released && book.outbox.is_empty() {
        return Ok(());
    }
    // From the first write on it is this corp's mirror, however the run ends (story 23).
    book.state.has_mirror |= !nothing_changes;
    let decision = Decision {
        held,
        lists,
        kept_released,
        outbox: book.outbox.clone(),
        ..nothing_but(book, removals.clone())
    };
    book.ports.runs.decide(book.lease, &decision).await?;
    // Durable now; had it failed, they would be closed with the record.
    book.outbox.clear();
    book.decided = Some(removals);
    Ok(())
}

/// What people are told of this decision: part of the same transaction.
async fn notice_decision(book: &mut Book<'_>, judged: &Judged, held: &[StoredHeldList]) {
    for list in held {
        let places = places(book, judged, &list.list).await;
        let notice = notices::held(&About::of(book), &list.list, &places);
        book.notice_now(&format!("held:{}", list.list.fingerprint), notice);
    }
    let verdict = &judged.verdict;
    book.record.cleared.extend(verdict.cleared.iter().cloned());
    notice_clearings(book, &verdict.tripped);
    let keeps_values = verdict.permitted.changes().any(|change| {
        let note = change.note.as_ref();
        note.is_some_and(|note| note.code == "values_kept")
    });
    notices::mapping(book, &judged.findings, keeps_values);
}

/// One notice, however many attributes the guard kept: a hundred of them were a hundred messages.
fn notice_clearings(book: &mut Book<'_>, tripped: &[TrippedRule]) {
    let mut kept_back = Vec::new();
    for rule in tripped {
        if let Some(attribute) = rule.attribute.clone() {
            book.record.kept_back.insert(attribute, rule.deletions);
            kept_back.push(rule);
        }
    }
    if !kept_back.is_empty() {
        let cause = notices::clearings_cause(&kept_back);
        let notice = notices::clearings(&About::of(book), &kept_back);
        book.notice(&cause, notice);
    }
}

/// What this run may remove: once for all its segments.
fn removals(book: &mut Book<'_>, judged: &Judged) -> Vec<DecidedRemoval> {
    if let Some(decided) = book.decided.clone().filter(|_| book.is_continuation()) {
        return decided;
    }
    let removals = judged.verdict.decided();
    rolling_day::remember(book, &removals, judged.verdict.base);
    removals
}

/// A decision over these removals that changes nothing else.
pub(crate) fn nothing_but(book: &Book<'_>, removals: Vec<DecidedRemoval>) -> Decision {
    Decision {
        record: book.record.clone(),
        held: Vec::new(),
        lists: Vec::new(),
        removals,
        kept: Vec::new(),
        kept_released: Vec::new(),
        resolved: Vec::new(),
        outbox: Vec::new(),
        state: book.state.clone(),
    }
}

/// The departments that a list concerns most, with their names: from this reading, or, for those
/// that it does not show, from the mirror.
async fn places(book: &Book<'_>, judged: &Judged, list: &HeldList) -> Places {
    let tree = judged.snapshot.tree();
    let known = |id| tree.get(id).map(|department| department.name.clone());
    let places = Places::of(&list.items, known);
    let mirror = book.ports.mirror.as_ref();
    places.named(mirror, book.lease.source()).await
}

/// After the writes: what was removed of an approved list is settled, who was detached or joined
/// with another waits in no list any more, and what an administrator said about two records was
/// carried out. Not before, so that a run that dies on the way leaves the word standing for what it
/// did not reach. `is_all`: everything of the plan was written.
pub(crate) async fn settle(
    book: &mut Book<'_>,
    judged: &Judged,
    is_all: bool,
) -> Result<(), Trouble> {
    let verdict = &judged.verdict;
    let is_done = |item: &&HeldItem| {
        let id = (item.kind, item.internal_id.clone());
        book.removed.contains(&id)
    };
    let removed: BTreeSet<&HeldItem> = verdict.consumed.iter().filter(is_done).collect();
    let detached: BTreeSet<&HeldItem> = verdict.detaching.iter().filter(is_done).collect();
    let lists =
        judged
            .lists
            .after_removal(&verdict.released, &detached, &removed, book.lease.run());
    let resolved = match is_all {
        true => judged.words.spent(&book.carried_out),
        false => book.carried_out.iter().cloned().collect(),
    };
    if lists.is_empty() && resolved.is_empty() {
        return Ok(());
    }
    let decided = book.decided.clone().unwrap_or_default();
    let decision = Decision {
        lists,
        resolved,
        ..nothing_but(book, decided)
    };
    Ok(book.ports.runs.decide(book.lease, &decision).await?)
}

/// The list of what this run holds, and the successor of those that expired: new lists beside
/// those that wait.
fn new_lists(book: &Book<'_>, judged: &Judged) -> Vec<StoredHeldList> {
    let (run, now) = (book.lease.run(), book.ports.clock.now());
    let source = book.lease.source();
    let verdict = &judged.verdict;
    let mut lists = Vec::new();
    if !verdict.held.is_empty() {
        let rules = verdict
            .tripped
            .iter()
            .filter(|rule| rule.attribute.is_none())
            .cloned();
        lists.push(HeldList::new(
            source.clone(),
            run.clone(),
            now,
            rules.collect(),
            verdict.held.clone(),
        ));
    }
    lists.extend(successor(book, judged));
    lists.into_iter().map(waiting).collect()
}

/// One list for everything that expired and is still missing, however many lists it came from: one
/// notice, and a decision that stays small. Whoever waits in a list already is not held twice: a
/// run may have died after it held them anew, before it could say that their lists expired.
fn successor(book: &Book<'_>, judged: &Judged) -> Option<HeldList> {
    let verdict = &judged.verdict;
    let still_held: BTreeSet<&HeldItem> = verdict.still_held.iter().collect();
    let expired = judged.lists.expiring(&verdict.detaching);
    let waiting = judged.lists.waiting.iter();
    let waiting: BTreeSet<&HeldItem> = waiting.flat_map(StoredHeldList::remaining).collect();
    let items = expired.iter().flat_map(|list| list.remaining());
    let items: Vec<HeldItem> = items
        .filter(|item| still_held.contains(item) && !waiting.contains(item))
        .cloned()
        .collect();
    if items.is_empty() {
        return None;
    }
    let rules = expired
        .iter()
        .flat_map(|list| list.list.rules.iter().cloned());
    let rules: BTreeSet<TrippedRule> = rules.collect();
    Some(HeldList::new(
        book.lease.source().clone(),
        book.lease.run().clone(),
        book.ports.clock.now(),
        rules.into_iter().collect(),
        items,
    ))
}

fn waiting(list: HeldList) -> StoredHeldList {
    StoredHeldList {
        list,
        state: HeldState::Waiting,
        decided_by: None,
        decided_at: None,
        released: Default::default(),
        consumed_by: None,
    }
}
