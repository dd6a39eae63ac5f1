//! People: those of a department, and those by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt;
use org_model::{DepartmentId, Gap, GapCause, GapPlace, RawMember, RawOrg, UserId, UserKey};
use sync_run::ports::ReadError;

use super::gap_of;
use crate::conversation::Conversation;
use crate::errcode::ErrorClass;
use crate::question::Question;
use crate::width::WIDTH_MAX;
use crate::wire::{member_answer, member_list, userid_list};

/// What one department brought.
#[derive(Default)]
pub(super) struct People {
    pub members: Vec<RawMember>,
    pub gaps: Vec<Gap>,
}

impl People {
    fn with_broken(members: Vec<RawMember>, broken: usize, id: DepartmentId) -> Self {
        let what = GapPlace::DepartmentMembers(id);
        let cause = GapCause::Malformed;
        let gaps = (broken > 0).then_some(Gap { what, cause });
        Self {
            members,
            gaps: gaps.into_iter().collect(),
        }
    }
}

/// One `user/list`; a list too large to be sent is read by name (WECOM.md §5, size).
pub(super) async fn of_department(
    talk: Arc<Conversation>,
    id: DepartmentId,
) -> Result<People, ReadError> {
    let decode = |body: &[u8]| member_list(body, id);
    match talk.ask(&Question::members_of(id), &decode).await {
        Ok(list) => Ok(People::with_broken(list.members, list.broken, id)),
        Err(failure) if failure.class() == Some(ErrorClass::Size) => {
            of_large_department(talk, id).await
        }
        Err(failure) => Ok(People {
            gaps: vec![gap_of(GapPlace::DepartmentMembers(id), &failure)?],
            ..People::default()
        }),
    }
}

async fn of_large_department(
    talk: Arc<Conversation>,
    id: DepartmentId,
) -> Result<People, ReadError> {
    let list = match talk.ask(&Question::userids_of(id), &userid_list).await {
        Ok(list) => list,
        Err(failure) => {
            return Ok(People {
                gaps: vec![gap_of(GapPlace::DepartmentMembers(id), &failure)?],
                ..People::default()
            });
        }
    };
    let mut people = People::with_broken(Vec::new(), list.broken, id);
    let asked = list
        .userids
        .into_iter()
        .map(|userid| by_name(talk.clone(), userid, Some(id)));
    let mut asked = futures::stream::iter(asked).buffer_unordered(WIDTH_MAX);
    while let Some(person) = asked.next().await {
        match person? {
            Ok(member) => people.members.push(member),
            Err(gap) => people.gaps.push(gap),
        }
    }
    Ok(people)
}

/// One `user/get` of somebody whom a list, a tag or the range names. Whoever is named there and
/// then not found was not read: a gap, whatever the code.
pub(super) async fn by_name(
    talk: Arc<Conversation>,
    userid: UserId,
    listed_in: Option<DepartmentId>,
) -> Result<Result<RawMember, Gap>, ReadError> {
    let decode = |body: &[u8]| member_answer(body, listed_in);
    match talk.ask(&Question::member(&userid), &decode).await {
        Ok(member) if member.userid.key() == userid.key() => Ok(Ok(member)),
        Ok(_) => Ok(Err(Gap {
            what: GapPlace::Member(userid),
            cause: GapCause::Malformed,
        })),
        Err(failure) => Ok(Err(gap_of(GapPlace::Member(userid), &failure)?)),
    }
}

/// Whom the range or one of its tags names and no list has shown so far, each once.
pub(super) fn not_listed(single: &[UserId], raw: &RawOrg) -> Vec<UserId> {
    let tagged = raw.tag_members.iter().flat_map(|(_, users)| users);
    let mut wanted: BTreeMap<UserKey, UserId> = single
        .iter()
        .chain(tagged)
        .map(|userid| (userid.key(), userid.clone()))
        .collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    for member in &raw.members {
        wanted.remove(&member.userid.key());
    }
    // A list that could not be read may have shown them: asking by name is then no waste.
    wanted
        .into_values()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}
