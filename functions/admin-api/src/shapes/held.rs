//! Held deletions.

use jiff::Timestamp;
use org_model::ItemKind;
use org_plan::{Action, RuleLimit, RuleWindow, TrippedRule};
use serde::{Deserialize, Serialize};
use source_admin::HeldView;
use sync_run::HeldState;
use utoipa::ToSchema;

use super::{
    ActionWord, HeldStateWord, KindWord, RuleKindWord, RuleLimitWord, RuleWindowWord, Run, Warning,
    warnings,
};

/// Deletions that wait together, approved together.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HeldList {
    pub fingerprint: String,
    /// The run that held it.
    pub run: String,
    #[schema(value_type = String, format = DateTime)]
    pub held_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    pub rules: Vec<HeldRule>,
    #[schema(value_type = HeldStateWord)]
    pub state: HeldState,
    /// Items that still wait, or may still be removed; of a rejected list those that stay.
    pub count: u64,
    /// Who approved or rejected it.
    pub decided_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub decided_at: Option<Timestamp>,
    /// The run that removed the approved items.
    pub consumed_by: Option<String>,
}

/// A rule of the protection that said no, with its numbers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HeldRule {
    #[schema(value_type = RuleKindWord)]
    pub kind: RuleKindWord,
    #[schema(value_type = RuleLimitWord)]
    pub limit: RuleLimit,
    #[schema(value_type = RuleWindowWord)]
    pub window: RuleWindow,
    pub value: u32,
    pub deletions: u64,
    pub base: u64,
    /// For `clearing`: the attribute that would be emptied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
}

impl From<TrippedRule> for HeldRule {
    fn from(rule: TrippedRule) -> Self {
        Self {
            kind: match rule.kind {
                ItemKind::User => RuleKindWord::Users,
                ItemKind::Department => RuleKindWord::Departments,
            },
            limit: rule.limit,
            window: rule.window,
            value: rule.value,
            deletions: rule.deletions,
            base: rule.base,
            attribute: rule.attribute,
        }
    }
}

impl From<HeldView> for HeldList {
    fn from(view: HeldView) -> Self {
        let stored = view.stored;
        Self {
            fingerprint: stored.list.fingerprint.to_string(),
            run: stored.list.run.to_string(),
            held_at: stored.list.held_at,
            expires_at: stored.list.expires_at,
            rules: stored.list.rules.into_iter().map(HeldRule::from).collect(),
            state: view.state,
            count: view.count,
            decided_by: stored.decided_by,
            decided_at: stored.decided_at,
            consumed_by: stored.consumed_by.map(|run| run.to_string()),
        }
    }
}

/// One removal that waits for a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HeldItem {
    #[schema(value_type = KindWord)]
    pub kind: ItemKind,
    /// As WeCom spells it.
    pub id: String,
    pub internal_id: String,
    pub name: String,
    #[schema(value_type = ActionWord)]
    pub action: Action,
    pub departments: Vec<u32>,
    /// Somebody under this userid may be the same person; absent: nobody may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspected_rename: Option<String>,
}

impl From<org_plan::HeldItem> for HeldItem {
    fn from(item: org_plan::HeldItem) -> Self {
        Self {
            kind: item.kind,
            id: item.id,
            internal_id: item.internal_id.to_string(),
            name: item.name,
            action: item.action,
            departments: item
                .departments
                .iter()
                .map(|department| department.0)
                .collect(),
            suspected_rename: item.suspected_rename.map(|userid| userid.to_string()),
        }
    }
}

/// What is approved. No body: the whole list.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveBody {
    /// Items to keep, spelled as the list spells them.
    #[serde(default)]
    pub except: Vec<ExceptEntry>,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptEntry {
    #[schema(value_type = KindWord)]
    pub kind: ItemKind,
    pub id: String,
}

impl From<ExceptEntry> for source_admin::Exception {
    fn from(entry: ExceptEntry) -> Self {
        Self {
            kind: entry.kind,
            id: entry.id,
        }
    }
}

/// The approved list, and the run that was asked for to apply it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Approval {
    #[serde(flatten)]
    pub list: HeldList,
    /// `null`: none was started; `warnings` says why.
    pub approval_run: Option<Run>,
    /// The run that was live already.
    pub live_run: Option<String>,
    pub warnings: Vec<Warning>,
}

impl From<source_admin::Approval> for Approval {
    fn from(approval: source_admin::Approval) -> Self {
        Self {
            list: approval.list.into(),
            approval_run: approval.run.map(Run::from),
            live_run: approval.live_run.map(|run| run.to_string()),
            warnings: warnings(approval.warnings),
        }
    }
}
