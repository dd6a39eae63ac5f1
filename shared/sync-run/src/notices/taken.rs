//! What a run took away although one of its readings proved nobody's absence: each of its segments
//! reads anew, and another one may have been complete.

use org_plan::Action;
use serde_json::{Value, json};

use super::page::{Page, departments, people};
use crate::{RowResult, RunRecord};

#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    segments: u32,
    /// Deleted, disabled or detached.
    users: u64,
    departments: u64,
    /// People in other departments than before. Into more of them, if nothing was complete.
    moved: u64,
    /// Some of it may have happened: it is in the rows that failed.
    is_unsure: bool,
}

impl Taken {
    pub fn of(record: &RunRecord) -> Self {
        let rows = |kind: &str, actions: &[Action], result| -> u64 {
            let counts = record.counts.get(kind).into_iter().flatten();
            let counts = counts.filter(|(action, _)| actions.contains(action));
            counts.filter_map(|(_, results)| results.get(&result)).sum()
        };
        let gone = [Action::Delete, Action::Disable, Action::Detach];
        let failed = rows("users", &gone, RowResult::Failed)
            + rows("departments", &gone, RowResult::Failed)
            + rows("users", &[Action::Move], RowResult::Failed);
        Self {
            segments: record.segments,
            users: rows("users", &gone, RowResult::Done),
            departments: rows("departments", &gone, RowResult::Done),
            moved: rows("users", &[Action::Move], RowResult::Done),
            is_unsure: failed > 0,
        }
    }

    /// One reading alone moves people into departments and out of none.
    fn is_nothing(self) -> bool {
        let is_moving = self.segments > 1 && (self.moved > 0 || self.is_unsure);
        self.users == 0 && self.departments == 0 && !is_moving
    }

    /// The begin of the first line.
    pub fn nobody(self) -> (&'static str, &'static str) {
        match self.is_nothing() {
            true => (
                "Nobody was deleted, disabled or taken out of a department",
                "没有删除、停用任何人，也没有把任何人移出部门",
            ),
            false => (
                "By this reading nobody was deleted, disabled or taken out of a department",
                "没有根据这次读取删除、停用任何人，也没有把任何人移出部门",
            ),
        }
    }

    /// What all readings of the run together did.
    pub fn say(self, page: &mut Page) {
        if self.is_nothing() {
            return;
        }
        let Self {
            segments,
            users,
            departments: units,
            moved,
            ..
        } = self;
        page.say(
            format!(
                "The run took {segments} segments, and each reads anew. Together they deleted, \
                 disabled or detached {} and {}, and moved {}, as far as is known.",
                people(users),
                departments(units),
                people(moved)
            ),
            format!(
                "本次运行分 {segments} 段，每段重新读取。已知各段合计删除、停用或脱离 {users} 人、\
                 {units} 个部门，调动 {moved} 人。"
            ),
        );
    }

    /// For machines: the rows of the whole run.
    pub fn detail(self) -> Value {
        json!({
            "segments": self.segments, "users": self.users, "departments": self.departments,
            "moved": self.moved,
        })
    }
}
