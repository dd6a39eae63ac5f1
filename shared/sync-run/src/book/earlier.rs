//! What the segments before this one put into the record: a run counts on, it does not begin anew.

use std::collections::BTreeMap;

use crate::{ReasonText, RunRecord, Units};

/// The record as the segment before left it; of a first segment: nothing.
#[derive(Clone, Debug)]
pub(super) struct Earlier {
    calls: BTreeMap<String, u64>,
    units: Units,
    /// Nothing read so far was unsealed.
    pub sealed: bool,
    reasons: Vec<ReasonText>,
    /// How many rows are durable.
    pub rows: u64,
}

impl Earlier {
    pub fn of(record: &RunRecord) -> Self {
        let actions = record.counts.values().flat_map(BTreeMap::values);
        Self {
            calls: record.wecom_calls.clone(),
            units: record.dynamodb,
            sealed: record.sealed != Some(false),
            reasons: record.unsealed_reasons.clone(),
            rows: actions.flat_map(BTreeMap::values).sum(),
        }
    }

    pub fn calls_and(&self, calls: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
        let mut all = self.calls.clone();
        for (call, times) in calls {
            *all.entry(call).or_default() += times;
        }
        all
    }

    pub fn units_and(&self, units: Units) -> Units {
        Units {
            read_units: self.units.read_units + units.read_units,
            write_units: self.units.write_units + units.write_units,
        }
    }

    /// Each reason once.
    pub fn reasons_and(&self, reasons: impl Iterator<Item = ReasonText>) -> Vec<ReasonText> {
        let mut all = self.reasons.clone();
        for reason in reasons {
            if !all.contains(&reason) {
                all.push(reason);
            }
        }
        all
    }
}
