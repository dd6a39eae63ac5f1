//! Making tables.

use std::collections::BTreeMap;

use crate::standin::request::Request;
use crate::standin::table::{Index, Table};
use crate::standin::{Answer, Database, Refusal, unsupported};

impl Database {
    pub(super) fn create_table(&mut self, mut request: Request) -> Answer {
        let name = request.text("TableName")?;
        if self.tables.contains_key(&name) {
            return Err(Refusal::TableExists(name));
        }
        let (partition, sort) = keys(&mut request)?;
        let mut indexes = request.list("LocalSecondaryIndexes")?.into_iter();
        let index = indexes.next().map(index).transpose()?;
        if indexes.next().is_some() {
            return unsupported("a second local index");
        }
        // Keys are texts: a key of another type is refused when it comes.
        for understood in ["AttributeDefinitions", "BillingMode"] {
            request.take(understood);
        }
        request.finish()?;
        let table = Table {
            partition,
            sort,
            index,
            partitions: BTreeMap::new(),
        };
        self.tables.insert(name.clone(), table);
        Ok(format!(
            r#"{{"TableDescription":{{"TableName":"{name}","TableStatus":"ACTIVE"}}}}"#
        ))
    }
}

fn keys(request: &mut Request) -> Result<(String, String), Refusal> {
    let mut partition = None;
    let mut sort = None;
    for element in request.list("KeySchema")? {
        let mut element = Request::of(element)?;
        let name = element.text("AttributeName")?;
        match element.text("KeyType")?.as_str() {
            "HASH" => partition = Some(name),
            "RANGE" => sort = Some(name),
            other => return unsupported(format!("the key type {other}")),
        }
    }
    match (partition, sort) {
        (Some(partition), Some(sort)) => Ok((partition, sort)),
        _ => unsupported("a table or index without two keys"),
    }
}

fn index(definition: serde_json::Value) -> Result<Index, Refusal> {
    let mut definition = Request::of(definition)?;
    let name = definition.text("IndexName")?;
    let (_, sort) = keys(&mut definition)?;
    let mut projection = Request::of(definition.item("Projection")?.into())?;
    if projection.text("ProjectionType")? != "INCLUDE" {
        return unsupported("an index that does not say what it includes");
    }
    let mut carries = std::collections::BTreeSet::new();
    for attribute in projection.list("NonKeyAttributes")? {
        match attribute.as_str() {
            Some(attribute) => carries.insert(attribute.to_owned()),
            None => return unsupported("an attribute name that is no text"),
        };
    }
    projection.finish()?;
    definition.finish()?;
    Ok(Index {
        name,
        sort,
        carries,
    })
}
