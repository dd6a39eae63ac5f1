//! Ids are newtypes: a department id never stands where a tag id should.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A department's number in WeCom, unique within a corp (WECOM.md §6: int32, the root is 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DepartmentId(pub u32);

impl DepartmentId {
    /// The company itself (WECOM.md §6).
    pub const ROOT: Self = Self(1);
}

impl fmt::Display for DepartmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A tag's number in WeCom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TagId(pub u32);

impl fmt::Display for TagId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A person's id in WeCom, spelled as WeCom spells it; unique ignoring case (WECOM.md §3).
    UserId
);
text_id!(
    /// The case-folded form of a [`UserId`]: two spellings of one person have one key.
    UserKey
);
text_id!(
    /// The directory's own id of a person or department; it outlives renames and returns.
    InternalId
);
text_id!(
    /// The name an administrator gave a source, such as `hq`.
    SourceId
);
text_id!(
    /// One execution. Run ids sort by the time the run was asked for.
    RunId
);

impl UserId {
    pub fn key(&self) -> UserKey {
        UserKey(self.0.to_lowercase())
    }
}

impl InternalId {
    /// The id of an item that `run` creates: a UUIDv5 of source, run and item, so that a creation
    /// that is sent twice, or planned again by a later segment, makes the same person.
    pub fn mint(source: &SourceId, run: &RunId, kind: &str, key: &str) -> Self {
        let name = format!("{source}\n{run}\n{kind}\n{key}");
        Self(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string())
    }
}

/// Counts the runs that claimed a source's lease; a later run has a larger generation.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Generation(pub u64);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
