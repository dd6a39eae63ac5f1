//! What the stand-in can do, by the protocol's names.

mod lookup;
mod query;
mod tables;
mod writes;

use super::request::Request;
use super::{Answer, Database, unsupported};

impl Database {
    pub fn answer(&mut self, operation: &str, body: &[u8]) -> Answer {
        let request = Request::parse(body)?;
        match operation {
            "GetItem" => self.get_item(request),
            "BatchGetItem" => self.batch_get_item(request),
            "Query" => self.query(request),
            "Scan" => self.scan(request),
            "PutItem" | "UpdateItem" | "DeleteItem" => self.write_item(operation, request),
            "TransactWriteItems" => self.transact_write_items(request),
            "CreateTable" => self.create_table(request),
            "UpdateTimeToLive" => update_time_to_live(request),
            other => unsupported(format!("the operation {other}")),
        }
    }
}

/// Nothing expires here.
fn update_time_to_live(mut request: Request) -> Answer {
    let rule = request.item("TimeToLiveSpecification")?;
    let text = super::table::text(&rule);
    Ok(format!(r#"{{"TimeToLiveSpecification":{text}}}"#))
}

/// `"ConsumedCapacity":{…}` with what goes before and behind it, or nothing.
fn consumed(wanted: bool, table: &str, units: f64) -> Option<String> {
    wanted.then(|| format!(r#"{{"TableName":"{table}","CapacityUnits":{units:?}}}"#))
}

/// `{"a":…,"b":…}` of what is there.
fn object(fields: impl IntoIterator<Item = (&'static str, Option<String>)>) -> String {
    let fields = fields
        .into_iter()
        .filter_map(|(name, value)| Some(format!(r#""{name}":{}"#, value?)));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}
