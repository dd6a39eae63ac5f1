//! The last step: somebody can be read, in the way that the range allows.

use org_model::{DepartmentId, UserId};
use source_admin::ports::StepName;

use super::{Proof, Stop, located};
use crate::conversation::Conversation;
use crate::errcode::ErrorClass;
use crate::failure::Failure;
use crate::question::Question;
use crate::remedies::nobody_found;
use crate::wire::{member_answer, member_list, tag_answer};

/// Tags that are looked into for somebody, where the range names nothing else.
const TAGS_MAX: usize = 3;

/// One list where a department is visible; else one person whom the range or a tag names.
pub(super) async fn read(
    talk: &Conversation,
    proof: &Proof,
    department: Option<DepartmentId>,
) -> Result<(), Stop> {
    let answer = match (department, proof.range.users.first()) {
        (Some(id), _) => list(talk, proof, id).await,
        (None, Some(userid)) => person(talk, proof, userid).await,
        (None, None) => return tagged(talk, proof).await,
    };
    told(talk, proof, answer).await
}

/// An empty list is a list that may be read.
async fn list(talk: &Conversation, proof: &Proof, id: DepartmentId) -> Result<(), Failure> {
    let decode = |body: &[u8]| member_list(body, id);
    let question = Question::members_of(id);
    let answer = talk.ask_once(proof.at, &question, &proof.token, &decode);
    match answer.await {
        Ok(_) => Ok(()),
        // Too large to be sent at once: a run reads such a department by name.
        Err(failure) if failure.class() == Some(ErrorClass::Size) => Ok(()),
        Err(failure) => Err(failure),
    }
}

async fn person(talk: &Conversation, proof: &Proof, userid: &UserId) -> Result<(), Failure> {
    let decode = |body: &[u8]| member_answer(body, None);
    let question = Question::member(userid);
    let answer = talk.ask_once(proof.at, &question, &proof.token, &decode);
    answer.await.map(drop)
}

async fn tagged(talk: &Conversation, proof: &Proof) -> Result<(), Stop> {
    for id in proof.range.tags.iter().take(TAGS_MAX) {
        let question = Question::tag(*id);
        let answer = talk.ask_once(proof.at, &question, &proof.token, &tag_answer);
        let named = match answer.await {
            Ok(tag) => tag.users,
            Err(failure) => return told(talk, proof, Err(failure)).await,
        };
        if let Some(userid) = named.first() {
            let answer = person(talk, proof, userid).await;
            return told(talk, proof, answer).await;
        }
    }
    Err(Stop::of(StepName::MemberRead, nobody_found()))
}

async fn told(talk: &Conversation, proof: &Proof, answer: Result<(), Failure>) -> Result<(), Stop> {
    match answer {
        Ok(()) => Ok(()),
        Err(failure) => Err(located(talk, proof.at, StepName::MemberRead, failure).await),
    }
}
