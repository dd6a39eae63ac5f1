//! One department of a snapshot.

use serde::{Deserialize, Serialize};

use crate::{DepartmentId, Fingerprint, RawDepartment, UserId};

/// One department of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Department {
    pub id: DepartmentId,
    pub name: String,
    /// `None`: at the top of what the app may see.
    pub parent: Option<DepartmentId>,
    pub order: u64,
    /// `None`: the reading says nothing about them.
    pub leaders: Option<Vec<UserId>>,
}

impl Department {
    /// Stands for everything this reading asks of the department.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self)
    }
}

impl From<&RawDepartment> for Department {
    fn from(raw: &RawDepartment) -> Self {
        Self {
            id: raw.id,
            name: raw.name.clone(),
            parent: raw.parent,
            order: raw.order,
            leaders: raw.leaders.clone(),
        }
    }
}
