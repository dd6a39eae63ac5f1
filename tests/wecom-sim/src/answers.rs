//! The true answer to each call, from the organisation as it is now.

use std::collections::BTreeMap;
use std::net::IpAddr;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::access::{self, Grant};
use crate::calls::Call;
use crate::config::{Listing, SimConfig};
use crate::org::{Department, Org, PersonNo};
use crate::refusal::{self, Refusal, merge};
use crate::wire;
use crate::world::World;

/// One call as it came in.
pub(crate) struct Question {
    pub call: Call,
    pub ip: IpAddr,
    pub right_method: bool,
    pub query: BTreeMap<String, String>,
    pub body: Value,
}

type Answer = Result<Value, Refusal>;

/// `user/list_id` gives at most this many rows a page.
const PAGE_MAX: u64 = 10_000;

impl Question {
    fn text(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    fn id(&self, name: &str) -> Result<Option<u32>, Refusal> {
        let parse = |text: &str| text.parse().map_err(|_| refusal::BAD_PARAMETER);
        self.text(name).map(parse).transpose()
    }

    fn needed_id(&self, name: &str, missing: Refusal) -> Result<u32, Refusal> {
        self.id(name)?.ok_or(missing)
    }
}

/// Judges the caller, then answers.
pub(crate) fn answer(world: &World, question: &Question) -> Answer {
    if !question.right_method {
        let post = question.call.method() == axum::http::Method::POST;
        return Err(if post {
            refusal::NEEDS_POST
        } else {
            refusal::NEEDS_GET
        });
    }
    let settings = world.settings();
    world
        .limits()
        .count(&settings, question.call, world.now())?;
    if question.call == Call::Gettoken {
        return gettoken(world, &settings, question);
    }
    let grant = world
        .access()
        .check(question.text("access_token"), world.now())?;
    access::check_ip(&settings, question.ip)?;
    may_call(grant, question.call)?;
    let mut body = json!({"errcode": 0, "errmsg": "ok"});
    merge(&mut body, read(world, &settings, question)?);
    Ok(body)
}

fn gettoken(world: &World, settings: &SimConfig, question: &Question) -> Answer {
    let credentials = (question.text("corpid"), question.text("corpsecret"));
    let (token, left) = world
        .access()
        .token(settings, question.ip, world.now(), credentials)?;
    let mut body = json!({"access_token": token, "expires_in": left.as_secs()});
    if !settings.private_bodies {
        merge(&mut body, json!({"errcode": 0, "errmsg": "ok"}));
    }
    Ok(body)
}

fn may_call(grant: Grant, call: Call) -> Result<(), Refusal> {
    match (grant, call) {
        (Grant::App, Call::UserListId) => Err(refusal::NOT_FOR_APPS),
        (Grant::App, _) | (Grant::Contacts, Call::UserListId | Call::DepartmentSimplelist) => {
            Ok(())
        }
        (Grant::Contacts, _) => Err(refusal::IDS_ONLY),
    }
}

fn read(world: &World, settings: &SimConfig, question: &Question) -> Answer {
    let org = world.org();
    match question.call {
        Call::AgentGet => agent(&org, settings, question),
        Call::DepartmentList | Call::DepartmentSimplelist => departments(&org, settings, question),
        Call::DepartmentGet => {
            let id = question.needed_id("id", refusal::BAD_PARAMETER)?;
            let department = visible_department(&org, settings, id)?;
            Ok(json!({"department": wire::department(&org, department, settings)}))
        }
        Call::UserList => user_list(&org, settings, question),
        Call::UserSimplelist => user_simplelist(&org, settings, question),
        Call::UserGet => user(&org, settings, question),
        Call::UserGetuserid => userid_of_mobile(world, &org, settings, question),
        Call::UserListId => user_list_id(&org, question),
        Call::TagGet => tag(&org, question),
        // Both are answered before a token is asked for.
        Call::Gettoken | Call::Unknown => Err(refusal::BUSY),
    }
}

fn agent(org: &Org, settings: &SimConfig, question: &Question) -> Answer {
    if question.needed_id("agentid", refusal::NO_AGENT)? != settings.agent_id {
        return Err(refusal::OTHER_AGENT);
    }
    let users = org.range.people.iter().filter_map(|no| org.userid(*no));
    let users: Vec<_> = users.map(|userid| json!({"userid": userid})).collect();
    let ids = org
        .range
        .departments
        .iter()
        .filter(|id| org.departments.contains_key(id));
    let tags = org.range.tags.iter().filter(|id| org.tags.contains_key(id));
    Ok(json!({
        "agentid": settings.agent_id,
        "name": "通讯录同步",
        "description": "",
        "allow_userinfos": {"user": users},
        "allow_partys": {"partyid": ids.collect::<Vec<_>>()},
        "allow_tags": {"tagid": tags.collect::<Vec<_>>()},
        "close": 0,
        "isreportenter": 0,
        "report_location_flag": 0,
    }))
}

fn departments(org: &Org, settings: &SimConfig, question: &Question) -> Answer {
    let top = question.id("id")?.filter(|id| *id != 0);
    if let Some(id) = top {
        visible_department(org, settings, id)?;
    }
    let found = arranged(org.visible_departments(top), settings.listing);
    if question.call == Call::DepartmentList {
        let rows = found
            .into_iter()
            .map(|it| wire::department(org, it, settings));
        return Ok(json!({"department": rows.collect::<Vec<_>>()}));
    }
    let row = |it: &Department| json!({"id": it.id, "parentid": it.parent, "order": it.order});
    Ok(json!({"department_id": found.into_iter().map(row).collect::<Vec<_>>()}))
}

/// Absent is 60003; present out of sight is what the settings say.
fn visible_department<'a>(
    org: &'a Org,
    settings: &SimConfig,
    id: u32,
) -> Result<&'a Department, Refusal> {
    let department = org
        .departments
        .get(&id)
        .ok_or(refusal::UNKNOWN_DEPARTMENT)?;
    let seen = org.sees_department(id);
    if seen {
        Ok(department)
    } else {
        Err(Refusal(settings.invisible_department))
    }
}

