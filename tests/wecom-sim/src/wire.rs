//! Members and departments as WeCom spells them, for each kind of app and deployment.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::config::{AppAge, SimConfig, Withheld};
use crate::org::{Attribute, Department, Org, Person};

/// Fields an app created after 2022-06-20 has no right to (WECOM.md §1).
pub(crate) const WITHHELD: [&str; 8] = [
    "avatar",
    "thumb_avatar",
    "gender",
    "mobile",
    "email",
    "biz_mail",
    "qr_code",
    "address",
];

/// Private fields of a member: all there, all absent, or all empty.
#[derive(Debug, Default, Serialize)]
struct PrivateFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mobile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    biz_mail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumb_avatar: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    qr_code: Option<&'a str>,
}

/// What every deployment and every app sees.
#[derive(Debug, Serialize)]
struct CommonFields<'a> {
    userid: &'a str,
    name: &'a str,
    department: Vec<u32>,
    order: Vec<u32>,
    position: &'a str,
    telephone: &'a str,
    status: u8,
    extattr: Value,
}

/// What current deployments have.
#[derive(Debug, Serialize)]
struct CurrentFields<'a> {
    alias: &'a str,
    is_leader_in_dept: Vec<u8>,
    direct_leader: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    main_department: Option<u32>,
    external_position: &'a str,
    external_profile: Value,
}

/// What legacy and private deployments have in their place.
#[derive(Debug, Serialize)]
struct LegacyFields<'a> {
    english_name: &'a str,
    isleader: u8,
    enable: u8,
    hide_mobile: u8,
    positions: Vec<&'a str>,
    is_leader_in_dept: Vec<u8>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum DeploymentFields<'a> {
    Current(CurrentFields<'a>),
    Legacy(LegacyFields<'a>),
}

#[derive(Debug, Serialize)]
struct MemberBody<'a> {
    #[serde(flatten)]
    common: CommonFields<'a>,
    #[serde(flatten)]
    deployment: DeploymentFields<'a>,
    #[serde(flatten)]
    private: PrivateFields<'a>,
}

/// One member as `user/list` and `user/get` show them.
pub(crate) fn member(org: &Org, person: &Person, settings: &SimConfig) -> Value {
    let deployment = if settings.private_bodies {
        DeploymentFields::Legacy(legacy_fields(person))
    } else {
        DeploymentFields::Current(current_fields(org, person))
    };
    let body = MemberBody {
        common: common_fields(person, settings.private_bodies),
        deployment,
        private: private_fields(person, settings),
    };
    let mut body = json!(body);
    if let Value::Object(fields) = &mut body {
        patch(fields, &org.blanket, settings);
        patch(fields, &person.patches, settings);
    }
    body
}

fn common_fields(person: &Person, legacy: bool) -> CommonFields<'_> {
    let attributes = person
        .attributes
        .iter()
        .map(|attribute| extattr(attribute, legacy));
    CommonFields {
        userid: &person.userid,
        name: &person.name,
        department: person.posts.iter().map(|post| post.department).collect(),
        order: person.posts.iter().map(|post| post.order).collect(),
        position: &person.position,
        telephone: &person.telephone,
        status: person.status,
        extattr: json!({"attrs": attributes.collect::<Vec<_>>()}),
    }
}

fn leads(person: &Person) -> Vec<u8> {
    person
        .posts
        .iter()
        .map(|post| u8::from(post.leader))
        .collect()
}

fn current_fields<'a>(org: &Org, person: &'a Person) -> CurrentFields<'a> {
    let leaders = person
        .direct_leaders
        .iter()
        .filter_map(|no| org.userid(*no));
    CurrentFields {
        alias: &person.alias,
        is_leader_in_dept: leads(person),
        direct_leader: leaders.map(std::borrow::Cow::into_owned).collect(),
        main_department: person.main_department,
        external_position: &person.external_position,
        external_profile: json!({"external_corp_name": "示例集团", "external_attr": []}),
    }
}

fn legacy_fields(person: &Person) -> LegacyFields<'_> {
    LegacyFields {
        english_name: &person.alias,
        isleader: u8::from(person.posts.iter().any(|post| post.leader)),
        enable: u8::from(person.status != 2),
        hide_mobile: 0,
        positions: person
            .posts
            .iter()
            .map(|_| person.position.as_str())
            .collect(),
        is_leader_in_dept: leads(person),
    }
}

fn private_fields<'a>(person: &'a Person, settings: &SimConfig) -> PrivateFields<'a> {
    let fill = |value: &'a str, empty: &'a str| match (settings.app_age, settings.withheld) {
        (AppAge::Old, _) => Some(value),
        (AppAge::New, Withheld::Absent) => None,
        (AppAge::New, Withheld::Empty) => Some(empty),
    };
    PrivateFields {
        mobile: fill(&person.mobile, ""),
        gender: fill(&person.gender, "0"),
        email: fill(&person.email, ""),
        biz_mail: fill(&person.biz_mail, ""),
        avatar: fill(&person.avatar, ""),
        thumb_avatar: fill(&person.avatar, ""),
        address: fill(&person.address, ""),
        qr_code: fill(&person.qr_code, ""),
    }
}

fn extattr(attribute: &Attribute, legacy: bool) -> Value {
    match attribute {
        Attribute::Text { name, value } | Attribute::Legacy { name, value } if legacy => {
            json!({"name": name, "value": value})
        }
        Attribute::Legacy { name, value } => json!({"name": name, "value": value}),
        Attribute::Text { name, value } => {
            json!({"type": 0, "name": name, "text": {"value": value}})
        }
        Attribute::Web { name, url, .. } if legacy => json!({"name": name, "value": url}),
        Attribute::Web { name, url, title } => {
            json!({"type": 1, "name": name, "web": {"url": url, "title": title}})
        }
    }
}

/// A patch gives no new app a field that the privacy rule withholds.
fn patch(
    fields: &mut Map<String, Value>,
    patches: &std::collections::BTreeMap<String, Option<Value>>,
    settings: &SimConfig,
) {
    for (field, value) in patches {
        if settings.app_age == AppAge::New && WITHHELD.contains(&field.as_str()) {
            continue;
        }
        match value {
            Some(value) => fields.insert(field.clone(), value.clone()),
            None => fields.remove(field),
        };
    }
}

/// One department as `department/list` and `department/get` show it.
pub(crate) fn department(org: &Org, department: &Department, settings: &SimConfig) -> Value {
    let mut body = json!({
        "id": department.id,
        "name": department.name,
        "parentid": if department.id == crate::org::ROOT { 0 } else { department.parent },
        "order": department.order,
    });
    if let (Value::Object(fields), false) = (&mut body, settings.private_bodies) {
        if let Some(name) = &department.name_en {
            fields.insert("name_en".to_owned(), json!(name));
        }
        let leaders = department.leaders.iter().filter_map(|no| org.userid(*no));
        fields.insert(
            "department_leader".to_owned(),
            json!(leaders.collect::<Vec<_>>()),
        );
    }
    body
}
