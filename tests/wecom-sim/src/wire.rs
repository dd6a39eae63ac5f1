//! Members and departments as WeCom spells them, for each kind of app and deployment.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::config::{AppAge, SimConfig, Withheld};
use crate::org::{Attribute, Department, Org, Person};

/// Fields an app created after 2022-06-20 has no right to (WECOM.md §1).
const WITHHELD: [&str; 8] = [
    "avatar",
    "thumb_avatar",
    "gender",
    "mobile",
    "email",
    "biz_mail",
    "qr_code",
    "address",
];

/// A member's body as this app sees it; fields that it does not see are `None`.
#[derive(Debug, Serialize)]
struct MemberBody<'a> {
    userid: &'a str,
    name: &'a str,
    department: Vec<u32>,
    order: Vec<u32>,
    position: &'a str,
    telephone: &'a str,
    status: u8,
    extattr: ExtAttr<'a>,
    is_leader_in_dept: Vec<u8>,
    #[serde(flatten)]
    deployment: DeploymentFields<'a>,
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

/// What current deployments have, and what legacy and private ones have in its place.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum DeploymentFields<'a> {
    Current {
        alias: &'a str,
        direct_leader: Vec<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        main_department: Option<u32>,
        external_position: &'a str,
        external_profile: ExternalProfile,
    },
    Legacy {
        english_name: &'a str,
        isleader: u8,
        enable: u8,
        hide_mobile: u8,
        positions: Vec<&'a str>,
    },
}

#[derive(Debug, Serialize)]
struct ExternalProfile {
    external_corp_name: &'static str,
    external_attr: [u8; 0],
}

#[derive(Debug, Serialize)]
struct ExtAttr<'a> {
    attrs: Vec<ExtItem<'a>>,
}

/// The three spellings of an item.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum ExtItem<'a> {
    Text {
        r#type: u8,
        name: &'a str,
        text: TextValue<'a>,
    },
    Web {
        r#type: u8,
        name: &'a str,
        web: WebValue<'a>,
    },
    Bare {
        name: &'a str,
        value: &'a str,
    },
}

#[derive(Debug, Serialize)]
struct TextValue<'a> {
    value: &'a str,
}

#[derive(Debug, Serialize)]
struct WebValue<'a> {
    url: &'a str,
    title: &'a str,
}

/// One member, ready to be written. Without patches nothing is built in between: a list of 30,000
/// is written straight from the people.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    pub org: &'a Org,
    pub person: &'a Person,
    pub settings: &'a SimConfig,
}

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.org.blanket.is_empty() && self.person.patches.is_empty() {
            return self.body().serialize(serializer);
        }
        let mut body = json!(self.body());
        if let Value::Object(fields) = &mut body {
            patch(fields, &self.org.blanket, self.settings);
            patch(fields, &self.person.patches, self.settings);
        }
        body.serialize(serializer)
    }
}

impl Member<'_> {
    fn body(&self) -> MemberBody<'_> {
        let person = self.person;
        let attributes = person.attributes.iter();
        let items = attributes.map(|it| ext_item(it, self.settings.private_bodies));
        let gender = if self.withheld() { "0" } else { &person.gender };
        MemberBody {
            userid: &person.userid,
            name: &person.name,
            department: person.posts.iter().map(|post| post.department).collect(),
            order: person.posts.iter().map(|post| post.order).collect(),
            position: &person.position,
            telephone: &person.telephone,
            status: person.status,
            extattr: ExtAttr {
                attrs: items.collect(),
            },
            is_leader_in_dept: person
                .posts
                .iter()
                .map(|post| u8::from(post.leader))
                .collect(),
            deployment: self.deployment(),
            mobile: self.private(&person.mobile),
            gender: self.private(gender).map(|_| gender),
            email: self.private(&person.email),
            biz_mail: self.private(&person.biz_mail),
            avatar: self.private(&person.avatar),
            thumb_avatar: self.private(&person.avatar),
            address: self.private(&person.address),
            qr_code: self.private(&person.qr_code),
        }
    }

    fn withheld(&self) -> bool {
        self.settings.app_age == AppAge::New
    }

    /// A field that a new app sees not at all or empty.
    fn private<'b>(&self, value: &'b str) -> Option<&'b str> {
        match (self.withheld(), self.settings.withheld) {
            (false, _) => Some(value),
            (true, Withheld::Absent) => None,
            (true, Withheld::Empty) => Some(""),
        }
    }

    fn deployment(&self) -> DeploymentFields<'_> {
        let person = self.person;
        if self.settings.private_bodies {
            return DeploymentFields::Legacy {
                english_name: &person.alias,
                isleader: u8::from(person.posts.iter().any(|post| post.leader)),
                enable: u8::from(person.status != 2),
                hide_mobile: 0,
                positions: person
                    .posts
                    .iter()
                    .map(|_| person.position.as_str())
                    .collect(),
            };
        }
        let leaders = person
            .direct_leaders
            .iter()
            .filter_map(|no| self.org.userid(*no));
        DeploymentFields::Current {
            alias: &person.alias,
            direct_leader: leaders.collect(),
            main_department: person.main_department,
            external_position: &person.external_position,
            external_profile: ExternalProfile {
                external_corp_name: "示例集团",
                external_attr: [],
            },
        }
    }
}

fn ext_item(attribute: &Attribute, legacy: bool) -> ExtItem<'_> {
    match attribute {
        Attribute::Legacy { name, value } => ExtItem::Bare { name, value },
        Attribute::Text { name, value } if legacy => ExtItem::Bare { name, value },
        Attribute::Text { name, value } => ExtItem::Text {
            r#type: 0,
            name,
            text: TextValue { value },
        },
        Attribute::Web { name, url, .. } if legacy => ExtItem::Bare { name, value: url },
        Attribute::Web { name, url, title } => ExtItem::Web {
            r#type: 1,
            name,
            web: WebValue { url, title },
        },
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
        "parentid": department.parent,
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
