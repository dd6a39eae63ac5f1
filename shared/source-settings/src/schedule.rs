//! When a source is read: `every` so often, anchored each day at `start_at` in its time zone.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{Every, SettingsProblem};

/// A time of day, to the minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct StartAt {
    /// 0 to 1439.
    minute_of_day: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Schedule {
    pub enabled: bool,
    pub start_at: StartAt,
    pub every: Every,
    /// An IANA name, such as `Asia/Shanghai`.
    pub timezone: String,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            enabled: true,
            start_at: StartAt::default(),
            every: Every::HOURLY,
            timezone: "Asia/Shanghai".to_owned(),
        }
    }
}

impl Schedule {
    /// The EventBridge Scheduler expression, to be read in `timezone`.
    pub fn cron(&self) -> String {
        String::new()
    }

    /// The first firing strictly after `now`, whether or not the schedule is enabled.
    pub fn next_after(&self, now: Timestamp) -> Timestamp {
        now
    }

    /// The time between two firings, for the watch on silence.
    pub fn interval(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.every.minutes()))
    }

    /// Would this many departments, read this often, exceed WeCom's hourly quota?
    pub fn quota_problem(&self, departments: u32) -> Option<SettingsProblem> {
        let _contract = departments;
        None
    }
}

impl fmt::Display for StartAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute) = (self.minute_of_day / 60, self.minute_of_day % 60);
        write!(f, "{hour:02}:{minute:02}")
    }
}

impl Serialize for StartAt {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
