//! The tags of the range, and whether the tree holds what the range declares.

use std::collections::BTreeSet;

use futures::StreamExt;
use org_model::{DepartmentId, GapCause, GapPlace, TagId};
use sync_run::ports::ReadError;

use super::Reading;
use crate::errcode::ErrorClass;
use crate::failure::Failure;
use crate::question::Question;
use crate::width::WIDTH_MAX;
use crate::wire::{TagAnswer, department_answer, tag_answer};

/// Departments that the range declares and the tree lacks are asked for by name, up to this many;
/// more of them mean that the tree came short.
const ASKED_BY_NAME_MAX: usize = 5;

impl Reading {
    /// Each tag of the range with its members and departments.
    pub(super) async fn tags(&mut self) -> Result<(), ReadError> {
        let asked = self.before.tags.iter().map(|id| {
            let (talk, id) = (self.talk.clone(), *id);
            async move { (id, talk.ask(&Question::tag(id), &tag_answer).await) }
        });
        let asked: Vec<_> = asked.collect();
        let mut asked = futures::stream::iter(asked).buffer_unordered(WIDTH_MAX);
        while let Some((id, answer)) = asked.next().await {
            self.take_tag(id, answer)?;
        }
        self.raw.tag_members.sort();
        self.raw.tag_departments.sort();
        Ok(())
    }

    fn take_tag(&mut self, id: TagId, answer: Result<TagAnswer, Failure>) -> Result<(), ReadError> {
        match answer {
            Ok(tag) => {
                if tag.broken > 0 {
                    self.gap(GapPlace::Tag(id), GapCause::Malformed);
                }
                self.raw.tag_members.push((id, tag.users));
                self.raw.tag_departments.push((id, tag.departments));
                Ok(())
            }
            Err(failure) => self.gap_or_stop(GapPlace::Tag(id), &failure),
        }
    }

    /// A department that the range or a tag declares stands in the tree, or is confirmed gone;
    /// otherwise the tree came short, and an empty list would look like an empty company.
    pub(super) async fn check_range_is_in(
        &mut self,
        visible: &BTreeSet<DepartmentId>,
    ) -> Result<(), ReadError> {
        let tagged = self.raw.tag_departments.iter().flat_map(|(_, ids)| ids);
        let declared: BTreeSet<DepartmentId> = self
            .before
            .departments
            .iter()
            .chain(tagged)
            .copied()
            .collect();
        let missing: Vec<DepartmentId> = declared.difference(visible).copied().collect();
        if missing.len() > ASKED_BY_NAME_MAX {
            self.gap(GapPlace::DepartmentTree, GapCause::Malformed);
            return Ok(());
        }
        for id in missing {
            let question = Question::department(id);
            match self.talk.ask(&question, &department_answer).await {
                Ok(_) => self.gap(GapPlace::DepartmentTree, GapCause::Malformed),
                Err(failure) if says_gone(&failure) => {}
                Err(failure) => self.gap_or_stop(GapPlace::DepartmentTree, &failure)?,
            }
        }
        Ok(())
    }
}

fn says_gone(failure: &Failure) -> bool {
    failure.class() == Some(ErrorClass::Absence) || matches!(failure.errcode(), Some(60003 | 60123))
}
