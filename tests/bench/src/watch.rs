//! Watches one run: wall time and memory of each step, and the requests to DynamoDB.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use serde::{Deserialize, Serialize};
use sync_run::ports::{Progress, Step};

use crate::process;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When each step began, and how much memory was resident then.
#[derive(Debug, Default)]
pub struct Stopwatch(Mutex<Vec<Moment>>);

#[derive(Clone, Copy, Debug)]
struct Moment {
    step: Step,
    at: Instant,
    resident_bytes: u64,
}

impl Moment {
    fn now(step: Step) -> Self {
        Self {
            step,
            at: Instant::now(),
            resident_bytes: process::resident_bytes().expect("the kernel tells"),
        }
    }
}

/// One step, measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepCost {
    pub step: String,
    pub seconds: f64,
    /// Resident when it ended.
    pub resident_bytes: u64,
}

impl Stopwatch {
    /// The steps in the order in which they began, the last one ending now.
    pub fn steps(&self) -> Vec<StepCost> {
        let begun = locked(&self.0);
        let Some(last) = begun.last() else {
            return Vec::new();
        };
        let ends = begun.iter().skip(1).copied();
        let ends = ends.chain([Moment::now(last.step)]);
        begun
            .iter()
            .zip(ends)
            .map(|(begin, end)| StepCost {
                step: begin.step.as_str().to_owned(),
                seconds: end.at.duration_since(begin.at).as_secs_f64(),
                resident_bytes: end.resident_bytes,
            })
            .collect()
    }
}

impl Progress for Stopwatch {
    fn step(&self, step: Step) {
        locked(&self.0).push(Moment::now(step));
    }

    fn advance(&self, _done: u64, _total: u64) {}
}

/// Counts requests as they leave, retries included, by operation.
#[derive(Clone, Debug, Default)]
pub struct RequestCounter(Arc<Mutex<BTreeMap<String, u64>>>);

impl RequestCounter {
    pub fn counts(&self) -> BTreeMap<String, u64> {
        locked(&self.0).clone()
    }
}

impl Intercept for RequestCounter {
    fn name(&self) -> &'static str {
        "RequestCounter"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let wanted = context.request().headers().get("x-amz-target");
        let operation = wanted.and_then(|wanted| wanted.rsplit('.').next());
        let operation = operation.unwrap_or("unknown");
        let mut counts = locked(&self.0);
        match counts.get_mut(operation) {
            Some(count) => *count += 1,
            None => {
                counts.insert(operation.to_owned(), 1);
            }
        }
        Ok(())
    }
}
