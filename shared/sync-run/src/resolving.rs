//! Administrators' words on two records that may be one person, as a run hears them (ADR 0021).
//!
//! The plan judges each word, since it knows what stands and what the reading shows; this room
//! fetches the other record before and spends the word after. A word is spent only when what it
//! asks for was written, or when there is nothing left to do for it: a run that dies in between
//! leaves it standing, and the next one finds it done. A word that came to nothing is told in a
//! row, because somebody gave it.

use std::collections::{BTreeMap, BTreeSet};

use org_model::{ItemKey, ItemKind, OrgSnapshot, UserKey};
use org_plan::{Action, Change, Heard, HeldItem, Resolved};

use crate::book::Book;
use crate::judge::Look;
use crate::ports::StoreError;
use crate::rows::row_of_removal;
use crate::{OtherRecord, Row, RowResult, StoredResolution};

/// The words of one run, and what became of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    /// With the record that each is about, for the plan.
    pub given: BTreeMap<UserKey, Resolved>,
    /// Whom a row about the word names.
    about: BTreeMap<UserKey, HeldItem>,
    heard: BTreeMap<UserKey, Heard>,
    /// Rows about words that came to nothing.
    pub told: Vec<Row>,
}

impl Words {
    /// Reads the words, and has the plan look at everybody whom they are about.
    pub async fn load(
        book: &Book<'_>,
        snapshot: &OrgSnapshot,
        look: &mut Look,
    ) -> Result<Self, StoreError> {
        let mut words = Self::default();
        let decisions = &book.ports.decisions;
        for word in decisions.resolutions(book.lease.source()).await? {
            let key = word.userid.key();
            let item = ItemKey::User(key.clone());
            if snapshot.members().contains_key(&key) && look.marks.contains_key(&item) {
                look.look_at(item);
            }
            let resolved = other(book, &word).await?;
            let about = about(&word, &resolved, snapshot, look);
            words.about.insert(key.clone(), about);
            words.given.insert(key, resolved);
        }
        Ok(words)
    }

    /// What the plan does about them.
    pub fn hear(&mut self, heard: BTreeMap<UserKey, Heard>) {
        let told = heard.iter().filter_map(|(key, heard)| match heard {
            Heard::Stale(note) => {
                let about = self.about.get(key)?;
                let skipped = RowResult::Skipped;
                Some(row_of_removal(about, Action::Update, skipped, note.clone()))
            }
            Heard::Planned | Heard::Done | Heard::Later => None,
        });
        self.told = told.collect();
        self.heard = heard;
    }

    /// The words that no run needs to hear again, now that everything of the plan was written.
    pub fn spent(&self, carried_out: &BTreeSet<UserKey>) -> Vec<UserKey> {
        let is_spent = |(key, heard): &(&UserKey, &Heard)| match heard {
            Heard::Planned => carried_out.contains(*key),
            Heard::Done | Heard::Stale(_) => true,
            Heard::Later => false,
        };
        let spent = self.heard.iter().filter(is_spent);
        spent.map(|(key, _)| key.clone()).collect()
    }
}

/// Whose resolution this change carries out.
pub(crate) fn carries_out(change: &Change) -> Option<UserKey> {
    let note = change.note.as_ref();
    let says_so = note.is_some_and(|note| note.code.starts_with("resolved_"));
    match change.key() {
        ItemKey::User(key) if says_so || change.reclaims.is_some() => Some(key),
        _ => None,
    }
}

/// The record that stands where the other one was.
async fn other(book: &Book<'_>, word: &StoredResolution) -> Result<Resolved, StoreError> {
    let (mirror, source) = (&book.ports.mirror, book.lease.source());
    let aside = word.other == OtherRecord::Aside;
    let key = word.other_userid.key();
    let other = if aside {
        let mut records = mirror.aside(source, &key).await?.into_iter();
        records.find(|item| *item.internal_id() == word.other_internal_id)
    } else {
        let key = ItemKey::User(key);
        let keys = std::slice::from_ref(&key);
        mirror.before_images(source, keys).await?.remove(&key)
    };
    Ok(Resolved {
        choice: word.choice,
        internal_id: word.other_internal_id.clone(),
        other,
        aside,
    })
}

/// The person as a row names them; who is not shown or not known, by the other record.
fn about(
    word: &StoredResolution,
    resolved: &Resolved,
    snapshot: &OrgSnapshot,
    look: &Look,
) -> HeldItem {
    let key = word.userid.key();
    let name = snapshot.members().get(&key).and_then(|m| m.name.clone());
    let name = name.or_else(|| Some(resolved.other.as_ref()?.name().to_owned()));
    let mark = look.marks.get(&ItemKey::User(key));
    let internal_id = mark.map_or(&word.other_internal_id, |mark| &mark.internal_id);
    HeldItem {
        kind: ItemKind::User,
        id: word.userid.to_string(),
        internal_id: internal_id.clone(),
        name: name.unwrap_or_default(),
        action: Action::Update,
        departments: Vec::new(),
        suspected_rename: None,
    }
}

impl Look {
    /// The plan needs the record as it stands, whatever its fingerprint.
    fn look_at(&mut self, item: ItemKey) {
        if self.comparison.to_review.insert(item) {
            self.comparison.unchanged = self.comparison.unchanged.saturating_sub(1);
        }
    }
}
