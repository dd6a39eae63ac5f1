//! What the directory holds: people and departments as items, and what a reading wants of them.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    DepartmentId, Fingerprint, Generation, InternalId, MemberStatus, Membership, UserId, UserKey,
};

/// The name of a directory attribute, such as `title`; the administrator's choice.
pub type AttributeName = String;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    User,
    Department,
}

impl ItemKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Department => "department",
        }
    }
}

impl fmt::Display for ItemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which item of one source's mirror.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKey {
    User(UserKey),
    Department(DepartmentId),
}

impl ItemKey {
    pub fn kind(&self) -> ItemKind {
        match self {
            Self::User(_) => ItemKind::User,
            Self::Department(_) => ItemKind::Department,
        }
    }
}

impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(key) => key.fmt(f),
            Self::Department(id) => id.fmt(f),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    Active,
    Disabled,
    Pending,
    Left,
    Deleted,
}

impl UserStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Pending => "pending",
            Self::Left => "left",
            Self::Deleted => "deleted",
        }
    }

    /// May this person sign in? Going from open to closed is a disable (DESIGN.md §5).
    pub fn is_open(self) -> bool {
        matches!(self, Self::Active | Self::Pending)
    }
}

impl From<MemberStatus> for UserStatus {
    fn from(status: MemberStatus) -> Self {
        match status {
            MemberStatus::Active => Self::Active,
            MemberStatus::Disabled => Self::Disabled,
            MemberStatus::Pending => Self::Pending,
            MemberStatus::Left => Self::Left,
        }
    }
}

/// Who wrote an item last, and what it was made from. Writes are conditional on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteStamp {
    pub fingerprint: Fingerprint,
    pub generation: Generation,
}

/// What was found out about an item that a sealed reading did not show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// When a sealed run first missed it.
    pub first_missed_at: Timestamp,
    /// When WeCom was last asked about it by name.
    pub asked_at: Timestamp,
    pub answer: AbsenceAnswer,
    /// An administrator accepted the range that no longer shows it, and that those whom it does
    /// not show go: from then on being out of range is evidence as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accepted: bool,
}

/// DESIGN.md §4 step 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbsenceAnswer {
    /// WeCom says there is no such person or department.
    Absent,
    /// It exists or may exist where the app cannot see it.
    OutOfRange,
    /// Nobody could tell.
    Unknown,
}

/// One person in the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryUser {
    pub internal_id: InternalId,
    pub userid: UserId,
    pub name: String,
    /// Ordered by department.
    pub memberships: Vec<Membership>,
    pub main_department: Option<DepartmentId>,
    pub direct_leaders: Vec<UserId>,
    pub status: UserStatus,
    pub attributes: BTreeMap<AttributeName, Value>,
    /// Belongs to nobody's mirror: never changed by a run unless adopted.
    pub detached: bool,
    pub absence: Option<Absence>,
    pub deleted_at: Option<Timestamp>,
    /// While deleted: the status from before, so that who was disabled comes back as disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_before: Option<UserStatus>,
    pub stamp: WriteStamp,
}

impl DirectoryUser {
    pub fn key(&self) -> UserKey {
        self.userid.key()
    }

    pub fn state(&self) -> ItemState {
        ItemState::of(self.detached, self.status == UserStatus::Deleted)
    }
}

/// One department in the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryDepartment {
    pub internal_id: InternalId,
    pub id: DepartmentId,
    pub name: String,
    /// `None`: at the top of what the app may see.
    pub parent: Option<DepartmentId>,
    pub order: u64,
    pub leaders: Vec<UserId>,
    pub detached: bool,
    pub absence: Option<Absence>,
    /// Set when the department is deleted.
    pub deleted_at: Option<Timestamp>,
    pub stamp: WriteStamp,
}

impl DirectoryDepartment {
    pub fn state(&self) -> ItemState {
        ItemState::of(self.detached, self.deleted_at.is_some())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    Live,
    Deleted,
    Detached,
}

impl ItemState {
    fn of(detached: bool, deleted: bool) -> Self {
        match (detached, deleted) {
            (true, _) => Self::Detached,
            (false, true) => Self::Deleted,
            (false, false) => Self::Live,
        }
    }
}

/// The little that a plan needs to know about every item of a mirror before it looks closer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub key: ItemKey,
    pub internal_id: InternalId,
    pub state: ItemState,
    pub stamp: WriteStamp,
}

/// What a reading asks for one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent<T> {
    Set(T),
    /// The reading proves that the value is empty.
    Clear,
    /// The reading says nothing about the value: what the directory holds stays. The text is a
    /// short code such as `absent`, `withheld` or `expression_failed`, for the row.
    Keep(String),
}

impl<T> Intent<T> {
    pub fn as_set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Clear | Self::Keep(_) => None,
        }
    }
}

/// What a record does not say of memberships that it has: there the old values stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Untold {
    /// Who leads; `leader` is false everywhere for want of a better word.
    pub leads: bool,
    /// The place within each department; `order` is 0.
    pub orders: bool,
}

/// One person as the reading and the mapping want them to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedUser {
    pub userid: UserId,
    /// `None`: the reading had no name; the old one stays, a new person is named by their userid.
    pub name: Option<String>,
    /// Ordered by department; only departments of the snapshot's tree. `None`: the reading says
    /// nothing about them; the old ones stay, a new person has none.
    pub memberships: Option<Vec<Membership>>,
    /// What the record leaves open of these memberships. No part of the fingerprint: whoever does
    /// not stand exactly as `memberships` says is looked at again by every run.
    #[serde(skip)]
    pub untold: Untold,
    /// `None`: the reading says nothing; the old one stays while the person stands in it.
    pub main_department: Option<DepartmentId>,
    /// `None`: the reading says nothing about them.
    pub direct_leaders: Option<Vec<UserId>>,
    pub status: Option<MemberStatus>,
    /// One for every rule of the mapping. An attribute that is not here is one that the mapping
    /// no longer names.
    pub attributes: BTreeMap<AttributeName, Intent<Value>>,
    /// What stands in where there is no value. Only of attributes that are not set, so that a
    /// default that changes touches only those for whom it matters; left out of the fingerprint's
    /// text when there are none, because a mirror holds fingerprints from before defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub defaults: BTreeMap<AttributeName, Value>,
}

impl MappedUser {
    /// Stands for everything this reading asks of the person.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self)
    }
}
