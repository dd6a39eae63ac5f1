//! What one corp may be asked in a minute and in an hour, by everybody in this process.
//!
//! WeCom allows 10,000 calls a minute and 150,000 an hour per corp and call, and blocks for as long
//! as the window that was hit (WECOM.md §5). All calls are counted together: stricter, and simpler.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::time::{Instant, sleep_until};

/// In any 60 seconds at most the burst and a minute's refill: 2,000 + 60 · 125 = 9,500. Most
/// organisations fit in the burst; the largest (30,000 departments) take four minutes.
const BURST: NonZeroU32 = NonZeroU32::new(2_000).unwrap();
const PER_SECOND: NonZeroU32 = NonZeroU32::new(125).unwrap();

/// 150,000 less what other programs of the same corp may need for a while.
const PER_HOUR_MAX: u32 = 149_000;

/// The budget of this run, of this hour, or the rate window ends first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfBudget;

#[derive(Debug)]
pub(crate) struct Limits {
    minute: DefaultDirectRateLimiter,
    hour: Mutex<HourCount>,
    /// After a 45009: nobody asks before this moment.
    quiet_until: Mutex<Option<Instant>>,
    begun: Instant,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            minute: RateLimiter::direct(Quota::per_second(PER_SECOND).allow_burst(BURST)),
            hour: Mutex::default(),
            quiet_until: Mutex::default(),
            begun: Instant::now(),
        }
    }
}

impl Limits {
    /// Returns when one more call may start, unless that is after `deadline`.
    pub async fn admit(&self, deadline: Instant) -> Result<(), OutOfBudget> {
        while let Some(moment) = self.quiet_moment() {
            wait_until(moment, deadline).await?;
        }
        while let Err(not_yet) = self.minute.check() {
            let wait = not_yet.wait_time_from(DefaultClock::default().now());
            wait_until(Instant::now() + wait, deadline).await?;
        }
        if Instant::now() >= deadline {
            return Err(OutOfBudget);
        }
        let mut hour = self.hour.lock().unwrap_or_else(PoisonError::into_inner);
        hour.take(self.begun.elapsed())
    }

    /// WeCom said 45009: everybody waits until the window is over.
    pub fn quiet_for(&self, window: Duration) {
        let until = Instant::now() + window;
        let mut quiet = self.quiet();
        *quiet = (*quiet).max(Some(until));
    }

    fn quiet_moment(&self) -> Option<Instant> {
        self.quiet().filter(|moment| *moment > Instant::now())
    }

    fn quiet(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.quiet_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sleeps, unless the moment is not before the deadline.
pub(crate) async fn wait_until(moment: Instant, deadline: Instant) -> Result<(), OutOfBudget> {
    if moment >= deadline {
        return Err(OutOfBudget);
    }
    sleep_until(moment).await;
    Ok(())
}

/// Calls of the last hour, by the minute: 61 numbers at most.
#[derive(Debug, Default)]
struct HourCount {
    minutes: VecDeque<(u64, u32)>,
    total: u32,
}

impl HourCount {
    /// Counts one call at `now` (since some beginning), if the hour has room for it.
    fn take(&mut self, now: Duration) -> Result<(), OutOfBudget> {
        let minute = now.as_secs() / 60;
        // A minute leaves when even its last second is an hour old.
        while let Some((oldest, count)) = self.minutes.front().copied()
            && oldest + 60 < minute
        {
            self.total -= count;
            self.minutes.pop_front();
        }
        if self.total >= PER_HOUR_MAX {
            return Err(OutOfBudget);
        }
        self.total += 1;
        match self.minutes.back_mut() {
            Some((last, count)) if *last == minute => *count += 1,
            _ => self.minutes.push_back((minute, 1)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
