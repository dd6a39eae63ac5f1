//! Everything that can be told to a running simulator, the same over Rust and over HTTP.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::{AppAge, Listing, Withheld};
use crate::faults::Fault;

/// One command; as JSON an object whose `do` names it:
/// `{"do":"dismiss","userids":["ZhangWei.17"]}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Newcomers; the seed seats them without `departments`, and names them without `userid` or
    /// `name`.
    Hire {
        #[serde(default)]
        userid: Option<String>,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        departments: Vec<u32>,
        #[serde(default = "one")]
        count: u32,
    },
    /// Somebody who left comes back as they were.
    Rehire {
        userid: String,
    },
    Dismiss {
        userids: Vec<String>,
    },
    DismissRandom {
        count: u32,
        #[serde(default)]
        seed: u64,
    },
    /// Everybody in this department and below it; the departments stay.
    DismissDepartment {
        id: u32,
    },
    /// A normal day's mixture; see the README.
    Churn {
        percent: f64,
        #[serde(default)]
        seed: u64,
        #[serde(default)]
        leavers_max: Option<u32>,
    },
    Rename {
        userid: String,
        name: String,
    },
    SwapNames {
        a: String,
        b: String,
    },
    ChangeUserid {
        userid: String,
        to: String,
    },
    /// `ZhangWei.17` becomes `zHANGwEI.17`.
    ChangeUseridCase {
        userid: String,
    },
    /// Exactly these departments; the first is the main one unless it is named.
    Move {
        userid: String,
        departments: Vec<u32>,
        #[serde(default)]
        main_department: Option<u32>,
    },
    SetLeader {
        userid: String,
        department: u32,
        leader: bool,
    },
    SetStatus {
        userids: Vec<String>,
        status: u8,
    },
    SetStatusRandom {
        count: u32,
        #[serde(default)]
        seed: u64,
        status: u8,
    },
    /// Any field of the body, with any value of any type.
    SetField {
        userid: String,
        field: String,
        value: Value,
    },
    /// Leaves the field out of the body.
    UnsetField {
        userid: String,
        field: String,
    },
    SetFieldForAll {
        field: String,
        value: Value,
    },
    UnsetFieldForAll {
        field: String,
    },
    CreateDepartment {
        #[serde(default)]
        id: Option<u32>,
        name: String,
        parent: u32,
    },
    RenameDepartment {
        id: u32,
        name: String,
    },
    /// Not judged: a cycle, a department under itself or under nothing can be made.
    MoveDepartment {
        id: u32,
        parent: u32,
    },
    DeleteDepartment {
        id: u32,
        #[serde(default)]
        people: DepartmentPeople,
    },
    /// Replaces the visible range.
    SetRange {
        #[serde(default)]
        departments: Vec<u32>,
        #[serde(default)]
        users: Vec<String>,
        #[serde(default)]
        tags: Vec<u32>,
    },
    /// Creates or replaces a tag.
    SetTag {
        id: u32,
        name: String,
        #[serde(default)]
        users: Vec<String>,
        #[serde(default)]
        departments: Vec<u32>,
    },
    DeleteTag {
        id: u32,
    },
    /// The organisation as the seed made it, with the whole of it in the range.
    ResetOrg,
    Fault(Fault),
    /// Runs `command` just before the call with this index is served: drift while reading.
    OnCall {
        index: u64,
        command: Box<Command>,
    },
    /// Removes all faults and `on_call` hooks.
    ClearFaults,
    /// Counts and call indexes start at 0 again; faults and hooks stay.
    ResetCounts,
    /// Issued tokens answer 42001.
    ExpireTokens,
    /// Issued tokens answer 40014.
    ForgetTokens,
    /// Moves the simulator's clock on: tokens expire, blocks and quota windows end.
    AdvanceClock {
        seconds: u64,
    },
    Configure(SettingsPatch),
}

/// What becomes of the people of a deleted department.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepartmentPeople {
    /// Who has no other seat gets one in the parent.
    #[default]
    MoveUp,
    Dismiss,
    /// Who has no other seat is left without any.
    Leave,
}

/// Settings to change; absent ones stay. For limits, 0 is "off".
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsPatch {
    pub secret: Option<String>,
    pub contact_secret: Option<String>,
    pub agent_id: Option<u32>,
    pub app_age: Option<AppAge>,
    pub withheld: Option<Withheld>,
    pub private_bodies: Option<bool>,
    pub trusted_ips: Option<Vec<IpAddr>>,
    pub untrusted_ip_named: Option<bool>,
    pub app_disabled: Option<bool>,
    pub token_lifetime_seconds: Option<u64>,
    pub per_minute: Option<u32>,
    pub per_hour: Option<u32>,
    pub concurrency: Option<u32>,
    pub user_list_max: Option<u32>,
    pub unknown_mobiles_max: Option<u32>,
    pub mobile_lookup_refused: Option<i64>,
    pub invisible_person: Option<i64>,
    pub invisible_department: Option<i64>,
    pub hide_foreign_departments: Option<bool>,
    pub listing: Option<Listing>,
    pub latency_ms: Option<u64>,
}

/// Who and what a command touched, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub hired: Vec<String>,
    pub dismissed: Vec<String>,
    pub moved: Vec<String>,
    pub changed: Vec<String>,
    pub departments: Vec<u32>,
}

impl Outcome {
    pub(crate) fn absorb(&mut self, more: Self) {
        self.hired.extend(more.hired);
        self.dismissed.extend(more.dismissed);
        self.moved.extend(more.moved);
        self.changed.extend(more.changed);
        self.departments.extend(more.departments);
    }
}

/// Why a command was refused; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("nobody here has the userid {0}")]
    NoPerson(String),
    #[error("the userid {0} is taken")]
    UseridTaken(String),
    #[error("a userid can be given to one newcomer only")]
    OneUserid,
    #[error("{0} does not sit in department {1}")]
    NotThere(String, u32),
    #[error("there is no department {0}")]
    NoDepartment(u32),
    #[error("department {0} exists")]
    DepartmentExists(u32),
    #[error("the root department cannot be deleted")]
    Root,
    #[error("there is no tag {0}")]
    NoTag(u32),
    #[error("there is no call named {0}")]
    NoCall(String),
    #[error("{0} does not change the organisation")]
    NotOfTheOrganisation(String),
    #[error("the command is not understood: {0}")]
    Unreadable(String),
}

impl Command {
    /// The `do` of its JSON form.
    pub fn name(&self) -> String {
        let form = serde_json::to_value(self).unwrap_or_default();
        form["do"].as_str().unwrap_or_default().to_owned()
    }
}

/// Counts by call kind.
pub(crate) type Counts = BTreeMap<String, u64>;

fn one() -> u32 {
    1
}
