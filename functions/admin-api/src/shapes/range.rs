//! The visible range, and what a reading no longer shows of it.

use jiff::Timestamp;
use org_model::{DepartmentId, ExpandedRange, TagId, UserKey, VisibleRange};
use serde::{Deserialize, Serialize};
use source_admin::{RangeApproval, RangeView};
use sync_run::{AffectedPeople, RangeAcceptance, StandingRange};
use utoipa::ToSchema;

use super::{PeopleWord, Run, Warning, warnings};

/// How many ids of a kind are listed; `count` tells how many there are.
const IDS_MAX: usize = 1_000;

/// What the WeCom app may see.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Range {
    /// What the last sealed reading saw; `null`: there was none yet.
    pub baseline: Option<RangeBaseline>,
    /// What later readings no longer show, until it is accepted or shown again; `null`: nothing.
    pub standing: Option<RangeStanding>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RangeBaseline {
    /// The app it was read with.
    pub agent_id: Option<u64>,
    /// The declared range includes the root: WeCom hides nobody, though the settings' scope may.
    pub whole_company: bool,
    pub declared: RangeDeclared,
    /// Readable departments, those below the declared ones included.
    pub departments: u64,
    pub tag_members: u64,
}

/// The range as WeCom's console shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RangeDeclared {
    #[schema(value_type = RangeNumbers)]
    pub departments: RangeIds<DepartmentId>,
    #[schema(value_type = RangeNames)]
    pub users: RangeIds<UserKey>,
    #[schema(value_type = RangeNumbers)]
    pub tags: RangeIds<TagId>,
}

/// So many ids, and the first thousand of them.
#[derive(Clone, Debug, Serialize)]
pub struct RangeIds<T> {
    pub count: u64,
    pub first: Vec<T>,
}

/// So many departments or tags, and the first thousand of their ids.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct RangeNumbers {
    count: u64,
    first: Vec<u32>,
}

/// So many people, and the first thousand of their ids, in lower case.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct RangeNames {
    count: u64,
    first: Vec<String>,
}

/// A narrower range that a reading saw. Nobody is removed for it before it is accepted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RangeStanding {
    /// Stands for exactly this difference: accept this one.
    pub fingerprint: String,
    /// The run that saw it last.
    pub run: String,
    #[schema(value_type = String, format = DateTime)]
    pub seen_at: Timestamp,
    pub agent_id: u64,
    pub declared: RangeDeclared,
    /// Departments that were readable.
    pub departments: u64,
    pub difference: RangeDifference,
    /// Whom the directory holds and this range does not show.
    pub affected: RangeAffected,
    /// `null`: it waits.
    pub acceptance: Option<RangeWord>,
}

/// What is missing of the baseline.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RangeDifference {
    #[schema(value_type = RangeNumbers)]
    pub departments: RangeIds<DepartmentId>,
    #[schema(value_type = RangeNames)]
    pub users: RangeIds<UserKey>,
    #[schema(value_type = RangeNumbers)]
    pub tags: RangeIds<TagId>,
    #[schema(value_type = RangeNames)]
    pub tag_members: RangeIds<UserKey>,
    /// The baseline saw the whole company, and this does not.
    pub root_lost: bool,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct RangeAffected {
    pub users: u64,
    pub departments: u64,
}

/// A person's word on a range.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RangeWord {
    #[schema(value_type = PeopleWord)]
    pub people: AffectedPeople,
    pub by: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// Which difference is accepted, and what happens to whom it does not show.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptBody {
    pub fingerprint: String,
    /// `keep`: they stay, detached. `delete`: they become candidates, which deletion protection
    /// judges like all others.
    #[schema(value_type = PeopleWord)]
    pub people: AffectedPeople,
}

/// The accepted range, and the run that was asked for to apply it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RangeAccepted {
    #[serde(flatten)]
    pub range: RangeStanding,
    /// `null`: none was started; `warnings` says why.
    pub approval_run: Option<Run>,
    /// The run that was live already.
    pub live_run: Option<String>,
    pub warnings: Vec<Warning>,
}

impl<T> RangeIds<T> {
    fn of<'a>(ids: impl IntoIterator<Item = &'a T>) -> Self
    where
        T: Clone + 'a,
    {
        let all: Vec<&T> = ids.into_iter().collect();
        Self {
            count: all.len() as u64,
            first: all.into_iter().take(IDS_MAX).cloned().collect(),
        }
    }
}

impl From<&VisibleRange> for RangeDeclared {
    fn from(range: &VisibleRange) -> Self {
        Self {
            departments: RangeIds::of(&range.departments),
            users: RangeIds::of(&range.users),
            tags: RangeIds::of(&range.tags),
        }
    }
}

impl RangeBaseline {
    fn of(range: &ExpandedRange, agent_id: Option<u64>) -> Self {
        let members = range
            .tag_members
            .values()
            .map(|members| members.len() as u64);
        Self {
            agent_id,
            whole_company: range.declared.includes_root(),
            declared: RangeDeclared::from(&range.declared),
            departments: range.departments.len() as u64,
            tag_members: members.sum(),
        }
    }
}

impl From<RangeView> for Range {
    fn from(view: RangeView) -> Self {
        let baseline = view.baseline.as_ref();
        Self {
            baseline: baseline.map(|range| RangeBaseline::of(range, view.baseline_agent_id)),
            standing: view.standing.map(RangeStanding::from),
        }
    }
}

impl From<StandingRange> for RangeStanding {
    fn from(range: StandingRange) -> Self {
        let missing = &range.narrowing;
        Self {
            fingerprint: range.fingerprint.to_string(),
            run: range.run.to_string(),
            seen_at: range.seen_at,
            agent_id: range.agent_id,
            declared: RangeDeclared::from(&range.declared),
            departments: range.departments,
            difference: RangeDifference {
                departments: RangeIds::of(&missing.departments),
                users: RangeIds::of(&missing.users),
                tags: RangeIds::of(&missing.tags),
                tag_members: RangeIds::of(&missing.tag_members),
                root_lost: missing.root_lost,
            },
            affected: RangeAffected {
                users: range.affected_users,
                departments: range.affected_departments,
            },
            acceptance: range.acceptance.map(RangeWord::from),
        }
    }
}

impl From<RangeAcceptance> for RangeWord {
    fn from(word: RangeAcceptance) -> Self {
        Self {
            people: word.people,
            by: word.by,
            at: word.at,
        }
    }
}

impl From<RangeApproval> for RangeAccepted {
    fn from(approval: RangeApproval) -> Self {
        Self {
            range: approval.range.into(),
            approval_run: approval.run.map(Run::from),
            live_run: approval.live_run.map(|run| run.to_string()),
            warnings: warnings(approval.warnings),
        }
    }
}
