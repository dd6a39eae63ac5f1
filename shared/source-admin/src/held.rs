//! Held deletions: listed, looked into, approved.

use jiff::Timestamp;
use org_model::{Fingerprint, ItemKind, RunId, SourceId};
use org_plan::HeldItem;
use source_settings::SettingsProblem;
use sync_run::ports::StoreError;
use sync_run::{APPROVAL_VALID, HeldState, RunRecord, StoredHeldList, Trigger};

use crate::ports::{Decided, Enqueued, HeldHeader, Page, PageRequest};
use crate::{Admin, AdminError, Warning};

/// Runs that an approval may be given one after the other, while it stands: more than a person
/// asks for in 24 hours, and few enough for one call to look through.
const APPROVAL_RUNS_MAX: u32 = 24;

/// A held list as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldView {
    pub stored: StoredHeldList,
    /// As of now: a list that waits or stands approved after its time is expired, whoever notes it.
    pub state: HeldState,
    /// The items that still wait, or may still be removed.
    pub count: u64,
}

/// What came of asking for a run that applies a decision.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RunAsked {
    pub run: Option<RunRecord>,
    pub live_run: Option<RunId>,
    pub warnings: Vec<Warning>,
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
        let list = match self
            .ports
            .held
            .approve(&source, known, &[], &author)
            .await?
        {
            // Approved long ago and never applied.
            Decided::Done(list) if self.state_of(&list) == HeldState::Expired => {
                return Err(AdminError::NotWaiting {
                    fingerprint: known,
                    state: HeldState::Expired,
                });
            }
            Decided::Done(list) => *list,
            Decided::NotFound => return Err(no_such_list(fingerprint)),
            Decided::NotWaiting(list) => {
                return Err(AdminError::NotWaiting {
                    fingerprint: known,
                    state: self.state_of(&list),
                });
            }
        };
        let mut asked = RunAsked::default();
        if list.consumed_by.is_none() {
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

    /// Asks for a run that applies a decision. The same key, that is the same decision, asks for
    /// the same run.
    pub(crate) async fn run_for(&self, record: RunRecord, key: String) -> RunAsked {
        let record = match self.enqueue_next(&record, key).await {
            Ok(Enqueued::New) => record,
            Ok(Enqueued::Repeated(earlier)) => *earlier,
            Ok(Enqueued::Live(run)) => {
                return RunAsked {
                    warnings: vec![Warning::run_is_live(&run)],
                    live_run: Some(run),
                    run: None,
                };
            }
            Err(error) => {
                return RunAsked {
                    warnings: vec![Warning::approval_run_not_queued(&error)],
                    ..RunAsked::default()
                };
            }
        };
        let asked = self.started(record).await;
        RunAsked {
            run: Some(asked.record),
            live_run: None,
            warnings: asked.warnings,
        }
    }

    /// The same key asks for the same run, as long as that one is not over: it did not apply what
    /// it was asked for, so there is another one after it.
    async fn enqueue_next(&self, record: &RunRecord, key: String) -> Result<Enqueued, StoreError> {
        let mut key = key;
        for _ in 1..APPROVAL_RUNS_MAX {
            match self.ports.queue.enqueue(record, Some(&key)).await? {
                Enqueued::Repeated(earlier) if earlier.status.is_final() => {
                    key = format!("{key}:{}", earlier.run);
                }
                enqueued => return Ok(enqueued),
            }
        }
        self.ports.queue.enqueue(record, Some(&key)).await
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
        state_at(list, self.ports.clock.now())
    }
}

/// As a run judges it: an approval that nobody consumed in its time covers nothing any more.
fn state_at(list: &StoredHeldList, now: Timestamp) -> HeldState {
    let late = match list.state {
        HeldState::Waiting => now >= list.list.expires_at,
        HeldState::Approved if list.consumed_by.is_none() => {
            list.decided_at.is_none_or(|at| now > at + APPROVAL_VALID)
        }
        _ => false,
    };
    match late {
        true => HeldState::Expired,
        false => list.state,
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
