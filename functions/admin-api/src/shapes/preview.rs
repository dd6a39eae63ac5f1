//! A preview: one real person through a mapping.

use std::collections::BTreeMap;

use field_map::{FieldExplanation, MissingCause};
use jiff::Timestamp;
use org_model::{MappedUser, MemberStatus};
use serde::Serialize;
use serde_json::Value;
use source_admin::wording::{Language, missing_words};
use source_admin::{
    PersonChange, Preview as Found, PreviewAction, PreviewOutcome, PreviewedPerson,
};
use utoipa::ToSchema;

use super::{
    AttributeChange, Failure, MappingRuleBody, MemberStatusWord, MissingCauseWord,
    PreviewActionWord,
};

/// Whom to preview, and with which mapping. Everything may be left out.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "userid": "Zhang.1", "mapping": { "title": "position" } }))]
pub struct PreviewBody {
    /// Not together with `mobile`; neither: a sample of what is visible.
    #[schema(required = false, value_type = Option<String>, min_length = 1, max_length = 64)]
    pub userid: String,
    /// Takes a right of the app that `userid` does not.
    #[schema(required = false, value_type = Option<String>, pattern = "^[0-9+ -]{5,24}$")]
    pub mobile: String,
    /// A draft; without it the mapping of the source's settings.
    #[schema(required = false, value_type = Option<BTreeMap<String, MappingRuleBody>>)]
    pub mapping: BTreeMap<String, Value>,
    /// Show sensitive values as they are.
    #[schema(required = false, value_type = Option<bool>)]
    pub reveal: bool,
}

/// What would become of one person. Nothing was written.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Preview {
    pub source: String,
    #[schema(value_type = String, format = DateTime)]
    pub previewed_at: Timestamp,
    /// The agent that was used; `null`: directly, or none answered.
    pub agent: Option<String>,
    /// Sensitive values are shown as they are.
    pub revealed: bool,
    /// Why there is nobody to show; `null`: there is.
    pub failure: Option<Failure>,
    pub person: Option<PreviewPerson>,
    /// Calls to WeCom, by its own names.
    pub calls: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PreviewPerson {
    /// The record as WeCom sent it, sensitive values masked unless asked for.
    #[schema(value_type = Object)]
    pub raw: Value,
    pub mapped: PreviewUser,
    pub change: PreviewChange,
    pub missing: Vec<MissingField>,
    pub evidence: PreviewEvidence,
}

/// The person as the reading and the mapping want them to be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PreviewUser {
    pub userid: String,
    pub login: String,
    /// `null`: the record has none; what the directory holds stays.
    pub name: Option<String>,
    /// `null`: the record says nothing about them.
    pub departments: Option<Vec<u32>>,
    pub main_department: Option<u32>,
    pub direct_leaders: Option<Vec<String>>,
    pub status: Option<MemberStatusWord>,
    /// Those that have a value.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub attributes: BTreeMap<String, Value>,
}

/// What the next complete run would write; protection may hold a disable.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PreviewChange {
    pub action: PreviewActionWord,
    /// The person may not sign in any more afterwards.
    pub disables: bool,
    /// Of the record that the directory has under this userid.
    pub internal_id: Option<String>,
    pub changes: Vec<AttributeChange>,
    pub code: Option<String>,
    pub message: Option<String>,
    pub remedy: Option<String>,
    /// Departments of the record that the directory does not have.
    pub departments_unknown: Vec<u32>,
}

/// Something that is missing, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MissingField {
    /// `null`: no attribute uses these fields.
    pub attribute: Option<String>,
    /// WeCom's fields, or the keys in them.
    pub fields: Vec<String>,
    pub cause: MissingCauseWord,
    pub message: String,
    pub remedy: Option<String>,
    /// `no_right`: apps made since then never receive it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<&'static str>,
    /// `expression_failed`: where in the expression, if that is known.
    pub failed_at: Option<FailedAt>,
}

/// Both from 1; columns count signs.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct FailedAt {
    pub line: usize,
    pub column: usize,
}

/// What tells "no right" from "really empty": a list that others stand in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PreviewEvidence {
    /// How many people were looked at.
    pub people: u64,
    /// Whose list; `null`: only the person was looked at.
    pub department: Option<u32>,
}

