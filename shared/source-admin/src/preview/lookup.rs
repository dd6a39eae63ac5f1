//! Finds one person in WeCom, and a list of others as evidence of what the app is shown.

use org_model::{DepartmentId, RawMember, UserId};
use sync_run::ports::{Answer, ReadError, Remedy};

use super::question::Who;
use crate::ports::{CheckFailure, LookupSession};

/// One person, and everybody in one list that they stand in.
pub(super) struct Found {
    pub member: RawMember,
    /// Empty: there was no list to look at.
    pub listed: Vec<RawMember>,
    pub department: Option<DepartmentId>,
}

pub(super) async fn find(session: &dyn LookupSession, who: &Who) -> Result<Found, CheckFailure> {
    match who {
        Who::Userid(userid) => by_userid(session, userid).await,
        Who::Mobile(mobile) => {
            let answer = session.userid_of(mobile).await.map_err(by_mobile)?;
            by_userid(session, &found(answer)?).await
        }
        Who::Sample => sample(session).await,
    }
}

async fn by_userid(session: &dyn LookupSession, userid: &UserId) -> Result<Found, CheckFailure> {
    let answer = session.member(userid).await;
    let member = found(answer?)?;
    let Some(department) = home_of(&member) else {
        return Ok(Found {
            member,
            listed: Vec::new(),
            department: None,
        });
    };
    // A list that is refused takes nothing from the person, only the evidence.
    let listed = session.members_of(department).await.ok();
    Ok(Found {
        member,
        department: listed.is_some().then_some(department),
        listed: listed.unwrap_or_default(),
    })
}

/// The fullest record of the first list: the one that shows most of what a mapping could use.
async fn sample(session: &dyn LookupSession) -> Result<Found, CheckFailure> {
    let listed = session.sample().await?;
    let fullest = |one: &&RawMember| {
        let spelling = std::cmp::Reverse(one.userid.clone());
        (one.fields.len(), spelling)
    };
    let member = listed.iter().max_by_key(fullest).cloned();
    let member = member.ok_or_else(|| failure("nobody_visible", Remedy::FixWecom))?;
    Ok(Found {
        department: member.listed_in,
        member,
        listed,
    })
}

fn found<T>(answer: Answer<T>) -> Result<T, CheckFailure> {
    match answer {
        Answer::Found(found) => Ok(found),
        Answer::Absent => Err(failure("not_found", Remedy::FixSettings)),
        Answer::OutOfRange => Err(failure("out_of_range", Remedy::FixWecom)),
        Answer::Unknown => Err(CheckFailure::unanswered()),
    }
}

/// The main department, or the first that the record names, or where it was listed.
fn home_of(member: &RawMember) -> Option<DepartmentId> {
    let memberships = member.memberships.as_deref().unwrap_or_default();
    let first = memberships.first().map(|one| one.department);
    member.main_department.or(first).or(member.listed_in)
}

/// Looking up by mobile takes a right of its own: that is said, instead of a missing right.
fn by_mobile(error: ReadError) -> CheckFailure {
    let mut failure = CheckFailure::from(error);
    if failure.code == "no_right" {
        failure.code = "mobile_lookup_not_allowed";
    }
    failure
}

fn failure(code: &'static str, remedy: Remedy) -> CheckFailure {
    CheckFailure {
        code,
        errcode: None,
        ips: Vec::new(),
        remedy,
        // The words come from the table of `wording`.
        message: code.replace('_', " "),
        remedy_text: String::new(),
    }
}

impl CheckFailure {
    pub(super) fn unanswered() -> Self {
        failure("not_answered", Remedy::RetryLater)
    }
}
