//! Reading everything once (DESIGN.md §4 step 3).
//!
//! Wanted: at the end, whatever was asked for is in the [`RawOrg`] or is a gap in it; nothing is
//! ever taken for empty because it was not answered; D departments cost D + 2 calls here, and one
//! per tag and per single member whom no list showed (`connect` has made the first two).
//!
//! Not defended here, because the judge sees it: people who move between two lists, and a range
//! that changes while it is read (`range_before`, `range_after`).

mod people;
mod range;

use std::sync::Arc;

use futures::StreamExt;
use org_model::{DepartmentId, Gap, GapCause, GapPlace, RawOrg};
use sync_run::ports::{Progress, ReadError, WecomScope};

use crate::conversation::Conversation;
use crate::errcode::ErrorClass;
use crate::failure::Failure;
use crate::question::Question;
use crate::remedies::{app_disabled, read_error};
use crate::scope::ScopedTree;
use crate::width::WIDTH_MAX;
use crate::wire::{AgentAnswer, DepartmentList, department_list};

/// One reading in progress.
struct Reading {
    talk: Arc<Conversation>,
    agent_id: u64,
    before: AgentAnswer,
    raw: RawOrg,
}

pub(crate) async fn read(
    talk: Arc<Conversation>,
    agent_id: u64,
    before: AgentAnswer,
    scope: &WecomScope,
    progress: &dyn Progress,
) -> Result<RawOrg, ReadError> {
    let raw = RawOrg {
        range_before: Some(before.range()),
        ..RawOrg::default()
    };
    let mut reading = Reading {
        talk,
        agent_id,
        before,
        raw,
    };
    if let Some(list) = reading.tree().await? {
        reading.below(list, scope, progress).await?;
    }
    reading.raw.gaps.sort();
    reading.raw.gaps.dedup();
    Ok(reading.raw)
}

impl Reading {
    /// `None`: the tree was not answered, and without it nothing else is asked.
    async fn tree(&mut self) -> Result<Option<DepartmentList>, ReadError> {
        let question = Question::departments();
        match self.talk.ask(&question, &department_list).await {
            Ok(list) => {
                if list.broken > 0 {
                    self.gap(GapPlace::DepartmentTree, GapCause::Malformed);
                }
                Ok(Some(list))
            }
            // Here even an unknown code stops: it stands for everything.
            Err(failure) if failure.class() == Some(ErrorClass::Other) => Err(read_error(&failure)),
            Err(failure) => {
                self.gap_or_stop(GapPlace::DepartmentTree, &failure)?;
                Ok(None)
            }
        }
    }

    async fn below(
        &mut self,
        list: DepartmentList,
        scope: &WecomScope,
        progress: &dyn Progress,
    ) -> Result<(), ReadError> {
        let scoped = ScopedTree::of(&list.departments, scope);
        self.raw.scoped = scoped.leaves_something_out();
        self.raw.scope_missing = scoped.missing().clone();
        let visible = list.departments.iter().map(|d| d.id).collect();
        self.raw.departments = list.departments;
        self.raw.departments.retain(|d| scoped.keeps(d.id));
        self.people(progress).await?;
        self.tags().await?;
        self.check_range_is_in(&visible).await?;
        self.single_members(&scoped).await?;
        self.range_again().await
    }

    /// Everybody in every department, many lists at once.
    async fn people(&mut self, progress: &dyn Progress) -> Result<(), ReadError> {
        let ids: Vec<DepartmentId> = self.raw.departments.iter().map(|d| d.id).collect();
        let total = ids.len() as u64;
        progress.advance(0, total);
        let lists = ids
            .into_iter()
            .map(|id| people::of_department(self.talk.clone(), id));
        let mut lists = futures::stream::iter(lists).buffer_unordered(WIDTH_MAX);
        let mut done = 0;
        while let Some(people) = lists.next().await {
            let people = people?;
            self.raw.members.extend(people.members);
            self.raw.gaps.extend(people.gaps);
            done += 1;
            progress.advance(done, total);
        }
        Ok(())
    }

    /// Whoever the range or a tag names and no list showed.
    async fn single_members(&mut self, scoped: &ScopedTree) -> Result<(), ReadError> {
        let members = people::not_listed(&self.before.users, &self.raw);
        let asked = members
            .into_iter()
            .map(|userid| people::by_name(self.talk.clone(), userid, None));
        let mut asked = futures::stream::iter(asked).buffer_unordered(WIDTH_MAX);
        while let Some(person) = asked.next().await {
            match person? {
                Ok(member) if scoped.keeps_member(&member) => self.raw.members.push(member),
                Ok(_) => self.raw.scoped = true,
                Err(gap) => self.raw.gaps.push(gap),
            }
        }
        Ok(())
    }

    async fn range_again(&mut self) -> Result<(), ReadError> {
        match self.talk.ask_agent(self.agent_id).await {
            Ok(answer) if answer.closed => return Err(app_disabled()),
            Ok(answer) => self.raw.range_after = Some(answer.range()),
            Err(failure) => self.gap_or_stop(GapPlace::RangeAfter, &failure)?,
        }
        Ok(())
    }

    fn gap(&mut self, what: GapPlace, cause: GapCause) {
        self.raw.gaps.push(Gap { what, cause });
    }

    fn gap_or_stop(&mut self, what: GapPlace, failure: &Failure) -> Result<(), ReadError> {
        self.raw.gaps.push(gap_of(what, failure)?);
        Ok(())
    }
}

/// The gap that a failure leaves, unless it ends the reading.
fn gap_of(what: GapPlace, failure: &Failure) -> Result<Gap, ReadError> {
    if failure.stops_reading() {
        return Err(read_error(failure));
    }
    let cause = failure.gap_cause();
    Ok(Gap { what, cause })
}
