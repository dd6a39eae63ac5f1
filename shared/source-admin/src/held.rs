//! Held deletions: listed, looked into, approved.

use futures::future::try_join_all;
use org_model::{Fingerprint, ItemKind, RunId, SourceId};
use org_plan::HeldItem;
use source_settings::SettingsProblem;
use sync_run::ports::StoreError;
use sync_run::{HeldState, RunRecord, StoredHeldList, Trigger};

use crate::ports::{Decided, Enqueued, Page, PageRequest};
use crate::{Admin, AdminError, Warning};

/// A held list as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldView {
    pub stored: StoredHeldList,
    /// As of now: a list that still waits after its time is expired, whoever notes it.
    pub state: HeldState,
    /// The items that still wait, or may still be removed.
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

impl Admin {
    /// All lists of a source, latest first.
    pub async fn held_lists(&self, id: &str) -> Result<Vec<HeldView>, AdminError> {
        let source = self.known_source_id(id).await?;
        let lists = self.ports.held.lists(&source).await?;
        let whole = lists.into_iter().map(|list| self.with_items(&source, list));
        let whole = try_join_all(whole).await?;
        Ok(whole.into_iter().map(|list| self.view_held(list)).collect())
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

    /// Approves a whole list: the author's word is durable before a run is started for it, and
    /// stands whether or not one could be.
    pub async fn approve(
        &self,
        id: &str,
        fingerprint: &str,
        except: &[Exception],
        by: &str,
    ) -> Result<Approval, AdminError> {
        let source = self.known_source_id(id).await?;
        let known = parse_fingerprint(fingerprint)?;
        if !except.is_empty() {
            return Err(self.judge_exceptions(&source, known, except).await?);
        }
        let author = self.author(by);
        let list = match self.ports.held.approve(&source, known, &author).await? {
            Decided::Done(list) => self.with_items(&source, *list).await?,
            Decided::NotFound => return Err(no_such_list(fingerprint)),
            Decided::NotWaiting(list) => {
                return Err(AdminError::NotWaiting {
                    fingerprint: known,
                    state: self.state_of(&list),
                });
            }
        };
        let consumed = list.consumed_by.is_some();
        let mut approval = Approval {
            list: self.view_held(list),
            run: None,
            live_run: None,
            warnings: Vec::new(),
        };
        if !consumed {
            self.run_for(&source, &mut approval, by).await;
        }
        Ok(approval)
    }

    /// Asks for a run that applies the approval. The same list asks for the same run.
    async fn run_for(&self, source: &SourceId, approval: &mut Approval, by: &str) {
        let record = self.queued_record(source, Trigger::Approval, by);
        let list = &approval.list.stored.list;
        let key = format!("approval:{}:{}", list.fingerprint, list.run);
        let record = match self.ports.queue.enqueue(&record, Some(&key)).await {
            Ok(Enqueued::New) => record,
            Ok(Enqueued::Repeated(earlier)) => *earlier,
            Ok(Enqueued::Live(run)) => {
                approval.warnings.push(Warning::run_is_live(&run));
                approval.live_run = Some(run);
                return;
            }
            Err(error) => {
                approval
                    .warnings
                    .push(Warning::approval_run_not_queued(&error));
                return;
            }
        };
        let asked = self.started(record).await;
        approval.warnings.extend(asked.warnings);
        approval.run = Some(asked.record);
    }

    /// Unknown entries are problems; known ones need marks that are not kept yet. Either way
    /// nothing is approved.
    async fn judge_exceptions(
        &self,
        source: &SourceId,
        fingerprint: Fingerprint,
        except: &[Exception],
    ) -> Result<AdminError, AdminError> {
        let list = self.ports.held.list(source, fingerprint).await?;
        let list = list.ok_or_else(|| no_such_list(&fingerprint.to_string()))?;
        let on_list = |one: &Exception| {
            let mut items = list.remaining();
            items.any(|item| item.kind == one.kind && item.id == one.id)
        };
        let unknown = except.iter().enumerate().filter(|(_, one)| !on_list(one));
        let problems: Vec<_> = unknown
            .map(|(index, _)| SettingsProblem {
                pointer: format!("/except/{index}"),
                message: "this list does not hold such an item".to_owned(),
                remedy: "name items of the list, spelled as it spells them".to_owned(),
            })
            .collect();
        Ok(match problems.is_empty() {
            true => AdminError::ExceptNotAvailable,
            false => AdminError::Invalid(problems),
        })
    }

    /// Lists may come without their items; their number is part of every view.
    async fn with_items(
        &self,
        source: &SourceId,
        list: StoredHeldList,
    ) -> Result<StoredHeldList, StoreError> {
        if !list.list.items.is_empty() {
            return Ok(list);
        }
        let whole = self.ports.held.list(source, list.list.fingerprint).await?;
        Ok(whole.unwrap_or(list))
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
        let late = self.ports.clock.now() >= list.list.expires_at;
        match list.state {
            HeldState::Waiting if late => HeldState::Expired,
            state => state,
        }
    }
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
