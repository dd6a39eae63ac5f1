//! Two records that may be one person.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use source_admin::{PersonView, ResolvedConflict};
use sync_run::{OtherRecord, StoredResolution};
use utoipa::ToSchema;

use super::{OtherRecordWord, ResolutionWord, Run, User, Warning, warnings};

/// One person, and the conflict that stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Person {
    #[serde(flatten)]
    pub user: User,
    /// Another record that may be this person; absent: none may, or somebody said that they are two
    /// people (`new`) and a run has carried it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<Conflict>,
}

/// Another record that may be the person who has the userid now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Conflict {
    #[schema(value_type = OtherRecordWord)]
    pub other: OtherRecord,
    /// The other record's, as WeCom spelled it.
    pub userid: String,
    /// The other record's internal id.
    pub id: String,
    pub name: String,
    /// What was said about it and no run has carried out yet.
    pub said: Option<Said>,
}

/// A person's word.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Said {
    #[serde(rename = "as")]
    #[schema(value_type = ResolutionWord)]
    pub choice: org_plan::Resolution,
    pub by: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// Whether both records are one person.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveBody {
    #[serde(rename = "as")]
    #[schema(value_type = ResolutionWord)]
    pub choice: org_plan::Resolution,
    /// The `id` of the conflict that was looked at: refused if it is another one by now.
    pub with: Option<String>,
}

/// The word that stands, and the run that was asked for to carry it out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Resolution {
    pub userid: String,
    #[serde(flatten)]
    pub said: Said,
    #[schema(value_type = OtherRecordWord)]
    pub other: OtherRecord,
    pub other_userid: String,
    /// The other record's internal id.
    pub other_id: String,
    /// `null`: none was started; `warnings` says why.
    pub run: Option<Run>,
    /// The run that was live already.
    pub live_run: Option<String>,
    pub warnings: Vec<Warning>,
}

impl From<PersonView> for Person {
    fn from(view: PersonView) -> Self {
        Self {
            user: view.user.into(),
            conflict: view.conflict.map(Conflict::from),
        }
    }
}

impl From<source_admin::Conflict> for Conflict {
    fn from(conflict: source_admin::Conflict) -> Self {
        Self {
            other: conflict.other,
            userid: conflict.userid.to_string(),
            id: conflict.internal_id.to_string(),
            name: conflict.name,
            said: conflict.said.as_ref().map(Said::from),
        }
    }
}

impl From<&StoredResolution> for Said {
    fn from(word: &StoredResolution) -> Self {
        Self {
            choice: word.choice,
            by: word.by.clone(),
            at: word.at,
        }
    }
}

impl From<ResolvedConflict> for Resolution {
    fn from(resolved: ResolvedConflict) -> Self {
        let word = resolved.resolution;
        Self {
            userid: word.userid.to_string(),
            said: Said::from(&word),
            other: word.other,
            other_userid: word.other_userid.to_string(),
            other_id: word.other_internal_id.to_string(),
            run: resolved.run.map(Run::from),
            live_run: resolved.live_run.map(|run| run.to_string()),
            warnings: warnings(resolved.warnings),
        }
    }
}
