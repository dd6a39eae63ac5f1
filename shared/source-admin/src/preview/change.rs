//! What a run would do with one person: the plan's own comparison, over the directory as it is.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;
use org_model::{
    DepartmentId, DepartmentTree, DirectoryDepartment, DirectoryUser, Generation, InternalId,
    ItemKey, ItemState, MappedUser, RawDepartment, RawMember, RunId,
};
use org_plan::{
    AcceptedAbsences, Action, AttributeChange, Change, Comparison, Item, Note, Plan, PlanInput,
    PlanRules, plan,
};

use crate::ports::KeptSource;
use crate::{Admin, AdminError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreviewAction {
    Create,
    Update,
    Move,
    Restore,
    Adopt,
    Disable,
    /// The directory holds this person exactly so.
    None,
    /// Nothing would be written; the note says why.
    Conflict,
}

/// What the next complete run would write for one person, protection aside.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonChange {
    pub action: PreviewAction,
    /// The person may no longer sign in afterwards. Protection may hold that part.
    pub disables: bool,
    /// Of the record that stands in the directory under this userid.
    pub internal_id: Option<InternalId>,
    pub changes: Vec<AttributeChange>,
    pub note: Option<Note>,
    /// Departments of the record that the mirror does not have: the run may make them, or leave
    /// them out.
    pub departments_unknown: Vec<DepartmentId>,
}

/// The departments of one person that the mirror has, and the others.
pub(super) struct Places {
    tree: DepartmentTree,
    unknown: Vec<DepartmentId>,
}

impl Admin {
    /// The person as a run would see them: standing in departments that are known. Before the
    /// first run none is; then all are believed.
    pub(super) async fn person_placed(
        &self,
        kept: &KeptSource,
        mut member: RawMember,
    ) -> Result<(RawMember, Places), AdminError> {
        let named: BTreeSet<DepartmentId> = member
            .memberships
            .iter()
            .flatten()
            .map(|one| one.department)
            .collect();
        let source = &kept.stored.source;
        let asked = named
            .iter()
            .map(|id| self.ports.directory.department(source, *id));
        let found = try_join_all(asked).await?;
        let found: Vec<DirectoryDepartment> = found
            .into_iter()
            .flatten()
            .filter(|one| one.state() == ItemState::Live)
            .collect();
        let known: BTreeSet<DepartmentId> = found.iter().map(|one| one.id).collect();
        let unknown = named.difference(&known).copied().collect();
        if kept.stored.state.has_mirror
            && let Some(memberships) = &mut member.memberships
        {
            memberships.retain(|one| known.contains(&one.department));
        }
        let listing: Vec<RawDepartment> = found.into_iter().map(listed).collect();
        let (tree, _whole_company_aside) = DepartmentTree::grow(&listing, false);
        Ok((member, Places { tree, unknown }))
    }

    pub(super) async fn person_change(
        &self,
        kept: &KeptSource,
        mapped: &MappedUser,
        places: Places,
    ) -> Result<PersonChange, AdminError> {
        let stored = &kept.stored;
        let key = mapped.userid.key();
        let before = self.ports.directory.user(&stored.source, &key).await?;
        let internal_id = before.as_ref().map(|user| user.internal_id.clone());
        let comparison = comparison_of(&ItemKey::User(key.clone()), before.as_ref());
        let images = before.map(|user| (ItemKey::User(key.clone()), Item::User(user)));
        let made = plan(PlanInput {
            source: &stored.source,
            // Names what a creation would mint; nobody is shown it.
            run: &RunId::new("preview"),
            generation: Generation::default(),
            now: self.ports.clock.now(),
            sealed: true,
            tree: &places.tree,
            people: BTreeMap::from([(key, mapped.clone())]),
            comparison: &comparison,
            before: images.into_iter().collect(),
            absences: BTreeMap::new(),
            waiting: BTreeSet::new(),
            accepted: AcceptedAbsences::default(),
            resolutions: BTreeMap::new(),
            rules: PlanRules {
                deleted_retention_days: stored.settings.retention_days.deleted,
                // Nobody is missing here who could be the same person.
                contact_attributes: BTreeSet::new(),
            },
        });
        Ok(told(made, internal_id, places.unknown))
    }
}

fn listed(department: DirectoryDepartment) -> RawDepartment {
    RawDepartment {
        id: department.id,
        name: department.name,
        parent: department.parent,
        order: department.order,
        leaders: Some(department.leaders),
    }
}

fn comparison_of(key: &ItemKey, before: Option<&DirectoryUser>) -> Comparison {
    let mut comparison = Comparison::default();
    match before {
        None => comparison.to_create.insert(key.clone()),
        Some(_) => comparison.to_review.insert(key.clone()),
    };
    comparison
}

fn told(
    made: Plan,
    internal_id: Option<InternalId>,
    departments_unknown: Vec<DepartmentId>,
) -> PersonChange {
    let mut told = PersonChange {
        action: PreviewAction::None,
        disables: false,
        internal_id,
        changes: Vec::new(),
        note: None,
        departments_unknown,
    };
    if let Some(refused) = made.refused.into_iter().next() {
        told.action = PreviewAction::Conflict;
        told.note = Some(refused.note);
        return told;
    }
    let change = made.changes.into_iter().find(|one| !one.is_refresh());
    if let Some(change) = change {
        told.action = action_word(change.action);
        take(&mut told, change);
    }
    if let Some(removal) = made.removals.into_iter().next() {
        told.disables = true;
        if told.action == PreviewAction::None {
            told.action = action_word(removal.action);
        }
        take(&mut told, removal);
    }
    told
}

fn take(told: &mut PersonChange, change: Change) {
    told.changes.extend(change.changes);
    told.note = told.note.take().or(change.note);
}

fn action_word(action: Action) -> PreviewAction {
    match action {
        Action::Create => PreviewAction::Create,
        Action::Update => PreviewAction::Update,
        Action::Move => PreviewAction::Move,
        Action::Restore => PreviewAction::Restore,
        Action::Adopt => PreviewAction::Adopt,
        // A person who was just read is never deleted or detached.
        Action::Disable | Action::Delete | Action::Detach => PreviewAction::Disable,
    }
}
