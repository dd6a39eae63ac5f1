//! Held deletions: listed, looked into, approved or rejected.

use std::collections::BTreeSet;

use org_model::{Fingerprint, ItemKind, RunId, SourceId};
use org_plan::HeldItem;
use source_settings::SettingsProblem;
use sync_run::{HeldState, RunRecord, StoredHeldList, Trigger};

use crate::ports::{Decided, HeldHeader, Page, PageRequest};
use crate::run_asked::RunAsked;
use crate::{Admin, AdminError, Warning};

/// A held list as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldView {
    pub stored: StoredHeldList,
    /// As of now: a list that waits or stands approved after its time is expired, whoever notes it.
    pub state: HeldState,
    /// The items that still wait, or may still be removed; of a rejected list those that stay.
    pub count: u64,
}

/// Somebody who should be kept although the list is approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pub kind: ItemKind,
    pub id: String,
}

/// An approval that stands, and what was done to have it applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    pub list: HeldView,
    /// The run that was queued for it.
    pub run: Option<RunRecord>,
    /// The run that was live already.
    pub live_run: Option<RunId>,
    pub warnings: Vec<Warning>,
}

/// Who of a list is to stay.
enum Excepted {
    Some(Vec<HeldItem>),
    Everybody,
}

impl Admin {
    /// The lists of a source, latest first: those that stand, and the latest of the others.
    pub async fn held_lists(&self, id: &str) -> Result<Vec<HeldView>, AdminError> {
        let source = self.known_source_id(id).await?;
        let headers = self.ports.held.lists(&source).await?;
        let view = |header: HeldHeader| HeldView {
            state: self.state_of(&header.list),
            count: header.remaining,
            stored: header.list,
        };
        Ok(headers.into_iter().map(view).collect())
    }

    pub async fn held_items(
        &self,
        id: &str,
        fingerprint: &str,
        page: &PageRequest,
    ) -> Result<Page<HeldItem>, AdminError> {
        let source = self.known_source_id(id).await?;
        let known = parse_fingerprint(fingerprint)?;
        let items = self.ports.held.items(&source, known, page).await?;
        items.ok_or_else(|| no_such_list(fingerprint))
    }

    /// Approves a list, whole or but for those who are to stay: the author's word is durable before
    /// a run is started for it, and stands whether or not one could be. Whoever excepts everybody
    /// rejects the list.
    pub async fn approve(
        &self,
        id: &str,
        fingerprint: &str,
        except: &[Exception],
        by: &str,
    ) -> Result<Approval, AdminError> {
        let source = self.known_source_id(id).await?;
        let known = parse_fingerprint(fingerprint)?;
        let author = self.author(by);
        let held = &self.ports.held;
        let decided = match self.excepted(&source, known, except).await? {
            Excepted::Some(items) => held.approve(&source, known, &items, &author).await?,
            Excepted::Everybody => held.reject(&source, known, &author).await?,
        };
        let list = self.decided(known, decided)?;
        let mut asked = RunAsked::default();
        if list.state == HeldState::Approved && list.consumed_by.is_none() {
            let record = self.queued_record(&source, Trigger::Approval, by);
            let key = format!("approval:{known}:{}", list.list.run);
            asked = self.run_for(record, key).await;
        }
        Ok(Approval {
            list: self.view_held(list),
            run: asked.run,
            live_run: asked.live_run,
            warnings: asked.warnings,
        })
    }

    /// Rejects a list: everybody who is left of it stays, and is kept from now on. There is nothing
    /// for a run to do. It ends an approval too, unless a live run may go by it.
    pub async fn reject(
        &self,
        id: &str,
        fingerprint: &str,
        by: &str,
    ) -> Result<HeldView, AdminError> {
        let source = self.known_source_id(id).await?;
        let known = parse_fingerprint(fingerprint)?;
        let author = self.author(by);
        let decided = self.ports.held.reject(&source, known, &author).await?;
        Ok(self.view_held(self.decided(known, decided)?))
    }

    /// The list as it was decided, now or before in the same way.
    fn decided(
        &self,
        fingerprint: Fingerprint,
        decided: Decided,
    ) -> Result<StoredHeldList, AdminError> {
        match decided {
            // Approved long ago and never applied.
            Decided::Done(list) if self.state_of(&list) == HeldState::Expired => {
                Err(AdminError::NotWaiting {
                    fingerprint,
                    state: HeldState::Expired,
                })
            }
            Decided::Done(list) => Ok(*list),
            Decided::NotFound => Err(no_such_list(&fingerprint.to_string())),
            Decided::NotWaiting(list) => Err(AdminError::NotWaiting {
                fingerprint,
                state: self.state_of(&list),
            }),
            Decided::RunLive(run) => Err(AdminError::ApprovalInUse { run }),
        }
    }

    /// Those of a list who are named. Unknown entries are problems, and nothing is decided.
    async fn excepted(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        except: &[Exception],
    ) -> Result<Excepted, AdminError> {
        if except.is_empty() {
            return Ok(Excepted::Some(Vec::new()));
        }
        let list = self.ports.held.list(source, fingerprint).await?;
        let list = list.ok_or_else(|| no_such_list(&fingerprint.to_string()))?;
        let named: BTreeSet<(ItemKind, &str)> = except
            .iter()
            .map(|one| (one.kind, one.id.as_str()))
            .collect();
        // When the call is repeated, whom it excepted is no longer part of the list.
        let known: Vec<&HeldItem> = match list.state {
            HeldState::Waiting => list.remaining().collect(),
            _ => list.list.items.iter().collect(),
        };
        let ids: BTreeSet<_> = known
            .iter()
            .map(|item| (item.kind, item.id.as_str()))
            .collect();
        let problems = unknown_entries(except, &ids);
        if !problems.is_empty() {
            return Err(AdminError::Invalid(problems));
        }
        let is_named = |item: &&HeldItem| named.contains(&(item.kind, item.id.as_str()));
        let undecided = matches!(list.state, HeldState::Waiting | HeldState::Rejected);
        if undecided && list.remaining().all(|item| is_named(&item)) {
            return Ok(Excepted::Everybody);
        }
        let items = known.into_iter().filter(is_named);
        Ok(Excepted::Some(items.cloned().collect()))
    }

    fn view_held(&self, stored: StoredHeldList) -> HeldView {
        HeldView {
            state: self.state_of(&stored),
            count: stored.remaining().count() as u64,
            stored,
        }
    }

    pub(crate) fn waits(&self, list: &StoredHeldList) -> bool {
        self.state_of(list) == HeldState::Waiting
    }

    fn state_of(&self, list: &StoredHeldList) -> HeldState {
        list.state_at(self.ports.clock.now())
    }
}

fn unknown_entries(
    except: &[Exception],
    known: &BTreeSet<(ItemKind, &str)>,
) -> Vec<SettingsProblem> {
    let entries = except.iter().enumerate();
    let unknown = entries.filter(|(_, one)| !known.contains(&(one.kind, one.id.as_str())));
    let problem = |(index, _): (usize, &Exception)| SettingsProblem {
        pointer: format!("/except/{index}"),
        message: "this list does not hold such an item".to_owned(),
        remedy: "name items of the list, spelled as it spells them".to_owned(),
    };
    unknown.map(problem).collect()
}

fn parse_fingerprint(text: &str) -> Result<Fingerprint, AdminError> {
    text.parse().map_err(|_| no_such_list(text))
}

fn no_such_list(fingerprint: &str) -> AdminError {
    AdminError::NotFound {
        what: "held list",
        id: fingerprint.to_owned(),
    }
}
