//! The true answers about people.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::answers::{Answer, Question, arranged, ok, visible_department};
use crate::config::SimConfig;
use crate::org::{Org, Person, PersonNo};
use crate::refusal::{self, Refusal};
use crate::wire;
use crate::world::World;

/// `user/list_id` gives at most this many rows a page.
const PAGE_MAX: u64 = 10_000;

fn members(org: &Org, settings: &SimConfig, question: &Question) -> Result<Vec<PersonNo>, Refusal> {
    let id = question.needed_id("department_id", refusal::BAD_PARAMETER)?;
    let department = visible_department(org, settings, id)?;
    Ok(arranged(
        department.people.iter().copied().collect(),
        settings.listing,
    ))
}

/// Written straight into the body: a department may have 30,000 members.
pub(crate) fn user_list(org: &Org, settings: &SimConfig, question: &Question) -> Answer {
    let members = members(org, settings, question)?;
    let max = settings.user_list_max as usize;
    if max > 0 && members.len() > max {
        return Err(refusal::TOO_LARGE);
    }
    let mut body = br#"{"errcode":0,"errmsg":"ok","userlist":["#.to_vec();
    let people = members.into_iter().filter_map(|no| seen(org, settings, no));
    for (row, person) in people.enumerate() {
        if row > 0 {
            body.push(b',');
        }
        let member = wire::Member {
            org,
            person: &person,
            settings,
        };
        serde_json::to_writer(&mut body, &member).map_err(|_| refusal::BUSY)?;
    }
    body.extend(b"]}");
    Ok(body)
}

pub(crate) fn user_simplelist(org: &Org, settings: &SimConfig, question: &Question) -> Answer {
    let members = members(org, settings, question)?;
    let people = members.into_iter().filter_map(|no| seen(org, settings, no));
    let rows = people.map(|it| {
        let departments: Vec<_> = it.posts.iter().map(|post| post.department).collect();
        json!({"userid": it.userid, "name": it.name, "department": departments})
    });
    Ok(ok(json!({"userlist": rows.collect::<Vec<_>>()})))
}

pub(crate) fn user(org: &Org, settings: &SimConfig, question: &Question) -> Answer {
    let userid = question.text("userid").ok_or(refusal::NO_USERID)?;
    let no = org.find(userid).ok_or(refusal::UNKNOWN_PERSON)?;
    if !org.sees_person(no) {
        return Err(Refusal(settings.invisible_person));
    }
    shown(org, settings, no)
        .map(ok)
        .ok_or(refusal::UNKNOWN_PERSON)
}

/// The person as this app sees them.
fn seen<'a>(org: &'a Org, settings: &SimConfig, no: PersonNo) -> Option<Cow<'a, Person>> {
    let person = org.person(no)?;
    Some(if settings.hide_foreign_departments {
        org.as_seen(person)
    } else {
        person
    })
}

/// Their body.
pub(crate) fn shown(org: &Org, settings: &SimConfig, no: PersonNo) -> Option<Value> {
    let person = seen(org, settings, no)?;
    Some(json!(wire::Member {
        org,
        person: &person,
        settings
    }))
}

pub(crate) fn userid_of_mobile(
    world: &World,
    org: &Org,
    settings: &SimConfig,
    question: &Question,
) -> Answer {
    if settings.mobile_lookup_refused != 0 {
        return Err(Refusal(settings.mobile_lookup_refused));
    }
    world.limits().check_mobiles(settings, world.now())?;
    let mobile = question.body["mobile"]
        .as_str()
        .ok_or(refusal::BAD_PARAMETER)?;
    let found = org.find_mobile(mobile).filter(|no| org.sees_person(*no));
    match found.and_then(|no| org.userid(no)) {
        Some(userid) => Ok(ok(json!({"userid": userid}))),
        None => {
            world.limits().count_unknown_mobile(world.now());
            Err(refusal::UNKNOWN_MOBILE)
        }
    }
}

/// One row per (person, department); the cursor is the number of the next row, so a page may split
/// a person.
pub(crate) fn user_list_id(org: &Org, question: &Question) -> Answer {
    let limit = question.body["limit"].as_u64().unwrap_or(PAGE_MAX);
    if limit == 0 || limit > PAGE_MAX {
        return Err(refusal::BAD_PARAMETER);
    }
    let cursor = question.body["cursor"]
        .as_str()
        .filter(|cursor| !cursor.is_empty());
    let (first, seat) = match cursor {
        Some(cursor) => parse_cursor(cursor).ok_or(refusal::BAD_PARAMETER)?,
        None => (0, 0),
    };
    let mut rows = Vec::new();
    for no in first..org.numbers().end {
        let Some(userid) = org.userid(no) else {
            continue;
        };
        let skipped = if no == first { seat } else { 0 };
        for (seat, department) in org.departments_of(no).into_iter().enumerate().skip(skipped) {
            if rows.len() as u64 == limit {
                return Ok(ok(
                    json!({"dept_user": rows, "next_cursor": format!("{no}.{seat}")}),
                ));
            }
            rows.push(json!({"userid": userid, "department": department}));
        }
    }
    Ok(ok(json!({"dept_user": rows, "next_cursor": ""})))
}

fn parse_cursor(cursor: &str) -> Option<(PersonNo, usize)> {
    let (no, seat) = cursor.split_once('.')?;
    Some((no.parse().ok()?, seat.parse().ok()?))
}
