//! A fast stand-in for DynamoDB: the wire protocol, in memory, for what `dynamo-store` sends.
//!
//! - Every request is looked at field by field, every expression is parsed; what is not known here
//!   is refused with a `ValidationException` and told on stderr, so that nothing is skipped
//!   unnoticed.
//! - Units are counted by DynamoDB's rules: a write costs one unit per started KB of the larger of
//!   the old and the new item, and the same for an entry of a local index whose content changes; a
//!   strongly consistent read one unit per started 4 KB, half of it otherwise, a query for the sum
//!   of what it looked at; a transaction doubles the items and not the index entries.
//! - Left out: throttling, transaction conflicts, expiry, and a transaction token that is repeated.

mod counts;
mod expression;
mod operations;
mod request;
mod server;
mod size;
mod table;

pub use counts::{Tally, UnitCounts};
pub use server::StandIn;
pub(crate) use size::{entry_units, item_bytes, read_units, wire_of, write_units};

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use table::Table;

/// An item in its wire form: `{"name":{"S":"text"}}`.
pub(crate) type Item = Map<String, Value>;

/// Why a request was not done.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Nothing here understands it.
    Unsupported(String),
    TableExists(String),
    /// With the item that stood there, if the request wanted it.
    ConditionFailed(Option<String>),
    /// One entry per action: `None` where nothing was wrong.
    Cancelled(Vec<Option<Failed>>),
}

/// An action whose condition failed, with the item that stood there if it was wanted.
#[derive(Debug)]
pub(crate) struct Failed(pub Option<String>);

pub(crate) type Answer = Result<String, Refusal>;

pub(crate) fn unsupported<T>(what: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Unsupported(what.into()))
}

/// Everything stored, and what it cost.
#[derive(Debug, Default)]
pub(crate) struct Database {
    pub tables: BTreeMap<String, Table>,
    pub counts: UnitCounts,
}

impl Database {
    pub fn table(&self, name: &str) -> Result<&Table, Refusal> {
        match self.tables.get(name) {
            Some(table) => Ok(table),
            None => unsupported(format!("there is no table {name}")),
        }
    }

    pub fn table_mut(&mut self, name: &str) -> Result<&mut Table, Refusal> {
        match self.tables.get_mut(name) {
            Some(table) => Ok(table),
            None => unsupported(format!("there is no table {name}")),
        }
    }
}
