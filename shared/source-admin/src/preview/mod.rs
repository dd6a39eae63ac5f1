//! One real person through a mapping: what WeCom says, what would become of it, and why something
//! is missing. Nothing is written anywhere: the only doors used are WeCom's reads, the secrets'
//! reads and the directory's reads.

mod change;
mod lookup;
mod question;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use field_map::{FieldExplanation, Mapping};
use jiff::Timestamp;
use org_model::{DepartmentId, MappedUser, RawMember, SourceId};
use serde_json::Value;

use crate::ports::{CheckFailure, KeptSource};
use crate::{Admin, AdminError};
pub use change::{PersonChange, PreviewAction};
use lookup::Found;
use question::PreviewQuestion;

/// What a preview shows.
#[derive(Clone, Debug)]
pub struct Preview {
    pub source: SourceId,
    pub previewed_at: Timestamp,
    /// `None`: directly, or none answered.
    pub agent: Option<String>,
    /// Sensitive values are shown as they are.
    pub revealed: bool,
    pub outcome: PreviewOutcome,
    /// By WeCom's name, such as `user/get`.
    pub calls: BTreeMap<String, u64>,
}

#[derive(Clone, Debug)]
pub enum PreviewOutcome {
    Shown(Box<PreviewedPerson>),
    /// Nobody to show, and why.
    NotShown(CheckFailure),
}

#[derive(Clone, Debug)]
pub struct PreviewedPerson {
    /// The record as WeCom sent it, sensitive values masked unless they were asked for.
    pub raw: Value,
    /// The fixed part as it was read; its attributes are in `attributes`.
    pub mapped: MappedUser,
    /// Attributes with a value, a default where the expression gave none; masked like `raw`.
    pub attributes: BTreeMap<String, Value>,
    pub change: PersonChange,
    pub missing: Vec<FieldExplanation>,
    /// How many people were looked at to tell "no right" from "empty".
    pub evidence_people: u64,
    /// Whose list that was; `None`: only the person.
    pub evidence_department: Option<DepartmentId>,
}

impl Admin {
    /// `body`: `{"userid"|"mobile": "…", "mapping": {…}, "reveal": false}`, all optional.
    pub async fn preview(&self, id: &str, body: &str, by: &str) -> Result<Preview, AdminError> {
        let deadline = self.asking_deadline();
        let kept = self.askable_source(id).await?;
        let question = PreviewQuestion::of(body, &kept.stored.settings)?;
        let access = self.access_of(&kept.stored.settings, deadline).await?;
        if question.reveal {
            tracing::info!(source = %kept.stored.source, by, "a preview shows values unmasked");
        }
        let mut preview = Preview {
            source: kept.stored.source.clone(),
            previewed_at: self.ports.clock.now(),
            agent: None,
            revealed: question.reveal,
            outcome: PreviewOutcome::NotShown(CheckFailure::unanswered()),
            calls: BTreeMap::new(),
        };
        let session = match self.ports.wecom.open(access).await {
            Ok(session) => session,
            Err(error) => {
                preview.outcome = PreviewOutcome::NotShown(error.into());
                return Ok(preview);
            }
        };
        preview.outcome = match lookup::find(session.as_ref(), &question.who).await {
            Ok(found) => {
                let person = self.previewed(&kept, &question, found).await?;
                PreviewOutcome::Shown(Box::new(person))
            }
            Err(failure) => PreviewOutcome::NotShown(failure),
        };
        preview.agent = session.agent();
        preview.calls = session.calls();
        Ok(preview)
    }

    async fn previewed(
        &self,
        kept: &KeptSource,
        question: &PreviewQuestion,
        found: Found,
    ) -> Result<PreviewedPerson, AdminError> {
        let Found {
            member,
            listed,
            department,
        } = found;
        let filled = Mapping::filled_fields(listed.iter().chain([&member]));
        let missing = question.mapping.explain(&member, &filled);
        let (member, departments) = self.person_placed(kept, member).await?;
        let mapped = question.mapping.map(&member, &filled);
        let change = self.person_change(kept, &mapped, departments).await?;
        let shown = question.attributes_of(&mapped);
        Ok(PreviewedPerson {
            raw: question.raw_of(&member),
            attributes: shown,
            change: question.masked_change(change),
            mapped,
            missing,
            evidence_people: people_in(&listed, &member),
            evidence_department: department,
        })
    }
}

/// The person stands in the list, or beside it.
fn people_in(listed: &[RawMember], member: &RawMember) -> u64 {
    let key = member.userid.key();
    let beside = listed.iter().all(|one| one.userid.key() != key);
    listed.len() as u64 + u64::from(beside)
}
