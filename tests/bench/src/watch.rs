//! Watches one run: the wall time of each step, and the requests to DynamoDB.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use sync_run::ports::{Progress, Step};

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When each step began.
#[derive(Debug, Default)]
pub struct Stopwatch(Mutex<Vec<(Step, Instant)>>);

impl Stopwatch {
    /// Seconds per step in the order in which they began, the last one ending now.
    pub fn seconds(&self) -> Vec<(String, f64)> {
        let begun = locked(&self.0);
        let ends = begun.iter().skip(1).map(|(_, begin)| *begin);
        let ends = ends.chain([Instant::now()]);
        begun
            .iter()
            .zip(ends)
            .map(|((step, begin), end)| {
                let seconds = end.duration_since(*begin).as_secs_f64();
                (step.as_str().to_owned(), seconds)
            })
            .collect()
    }
}

impl Progress for Stopwatch {
    fn step(&self, step: Step) {
        locked(&self.0).push((step, Instant::now()));
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
