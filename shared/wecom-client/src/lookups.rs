//! Reads that no run makes: somebody by their mobile, and the bare shape of the tree.

use std::sync::atomic::Ordering;

use org_model::{DepartmentId, UserId};
use secrecy::SecretString;
use sync_run::ports::{Answer, ReadError};

use crate::errcode::ErrorClass;
use crate::failure::Failure;
use crate::question::Question;
use crate::remedies::mobile_lookup_not_allowed;
use crate::session::Session;
use crate::wire::{DepartmentPlace, department_places, userid_answer};

impl Session {
    /// Whose mobile this is (`user/getuserid`). `Absent`: nobody's whom the app may see. Never
    /// `Unknown`: the error says why there is no answer.
    ///
    /// Too many unknown mobiles block the call for a day (WECOM.md §3). Once it is refused for that
    /// or another limit, this session does not ask it again.
    ///
    /// # Errors
    ///
    /// `lookups_blocked` as above, and those of [`WecomClient::begin`](crate::WecomClient::begin).
    /// None shows the mobile. `mobile_lookup_not_allowed`: the app has no right to this search, or
    /// (60011) the person is not visible to it.
    pub async fn userid_of(&self, mobile: &SecretString) -> Result<Answer<UserId>, ReadError> {
        if self.lookups_blocked.load(Ordering::Relaxed) {
            return Err(self.error(Failure::LookupsBlocked));
        }
        let question = Question::userid_of(mobile);
        let answer = self.talk.ask(&question, &userid_answer).await;
        if answer == Err(Failure::LookupsBlocked) {
            self.lookups_blocked.store(true, Ordering::Relaxed);
        }
        match answer {
            Err(failure) if may_not_search(&failure) => Err(mobile_lookup_not_allowed(
                failure.errcode().unwrap_or_default(),
            )),
            answer => self.told(answer, |failure| {
                failure.class() == Some(ErrorClass::Absence)
            }),
        }
    }

    /// A department and all below it, or (`None`) everything visible, without names
    /// (`department/simplelist`). `Absent`: `below` is not there. `Unknown`: an answer without
    /// `below`, which is an answer to something else.
    ///
    /// # Errors
    ///
    /// Those of [`WecomClient::begin`](crate::WecomClient::begin); `not_wecom` also when only a
    /// part of the answer could be read.
    pub async fn places(
        &self,
        below: Option<DepartmentId>,
    ) -> Result<Answer<Vec<DepartmentPlace>>, ReadError> {
        let question = Question::places(below);
        match self.talk.ask(&question, &department_places).await {
            Ok(places) if below.is_some_and(|id| places.iter().all(|place| place.id != id)) => {
                Ok(Answer::Unknown)
            }
            answer => self.told(answer, |failure| {
                below.is_some() && matches!(failure.errcode(), Some(60003 | 60123))
            }),
        }
    }

    pub(crate) fn told<T>(
        &self,
        answer: Result<T, Failure>,
        says_absent: impl Fn(&Failure) -> bool,
    ) -> Result<Answer<T>, ReadError> {
        match answer {
            Ok(found) => Ok(Answer::Found(found)),
            Err(failure) if says_absent(&failure) => Ok(Answer::Absent),
            Err(failure) if failure.class() == Some(ErrorClass::Range) => Ok(Answer::OutOfRange),
            Err(failure) => Err(self.error(failure)),
        }
    }
}

/// Everything else was allowed when the session began: what is refused is this search.
fn may_not_search(failure: &Failure) -> bool {
    matches!(
        failure.errcode(),
        Some(48001 | 48002 | 48004 | 48006 | 60011)
    )
}
