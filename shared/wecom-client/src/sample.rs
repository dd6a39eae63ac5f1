//! [`LookupSession`]: reads for a preview, few of them.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use org_model::{DepartmentId, RawMember, UserId};
use secrecy::SecretString;
use source_admin::ports::LookupSession;
use sync_run::ports::{Answer, ReadError, WecomSession};

use crate::errcode::ErrorClass;
use crate::failure::Failure;
use crate::question::Question;
use crate::session::Session;
use crate::wire::{AgentAnswer, member_answer, member_list, tag_answer, userid_list};

/// Of a department too large to be listed, so many are read by name: enough to see which fields
/// this app is shown.
const OF_LARGE_MAX: usize = 20;
/// Lists that are looked into for somebody: of the departments that the range declares, and of
/// those below them.
const DECLARED_MAX: usize = 3;
const BELOW_MAX: usize = 5;
/// People by name, and tags, that are asked for where no list shows anybody.
const NAMED_MAX: usize = 3;
const TAGS_MAX: usize = 3;

#[async_trait]
impl LookupSession for Session {
    fn agent(&self) -> Option<String> {
        WecomSession::agent(self)
    }

    async fn member(&self, userid: &UserId) -> Result<Answer<RawMember>, ReadError> {
        let decode = |body: &[u8]| member_answer(body, None);
        let answer = self.talk.ask(&Question::member(userid), &decode).await;
        match answer {
            Ok(member) if member.userid.key() != userid.key() => Ok(Answer::Unknown),
            answer => self.told(answer, |failure| {
                failure.class() == Some(ErrorClass::Absence)
            }),
        }
    }

    async fn userid_of(&self, mobile: &SecretString) -> Result<Answer<UserId>, ReadError> {
        Self::userid_of(self, mobile).await
    }

    async fn members_of(&self, department: DepartmentId) -> Result<Vec<RawMember>, ReadError> {
        let listed = self.listed(department).await;
        listed.map_err(|failure| self.error(failure))
    }

    async fn sample(&self) -> Result<Vec<RawMember>, ReadError> {
        let sample = self.somebody().await;
        sample.map_err(|failure| self.error(failure))
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        self.talk.calls()
    }
}

impl Session {
    async fn listed(&self, id: DepartmentId) -> Result<Vec<RawMember>, Failure> {
        let decode = |body: &[u8]| member_list(body, id);
        match self.talk.ask(&Question::members_of(id), &decode).await {
            Ok(list) => Ok(list.members),
            Err(failure) if failure.class() == Some(ErrorClass::Size) => {
                let question = Question::userids_of(id);
                let list = self.talk.ask(&question, &userid_list).await?;
                self.by_name(&list.userids, OF_LARGE_MAX).await
            }
            Err(failure) => Err(failure),
        }
    }

    /// Those of the first `max` who are there and visible.
    async fn by_name(&self, userids: &[UserId], max: usize) -> Result<Vec<RawMember>, Failure> {
        let mut found = Vec::new();
        for userid in userids.iter().take(max) {
            let decode = |body: &[u8]| member_answer(body, None);
            let answer = self.talk.ask(&Question::member(userid), &decode).await;
            found.extend(unless_hidden(answer)?);
        }
        Ok(found)
    }

    async fn somebody(&self) -> Result<Vec<RawMember>, Failure> {
        let range = self.range().await?;
        let declared: Vec<_> = range
            .departments
            .iter()
            .copied()
            .take(DECLARED_MAX)
            .collect();
        let mut found = self.first_list(&declared).await?;
        if found.is_empty() && !declared.is_empty() {
            let below = self.leaves(&declared).await?;
            found = self.first_list(&below).await?;
        }
        if found.is_empty() {
            found = self.by_name(&range.users, NAMED_MAX).await?;
        }
        if found.is_empty() {
            found = self.tagged(&range).await?;
        }
        Ok(found)
    }

    async fn first_list(&self, ids: &[DepartmentId]) -> Result<Vec<RawMember>, Failure> {
        for id in ids {
            let list = unless_hidden(self.listed(*id).await)?.unwrap_or_default();
            if !list.is_empty() {
                return Ok(list);
            }
        }
        Ok(Vec::new())
    }

    /// Some departments with none below them, where people are likely to be.
    async fn leaves(&self, seen: &[DepartmentId]) -> Result<Vec<DepartmentId>, Failure> {
        let decode = crate::wire::department_places;
        let places = self.talk.ask(&Question::places(None), &decode).await;
        let places = unless_hidden(places)?.unwrap_or_default();
        let parents: BTreeSet<_> = places.iter().filter_map(|place| place.parent).collect();
        let leaves = places
            .iter()
            .map(|place| place.id)
            .filter(|id| !parents.contains(id) && !seen.contains(id));
        Ok(leaves.take(BELOW_MAX).collect())
    }

    async fn tagged(&self, range: &AgentAnswer) -> Result<Vec<RawMember>, Failure> {
        for id in range.tags.iter().take(TAGS_MAX) {
            let answer = self.talk.ask(&Question::tag(*id), &tag_answer).await;
            let Some(tag) = unless_hidden(answer)? else {
                continue;
            };
            let found = self.by_name(&tag.users, NAMED_MAX).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }
}

/// `None`: not there, or not visible.
fn unless_hidden<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(failure) => match failure.class() {
            Some(ErrorClass::Absence | ErrorClass::Range) => Ok(None),
            _ => Err(failure),
        },
    }
}
