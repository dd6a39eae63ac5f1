//! How long to wait and how often to try: numbers in one place, and the decision after a failure.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use crate::errcode::ErrorClass;
use crate::failure::Failure;
use crate::transport::Silence;

/// WECOM.md §5 as durations. Tests that do not want to wait bring their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    pub connect_timeout: Duration,
    pub request_timeout: Duration,
    /// Tries of one call while answers are transient failures, the first included.
    pub tries_max: u32,
    /// Tries of one call while WeCom says that too many are in flight.
    pub crowded_tries_max: u32,
    /// Rate windows that one call may wait for.
    pub windows_max: u32,
    /// How long a rate window lasts.
    pub rate_window: Duration,
    /// The wait before the second try; it doubles up to `backoff_max`, and half of it is jitter.
    pub backoff: Duration,
    pub backoff_max: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            tries_max: 3,
            // 64 halves to 1 in six steps; two more for others who use the same corp.
            crowded_tries_max: 8,
            // The minute's window, and once more in case the hour's was hit: then it is hopeless.
            windows_max: 2,
            rate_window: Duration::from_secs(60),
            backoff: Duration::from_millis(400),
            backoff_max: Duration::from_secs(5),
        }
    }
}

impl Pace {
    /// For somebody who waits for the answer: where a first agent is silent, a call of 24 s still
    /// reaches the second.
    pub fn of_a_call() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            request_timeout: Duration::from_secs(8),
            ..Self::default()
        }
    }
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    GiveUp,
    /// After the wait of this many earlier tries.
    Again {
        tries: u32,
    },
    /// When the rate window of the corp is over.
    AfterWindow,
    /// As long as a rate window later; nobody else waits.
    AfterPause,
    /// The windows that may be waited for are used up.
    OutOfBudget,
}

/// The tries of one call so far, by what they failed of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tries {
    transient: u32,
    crowded: u32,
    windows: u32,
}

impl Tries {
    pub fn after(&mut self, failure: &Failure, pace: &Pace) -> Next {
        match failure {
            Failure::OutOfBudget | Failure::LookupsBlocked => Next::GiveUp,
            // The window of a minute is worth a wait, the block of an hour is not.
            Failure::TokensBlocked(_) if self.windows == 0 => {
                self.windows += 1;
                Next::AfterPause
            }
            Failure::TokensBlocked(_) => Next::GiveUp,
            // A certificate does not become valid by asking again, nor credentials right.
            Failure::Silent(silence) if silence.is_final() => Next::GiveUp,
            Failure::Silent(_) | Failure::Malformed(_) => {
                again(&mut self.transient, pace.tries_max)
            }
            Failure::Refused(_) => match failure.class() {
                Some(ErrorClass::Transient) => again(&mut self.transient, pace.tries_max),
                Some(ErrorClass::Concurrency) => again(&mut self.crowded, pace.crowded_tries_max),
                Some(ErrorClass::Rate) if self.windows < pace.windows_max => {
                    self.windows += 1;
                    Next::AfterWindow
                }
                Some(ErrorClass::Rate) => Next::OutOfBudget,
                _ => Next::GiveUp,
            },
        }
    }
}

fn again(tries: &mut u32, tries_max: u32) -> Next {
    *tries += 1;
    if *tries < tries_max {
        Next::Again { tries: *tries }
    } else {
        Next::GiveUp
    }
}

impl Pace {
    /// The wait after `tries` tries, between half and all of the doubled backoff.
    pub(crate) fn wait_after(&self, tries: u32) -> Duration {
        let doubled = self
            .backoff
            .saturating_mul(1 << tries.saturating_sub(1).min(16));
        let whole = doubled.min(self.backoff_max);
        // A fresh `RandomState` hashes to an arbitrary number: enough to keep callers apart.
        let random = RandomState::new().build_hasher().finish() % 1000;
        let jitter = whole / 2 * random as u32 / 1000;
        whole / 2 + jitter
    }
}

impl Silence {
    fn is_final(self) -> bool {
        matches!(
            self,
            Self::Tls(_)
                | Self::AgentTls(_)
                | Self::AgentRefusesCredentials
                | Self::ForbiddenAddress
                | Self::BadAgentUrl
                | Self::GivenUp
        )
    }
}

#[cfg(test)]
mod tests;