impl Preview {
    pub fn of(found: Found, language: Language) -> Self {
        let (failure, person) = match found.outcome {
            PreviewOutcome::Shown(person) => (None, Some(PreviewPerson::of(*person, language))),
            PreviewOutcome::NotShown(failure) => (Some(Failure::of(&failure, language)), None),
        };
        Self {
            source: found.source.to_string(),
            previewed_at: found.previewed_at,
            agent: found.agent,
            revealed: found.revealed,
            failure,
            person,
            calls: found.calls,
        }
    }
}

impl PreviewPerson {
    fn of(person: PreviewedPerson, language: Language) -> Self {
        let missing = person.missing.iter();
        Self {
            missing: missing.map(|one| MissingField::of(one, language)).collect(),
            raw: person.raw,
            mapped: PreviewUser::of(person.mapped, person.attributes),
            change: person.change.into(),
            evidence: PreviewEvidence {
                people: person.evidence_people,
                department: person.evidence_department.map(|department| department.0),
            },
        }
    }
}

impl PreviewUser {
    fn of(mapped: MappedUser, attributes: BTreeMap<String, Value>) -> Self {
        let memberships = mapped.memberships;
        let leaders = mapped.direct_leaders;
        Self {
            login: mapped.userid.to_string(),
            userid: mapped.userid.to_string(),
            name: mapped.name,
            departments: memberships.map(|all| all.iter().map(|one| one.department.0).collect()),
            main_department: mapped.main_department.map(|department| department.0),
            direct_leaders: leaders.map(|all| all.iter().map(ToString::to_string).collect()),
            status: mapped.status.map(MemberStatusWord::from),
            attributes,
        }
    }
}

impl From<PersonChange> for PreviewChange {
    fn from(change: PersonChange) -> Self {
        let (code, message, remedy) = match change.note {
            Some(note) => (Some(note.code), Some(note.message), note.remedy),
            None => (None, None, None),
        };
        let unknown = change.departments_unknown.into_iter();
        let changes = change.changes.into_iter();
        Self {
            action: change.action.into(),
            disables: change.disables,
            internal_id: change.internal_id.map(|id| id.to_string()),
            changes: changes.map(AttributeChange::from).collect(),
            code,
            message,
            remedy,
            departments_unknown: unknown.map(|department| department.0).collect(),
        }
    }
}

impl MissingField {
    fn of(missing: &FieldExplanation, language: Language) -> Self {
        let words = missing_words(missing, language);
        Self {
            attribute: missing.attribute.clone(),
            fields: missing.fields.clone(),
            cause: missing.cause.into(),
            message: words.cause,
            remedy: Some(words.remedy).filter(|remedy| !remedy.is_empty()),
            since: missing.since,
            failed_at: missing.failed_at.map(|place| FailedAt {
                line: place.line,
                column: place.column,
            }),
        }
    }
}

impl From<MemberStatus> for MemberStatusWord {
    fn from(status: MemberStatus) -> Self {
        match status {
            MemberStatus::Active => Self::Active,
            MemberStatus::Disabled => Self::Disabled,
            MemberStatus::Pending => Self::Pending,
            MemberStatus::Left => Self::Left,
        }
    }
}

impl From<MissingCause> for MissingCauseWord {
    fn from(cause: MissingCause) -> Self {
        match cause {
            MissingCause::NotMapped => Self::NotMapped,
            MissingCause::NoRight => Self::NoRight,
            MissingCause::OutOfRange => Self::OutOfRange,
            MissingCause::Empty => Self::Empty,
            MissingCause::ExpressionFailed => Self::ExpressionFailed,
        }
    }
}

impl From<PreviewAction> for PreviewActionWord {
    fn from(action: PreviewAction) -> Self {
        match action {
            PreviewAction::Create => Self::Create,
            PreviewAction::Update => Self::Update,
            PreviewAction::Move => Self::Move,
            PreviewAction::Restore => Self::Restore,
            PreviewAction::Adopt => Self::Adopt,
            PreviewAction::Disable => Self::Disable,
            PreviewAction::None => Self::None,
            PreviewAction::Conflict => Self::Conflict,
        }
    }
}
