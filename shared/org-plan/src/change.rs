//! One change: what, why, before and after.

use std::fmt;

use org_model::{
    Absence, DepartmentId, DirectoryDepartment, DirectoryUser, Generation, InternalId, ItemKey,
    ItemKind, ItemState, WriteStamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One item of the directory, of either kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    User(DirectoryUser),
    Department(DirectoryDepartment),
}

impl Item {
    pub fn key(&self) -> ItemKey {
        match self {
            Self::User(user) => ItemKey::User(user.key()),
            Self::Department(department) => ItemKey::Department(department.id),
        }
    }

    pub fn kind(&self) -> ItemKind {
        match self {
            Self::User(_) => ItemKind::User,
            Self::Department(_) => ItemKind::Department,
        }
    }

    /// The id as WeCom spells it.
    pub fn id(&self) -> String {
        match self {
            Self::User(user) => user.userid.to_string(),
            Self::Department(department) => department.id.to_string(),
        }
    }

    pub fn internal_id(&self) -> &InternalId {
        match self {
            Self::User(user) => &user.internal_id,
            Self::Department(department) => &department.internal_id,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::User(user) => &user.name,
            Self::Department(department) => &department.name,
        }
    }

    pub fn stamp(&self) -> WriteStamp {
        match self {
            Self::User(user) => user.stamp,
            Self::Department(department) => department.stamp,
        }
    }

    pub fn state(&self) -> ItemState {
        match self {
            Self::User(user) => user.state(),
            Self::Department(department) => department.state(),
        }
    }

    pub fn absence(&self) -> Option<&Absence> {
        match self {
            Self::User(user) => user.absence.as_ref(),
            Self::Department(department) => department.absence.as_ref(),
        }
    }

    /// The departments it stands in: a person's memberships, a department's parent.
    pub fn departments(&self) -> Vec<DepartmentId> {
        match self {
            Self::User(user) => user.memberships.iter().map(|m| m.department).collect(),
            Self::Department(department) => department.parent.into_iter().collect(),
        }
    }

    pub(crate) fn set_stamp(&mut self, stamp: WriteStamp) {
        match self {
            Self::User(user) => user.stamp = stamp,
            Self::Department(department) => department.stamp = stamp,
        }
    }

    pub(crate) fn set_absence(&mut self, absence: Option<Absence>) {
        match self {
            Self::User(user) => user.absence = absence,
            Self::Department(department) => department.absence = absence,
        }
    }
}

/// The verbs of the log (DESIGN.md §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Create,
    Update,
    /// A person's departments, or a department's parent.
    Move,
    /// A deleted item came back within its retention, with the same internal id.
    Restore,
    /// A detached person is taken back into the mirror.
    Adopt,
    /// From a status that may sign in to one that may not.
    Disable,
    Delete,
    /// Out of a range that a person accepted: it stays in the directory and is nobody's mirror any
    /// more, until it is read again and adopted.
    Detach,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Move => "move",
            Self::Restore => "restore",
            Self::Adopt => "adopt",
            Self::Disable => "disable",
            Self::Delete => "delete",
            Self::Detach => "detach",
        }
    }

    /// Takes something away: applied under the lease, and judged by the thresholds unless a person
    /// accepted it before.
    pub fn is_removal(self) -> bool {
        matches!(self, Self::Disable | Self::Delete | Self::Detach)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One attribute, before and after; `None` where there is no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeChange {
    pub attribute: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Why a row says more than its action: a stable code, a sentence, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub code: String,
    pub message: String,
    pub remedy: Option<String>,
}

/// One write, complete: what stood there, what will stand there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub action: Action,
    /// As it was read; the write is conditional on its stamp. `None`: nothing stood there.
    pub before: Option<Item>,
    /// As it will stand, with the stamp of this run.
    pub after: Item,
    /// `before` is somebody else's deleted record under the same userid: it moves aside, keeping
    /// its internal id, and `after` is a new person.
    pub displaces: bool,
    /// `after` takes the internal id of this other record over, which goes in the same write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reclaims: Option<Box<Reclaimed>>,
    pub changes: Vec<AttributeChange>,
    pub note: Option<Note>,
}

impl Change {
    pub fn key(&self) -> ItemKey {
        self.after.key()
    }

    pub fn kind(&self) -> ItemKind {
        self.after.kind()
    }

    /// Nothing that a person could see: only the fingerprint is new, or an absence mark goes. It
    /// is written, it makes no row and no count.
    pub fn is_refresh(&self) -> bool {
        self.action == Action::Update && self.changes.is_empty() && self.note.is_none()
    }
}

/// The other record of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reclaimed {
    /// As it was read; the write is conditional on its stamp.
    pub item: Item,
    pub aside: bool,
}

/// Something that a sealed reading did not show, or that the plan refuses to write, and that
/// stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptItem {
    /// As it was read.
    pub before: Item,
    /// The mark to write; `None`: nothing new was learnt, nothing is written, no row.
    pub absence: Option<Absence>,
    /// `out_of_range`, `unknown`, `absent_once`, `not_empty` or `not_detached`; `name_conflict`
    /// when refused.
    pub note: Note,
}

impl KeptItem {
    /// The image with the new mark; `None` if there is nothing to write. Its fingerprint is
    /// unsettled, so that a return is noticed and the mark cleared.
    pub fn marked(&self, generation: Generation) -> Option<Item> {
        let absence = self.absence.clone()?;
        let mut item = self.before.clone();
        let fingerprint = item.stamp().fingerprint.unsettled();
        item.set_absence(Some(absence));
        item.set_stamp(WriteStamp {
            fingerprint,
            generation,
        });
        Some(item)
    }
}
