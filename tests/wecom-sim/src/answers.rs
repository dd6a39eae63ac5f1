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
use crate::members;
use crate::org::{Department, Org};
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

/// A whole body, or the code of a refusal.
pub(crate) type Answer = Result<Vec<u8>, Refusal>;

/// A good body with these fields.
pub(crate) fn ok(fields: Value) -> Vec<u8> {
    let mut body = json!({"errcode": 0, "errmsg": "ok"});
    merge(&mut body, fields);
    body.to_string().into_bytes()
}

impl Question {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    fn id(&self, name: &str) -> Result<Option<u32>, Refusal> {
        let parse = |text: &str| text.parse().map_err(|_| refusal::BAD_PARAMETER);
        self.text(name).map(parse).transpose()
    }

    pub(crate) fn needed_id(&self, name: &str, missing: Refusal) -> Result<u32, Refusal> {
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
    if settings.app_disabled && question.call != Call::AgentGet {
        return Err(refusal::DISABLED);
    }
    read(world, &settings, question)
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
    Ok(body.to_string().into_bytes())
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
            Ok(ok(
                json!({"department": wire::department(&org, department, settings)}),
            ))
        }
        Call::UserList => members::user_list(&org, settings, question),
        Call::UserSimplelist => members::user_simplelist(&org, settings, question),
        Call::UserGet => members::user(&org, settings, question),
        Call::UserGetuserid => members::userid_of_mobile(world, &org, settings, question),
        Call::UserListId => members::user_list_id(&org, question),
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
    Ok(ok(json!({
        "agentid": settings.agent_id,
        "name": "通讯录同步",
        "description": "",
        "allow_userinfos": {"user": users},
        "allow_partys": {"partyid": ids.collect::<Vec<_>>()},
        "allow_tags": {"tagid": tags.collect::<Vec<_>>()},
        "close": u8::from(settings.app_disabled),
        "isreportenter": 0,
        "report_location_flag": 0,
    })))
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
        return Ok(ok(json!({"department": rows.collect::<Vec<_>>()})));
    }
    let row = |it: &Department| json!({"id": it.id, "parentid": it.parent, "order": it.order});
    Ok(ok(
        json!({"department_id": found.into_iter().map(row).collect::<Vec<_>>()}),
    ))
}

/// Absent is 60003; present out of sight is what the settings say.
pub(crate) fn visible_department<'a>(
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
    Ok(ok(json!({
        "tagname": tag.name,
        "userlist": people.collect::<Vec<_>>(),
        "partylist": departments.collect::<Vec<_>>(),
    })))
}

pub(crate) fn arranged<T>(mut rows: Vec<T>, listing: Listing) -> Vec<T> {
    match listing {
        Listing::Natural => {}
        Listing::Reversed => rows.reverse(),
        Listing::Shuffled(seed) => rows.shuffle(&mut ChaCha8Rng::seed_from_u64(seed)),
    }
    rows
}