fn members(org: &Org, settings: &SimConfig, question: &Question) -> Result<Vec<PersonNo>, Refusal> {
    let id = question.needed_id("department_id", refusal::BAD_PARAMETER)?;
    let department = visible_department(org, settings, id)?;
    Ok(arranged(
        department.people.iter().copied().collect(),
        settings.listing,
    ))
}

fn user_list(org: &Org, settings: &SimConfig, question: &Question) -> Answer {
    let members = members(org, settings, question)?;
    let max = settings.user_list_max as usize;
    if max > 0 && members.len() > max {
        return Err(refusal::TOO_LARGE);
    }
    let rows = members
        .into_iter()
        .filter_map(|no| shown(org, settings, no));
    Ok(json!({"userlist": rows.collect::<Vec<_>>()}))
}

fn user_simplelist(org: &Org, settings: &SimConfig, question: &Question) -> Answer {
    let members = members(org, settings, question)?;
    let rows = members
        .into_iter()
        .filter_map(|no| shown(org, settings, no))
        .map(|body| {
            json!({
                "userid": body["userid"],
                "name": body["name"],
                "department": body["department"],
            })
        });
    Ok(json!({"userlist": rows.collect::<Vec<_>>()}))
}

fn user(org: &Org, settings: &SimConfig, question: &Question) -> Answer {
    let userid = question.text("userid").ok_or(refusal::NO_USERID)?;
    let no = org.find(userid).ok_or(refusal::UNKNOWN_PERSON)?;
    if !org.sees_person(no) {
        return Err(Refusal(settings.invisible_person));
    }
    shown(org, settings, no).ok_or(refusal::UNKNOWN_PERSON)
}

/// The body of a person as this app sees them.
pub(crate) fn shown(org: &Org, settings: &SimConfig, no: PersonNo) -> Option<Value> {
    let mut person = org.person(no)?;
    if settings.hide_foreign_departments {
        person = org.as_seen(person);
    }
    Some(wire::member(org, &person, settings))
}

fn userid_of_mobile(world: &World, org: &Org, settings: &SimConfig, question: &Question) -> Answer {
    world.limits().check_mobiles(settings, world.now())?;
    let mobile = question.body["mobile"]
        .as_str()
        .ok_or(refusal::BAD_PARAMETER)?;
    let found = org.find_mobile(mobile).filter(|no| org.sees_person(*no));
    match found.and_then(|no| org.userid(no)) {
        Some(userid) => Ok(json!({"userid": userid})),
        None => {
            world.limits().count_unknown_mobile(world.now());
            Err(refusal::UNKNOWN_MOBILE)
        }
    }
}

/// One row per (person, department); the cursor is the number of the next row, so a page may split
/// a person.
fn user_list_id(org: &Org, question: &Question) -> Answer {
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
                return Ok(json!({"dept_user": rows, "next_cursor": format!("{no}.{seat}")}));
            }
            rows.push(json!({"userid": userid, "department": department}));
        }
    }
    Ok(json!({"dept_user": rows, "next_cursor": ""}))
}

fn parse_cursor(cursor: &str) -> Option<(PersonNo, usize)> {
    let (no, seat) = cursor.split_once('.')?;
    Some((no.parse().ok()?, seat.parse().ok()?))
}

fn tag(org: &Org, question: &Question) -> Answer {
    let id = question.needed_id("tagid", refusal::UNKNOWN_TAG)?;
    let tag = org.tags.get(&id).ok_or(refusal::UNKNOWN_TAG)?;
    if !org.sees_tag(id) {
        return Err(refusal::OUT_OF_RANGE);
    }
    let people = tag.people.iter().filter_map(|no| org.person(*no));
    let people = people.map(|it| json!({"userid": it.userid, "name": it.name}));
    let departments = tag
        .departments
        .iter()
        .filter(|id| org.departments.contains_key(id));
    Ok(json!({
        "tagname": tag.name,
        "userlist": people.collect::<Vec<_>>(),
        "partylist": departments.collect::<Vec<_>>(),
    }))
}

fn arranged<T>(mut rows: Vec<T>, listing: Listing) -> Vec<T> {
    match listing {
        Listing::Natural => {}
        Listing::Reversed => rows.reverse(),
        Listing::Shuffled(seed) => rows.shuffle(&mut ChaCha8Rng::seed_from_u64(seed)),
    }
    rows
}
