//! How often a schedule fires.

use std::fmt;
use std::str::FromStr;

/// 5m 10m 15m 20m 30m, or 1h to 24h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Every {
    minutes: u16,
}

/// The intervals below an hour: those that divide it.
const MINUTES: [u16; 5] = [5, 10, 15, 20, 30];

impl Every {
    pub const HOURLY: Self = Self { minutes: 60 };

    pub fn minutes(self) -> u16 {
        self.minutes
    }

    /// Every permitted interval, shortest first.
    pub fn all() -> impl Iterator<Item = Self> {
        let hours = (1..=24).map(|hours| hours * 60);
        MINUTES
            .into_iter()
            .chain(hours)
            .map(|minutes| Self { minutes })
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minutes {
            minutes if minutes < 60 => write!(f, "{minutes}m"),
            minutes => write!(f, "{}h", minutes / 60),
        }
    }
}

/// The text is not one of the intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an interval is 5m, 10m, 15m, 20m, 30m, or 1h, 2h and so on to 24h")]
pub struct NotAnInterval;

impl FromStr for Every {
    type Err = NotAnInterval;

    /// The spellings of `Display` and no others.
    fn from_str(text: &str) -> Result<Self, NotAnInterval> {
        Self::all()
            .find(|every| every.to_string() == text)
            .ok_or(NotAnInterval)
    }
}

impl serde::Serialize for Every {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
