//! What the calls of one handle consumed, by DynamoDB's own count.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::ConsumedCapacity;
use sync_run::Units;

#[derive(Clone, Debug, Default)]
pub(crate) struct Meter(Arc<Mutex<Units>>);

impl Meter {
    /// The count is optional everywhere: not every service behind the protocol gives it.
    pub fn read<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        let units = total(consumed);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .read_units += units;
    }

    pub fn wrote<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        let units = total(consumed);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_units += units;
    }

    pub fn units(&self) -> Units {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn total<'a>(consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) -> f64 {
    consumed
        .into_iter()
        .filter_map(ConsumedCapacity::capacity_units)
        .sum()
}
