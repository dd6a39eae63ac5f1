//! A source checked step by step, by asking WeCom itself (DESIGN.md §6).

use jiff::Timestamp;
use org_model::SourceId;

use crate::body::Fields;
use crate::ports::{SourceCheck, StepOutcome};
use crate::{Admin, AdminError};

/// What a check of a source found. Nothing of it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedSource {
    pub source: SourceId,
    pub checked_at: Timestamp,
    pub found: SourceCheck,
}

impl CheckedSource {
    /// Every step was reached and passed.
    pub fn passed(&self) -> bool {
        let mut steps = self.found.steps.iter();
        steps.all(|step| step.outcome == StepOutcome::Passed)
    }
}

impl Admin {
    /// With the stored settings; `body` has no fields. A step that fails is no error of the call.
    pub async fn check_source(&self, id: &str, body: &str) -> Result<CheckedSource, AdminError> {
        Fields::of(body, &[])?.or(())?;
        let deadline = self.asking_deadline();
        let stored = self.askable_source(id).await?.stored;
        let access = self.access_of(&stored.settings, deadline).await?;
        let found = self.ports.wecom.check(access).await;
        Ok(CheckedSource {
            source: stored.source,
            checked_at: self.ports.clock.now(),
            found,
        })
    }
}
