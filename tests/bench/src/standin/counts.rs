//! What was asked and what it cost, by operation and table.

use std::collections::BTreeMap;

/// The cost of one operation on one table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    pub requests: u64,
    pub read_units: f64,
    pub write_units: f64,
}

/// By operation and table. A transaction's request counts at the table it names first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnitCounts(pub BTreeMap<(String, String), Tally>);

impl UnitCounts {
    pub(crate) fn request(&mut self, operation: &str, table: &str) {
        self.tally(operation, table).requests += 1;
    }

    pub(crate) fn read(&mut self, operation: &str, table: &str, units: f64) {
        self.tally(operation, table).read_units += units;
    }

    pub(crate) fn wrote(&mut self, operation: &str, table: &str, units: f64) {
        self.tally(operation, table).write_units += units;
    }

    fn tally(&mut self, operation: &str, table: &str) -> &mut Tally {
        let key = (operation.to_owned(), table.to_owned());
        self.0.entry(key).or_default()
    }

    /// Everything together.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for tally in self.0.values() {
            total.requests += tally.requests;
            total.read_units += tally.read_units;
            total.write_units += tally.write_units;
        }
        total
    }
}
