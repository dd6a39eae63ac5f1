//! The visible range: what the last sealed reading saw, what a later one no longer shows, and a
//! person's word on it.

use org_model::{ExpandedRange, Fingerprint, RunId};
use org_plan::HeldItem;
use source_settings::SettingsProblem;
use sync_run::{AffectedPeople, RunRecord, StandingRange, Trigger};

use crate::ports::{Page, PageRequest, RangeAccepted};
use crate::{Admin, AdminError, Warning};

/// The range of a source as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeView {
    /// What the last sealed reading saw; `None`: there was none.
    pub baseline: Option<ExpandedRange>,
    /// The app it was read with.
    pub baseline_agent_id: Option<u64>,
    /// What later readings no longer show; `None`: nothing is missing.
    pub standing: Option<StandingRange>,
}

/// An acceptance that stands, and what was done to have it applied.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeApproval {
    pub range: StandingRange,
    /// The run that was queued for it.
    pub run: Option<RunRecord>,
    /// The run that was live already.
    pub live_run: Option<RunId>,
    pub warnings: Vec<Warning>,
}

impl Admin {
    pub async fn range(&self, id: &str) -> Result<RangeView, AdminError> {
        let stored = self.known_source(id).await?.stored;
        let standing = self.ports.ranges.standing_range(&stored.source).await?;
        Ok(RangeView {
            baseline: stored.state.baseline,
            baseline_agent_id: stored.state.baseline_agent_id,
            standing,
        })
    }

    /// Everybody and every department that the range which stands does not show.
    pub async fn range_affected(
        &self,
        id: &str,
        page: &PageRequest,
    ) -> Result<Page<HeldItem>, AdminError> {
        let source = self.known_source_id(id).await?;
        let ranges = &self.ports.ranges;
        let nothing = || Page {
            items: Vec::new(),
            next: None,
        };
        let Some(standing) = ranges.standing_range(&source).await? else {
            return Ok(nothing());
        };
        let fingerprint = standing.fingerprint;
        let items = ranges.affected_items(&source, fingerprint, page).await?;
        // Another run settled it between the two looks.
        Ok(items.unwrap_or_else(nothing))
    }

    /// Accepts exactly the difference that `fingerprint` stands for: the author's word is durable
    /// before a run is started for it, and stands whether or not one could be.
    pub async fn accept_range(
        &self,
        id: &str,
        fingerprint: &str,
        people: AffectedPeople,
        by: &str,
    ) -> Result<RangeApproval, AdminError> {
        let source = self.known_source_id(id).await?;
        let known = parse_fingerprint(fingerprint)?;
        let author = self.author(by);
        let ranges = &self.ports.ranges;
        let range = match ranges.accept_range(&source, known, people, &author).await? {
            RangeAccepted::Done(range) => *range,
            RangeAccepted::Nothing => return Err(AdminError::NoRangeWaits),
            RangeAccepted::Stale(range) => {
                return Err(AdminError::StaleRange {
                    fingerprint: range.fingerprint,
                });
            }
            RangeAccepted::Decided(_) => return Err(AdminError::RangeDecided),
        };
        // A range that comes back is accepted anew, and gets a run of its own.
        let at = range.acceptance.as_ref().map_or(author.at, |word| word.at);
        let key = format!("range:{}:{at}", range.fingerprint);
        let record = self.queued_record(&source, Trigger::Approval, by);
        let asked = self.run_for(record, key).await;
        Ok(RangeApproval {
            range,
            run: asked.run,
            live_run: asked.live_run,
            warnings: asked.warnings,
        })
    }
}

fn parse_fingerprint(text: &str) -> Result<Fingerprint, AdminError> {
    text.parse().map_err(|_| {
        AdminError::Invalid(vec![SettingsProblem {
            pointer: "/fingerprint".to_owned(),
            message: "this is not a fingerprint".to_owned(),
            remedy: "copy the fingerprint of the range that stands".to_owned(),
        }])
    })
}
