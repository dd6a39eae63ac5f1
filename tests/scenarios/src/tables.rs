//! What the tables hold, read from the stored bytes: a scan and a decoder of its own, so that a
//! mistake of the store's reader cannot hide a mistake of its writer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use org_model::{DirectoryDepartment, DirectoryUser, InternalId, UserKey};
use org_plan::Item;
use serde_json::{Map, Value};
use testkit::dynamo::{DIRECTORY_TABLE, SYNC_TABLE};

/// Both tables, by name.
pub const TABLES: [&str; 2] = [DIRECTORY_TABLE, SYNC_TABLE];

/// Every item of a table whose partition starts with `prefix`, by partition and sort key.
pub async fn raw_items(
    client: &Client,
    table: &str,
    prefix: &str,
) -> BTreeMap<(String, String), HashMap<String, AttributeValue>> {
    let mut found = BTreeMap::new();
    let mut start = None;
    loop {
        let scan = client.scan().table_name(table).consistent_read(true);
        let page = scan.set_exclusive_start_key(start).send().await.unwrap();
        for item in page.items.unwrap_or_default() {
            let key = (
                item["pk"].as_s().unwrap().clone(),
                item["sk"].as_s().unwrap().clone(),
            );
            if key.0.starts_with(prefix) {
                found.insert(key, item);
            }
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            return found;
        }
    }
}

/// All people and departments of one source, records moved aside included, by internal id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory(pub BTreeMap<InternalId, Item>);

impl Directory {
    pub async fn read(client: &Client, source: &str) -> Self {
        let prefix = format!("{source}#");
        let raw = raw_items(client, DIRECTORY_TABLE, &prefix).await;
        let mut items = BTreeMap::new();
        for ((partition, _), attributes) in raw {
            let item = decode(&partition, &attributes);
            let twin = items.insert(item.internal_id().clone(), item);
            assert_eq!(twin, None, "two records have one internal id");
        }
        Self(items)
    }

    pub fn people(&self) -> impl Iterator<Item = &DirectoryUser> {
        self.0.values().filter_map(|item| match item {
            Item::User(user) => Some(user),
            Item::Department(_) => None,
        })
    }

    pub fn departments(&self) -> impl Iterator<Item = &DirectoryDepartment> {
        self.0.values().filter_map(|item| match item {
            Item::Department(department) => Some(department),
            Item::User(_) => None,
        })
    }

    /// The one record of this person that is not deleted.
    pub fn person(&self, userid: &str) -> Option<&DirectoryUser> {
        let key = org_model::UserId::new(userid).key();
        let mut live = self
            .people()
            .filter(|user| user.key() == key && user.deleted_at.is_none());
        let found = live.next();
        assert_eq!(live.next(), None, "{userid} is live twice");
        found
    }

    /// The same of everybody at once, for comparing a large directory whole.
    pub fn people_by_key(&self) -> BTreeMap<UserKey, &DirectoryUser> {
        let mut found = BTreeMap::new();
        for user in self.people().filter(|user| user.deleted_at.is_none()) {
            let twice = found.insert(user.key(), user);
            assert_eq!(twice, None, "{} is live twice", user.userid);
        }
        found
    }

    /// Userids of records that are deleted.
    pub fn deleted_people(&self) -> BTreeSet<String> {
        let deleted = self.people().filter(|user| user.deleted_at.is_some());
        deleted.map(|user| user.userid.to_string()).collect()
    }

    pub fn department(&self, id: u32) -> Option<&DirectoryDepartment> {
        self.departments()
            .find(|department| department.id.0 == id && department.deleted_at.is_none())
    }
}

fn decode(partition: &str, attributes: &HashMap<String, AttributeValue>) -> Item {
    let mut fields: Map<String, Value> = attributes
        .iter()
        .map(|(name, value)| (name.clone(), json_of(value)))
        .collect();
    let stamp = serde_json::json!({ "fingerprint": fields["fp"], "generation": fields["gen"] });
    fields.insert("stamp".to_owned(), stamp);
    fields.insert("internal_id".to_owned(), fields["iid"].clone());
    let state = fields["st"].as_str().unwrap().to_owned();
    let fields = Value::Object(fields);
    let item = if partition.contains("#u#") {
        Item::User(serde_json::from_value(fields).unwrap())
    } else {
        Item::Department(serde_json::from_value(fields).unwrap())
    };
    let known = serde_json::to_value(item.state()).unwrap();
    assert_eq!(known, state, "what the index says of {}", item.id());
    item
}

fn json_of(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => Value::from(text.as_str()),
        AttributeValue::N(digits) => serde_json::from_str(digits).unwrap(),
        AttributeValue::Bool(flag) => Value::from(*flag),
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::L(items) => items.iter().map(json_of).collect(),
        AttributeValue::M(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), json_of(value)))
            .collect(),
        other => panic!("an attribute of an unexpected type: {other:?}"),
    }
}
