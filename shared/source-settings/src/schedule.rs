//! When a source is read: `every` so often, anchored each day at `start_at` in its time zone.
//!
//! A day has a fixed set of times, the same every day: `start_at`, then every interval until the
//! next day's `start_at`. So an interval that does not divide a day (7h) has a short last step.
//! EventBridge Scheduler reads them from one cron expression, the local runner from
//! [`Schedule::next_after`]; both skip a time that a clock change leaves out and take the first of
//! a time that it repeats.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::Serialize;

use crate::{Every, SettingsProblem};

/// WECOM.md §5: calls an hour per corp and API.
const HOURLY_CALLS_MAX: u64 = 150_000;
/// One read of D departments: D lists, 1 token, 2 `agent/get`, 1 `department/list`.
const FIXED_CALLS: u64 = 4;
const DAY_MINUTES: u16 = 24 * 60;

/// Time zones from this program itself, so that every machine reads a schedule alike.
static TIME_ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

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
    /// An IANA name, such as `Asia/Shanghai`. Judged settings hold a name that exists; any other
    /// is read as UTC.
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
    /// The EventBridge Scheduler expression, to be read in `timezone`: minutes, hours, day of
    /// month, month, day of week, year.
    pub fn cron(&self) -> String {
        let every = self.every.minutes();
        let times = self.minutes_of_day();
        let listed = |of: fn(u16) -> u16| {
            let mut numbers: Vec<u16> = times.iter().copied().map(of).collect();
            numbers.sort_unstable();
            numbers.dedup();
            let numbers: Vec<String> = numbers.iter().map(u16::to_string).collect();
            numbers.join(",")
        };
        let minutes = listed(|minute| minute % 60);
        let hours = if every <= 60 {
            "*".to_owned()
        } else {
            listed(|minute| minute / 60)
        };
        format!("cron({minutes} {hours} * * ? *)")
    }

    /// The first firing strictly after `now`, whether or not the schedule is enabled.
    pub fn next_after(&self, now: Timestamp) -> Timestamp {
        let zone = time_zone(&self.timezone).unwrap_or(TimeZone::UTC);
        let times = self.minutes_of_day();
        // A day early, because a clock change may have moved us over midnight; nine days on,
        // because one may have swallowed the times of a day or the day itself (Samoa, 2011).
        let today = zone.to_datetime(now).date();
        let firings = (-1_i64..=9)
            .filter_map(|offset| today.checked_add(offset.days()).ok())
            .flat_map(|date| times.iter().map(move |minute| (date, *minute)))
            .filter_map(|(date, minute)| first_instant(&zone, date.to_datetime(time_of(minute))));
        firings
            .filter(|firing| *firing > now)
            .min()
            .unwrap_or(Timestamp::MAX)
    }

    /// The next firings strictly after `now`, earliest first, whether or not the schedule is
    /// enabled; fewer than `count` only at the end of time.
    pub fn next_times(&self, now: Timestamp, count: usize) -> Vec<Timestamp> {
        let later = |time: &Timestamp| Some(self.next_after(*time));
        std::iter::successors(later(&now), later)
            .take_while(|time| *time < Timestamp::MAX)
            .take(count)
            .collect()
    }

    /// The time between two firings, for the watch on silence.
    pub fn interval(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.every.minutes()))
    }

    /// Would this many departments, read this often, exceed WeCom's hourly quota?
    pub fn quota_problem(&self, departments: u32) -> Option<SettingsProblem> {
        if hourly_calls(departments, self.every) <= HOURLY_CALLS_MAX {
            return None;
        }
        let fits = |every: &Every| hourly_calls(departments, *every) <= HOURLY_CALLS_MAX;
        let remedy = match Every::all().find(fits) {
            Some(every) => format!("read every {every} or less often"),
            None => "read fewer departments: narrow the scope".to_owned(),
        };
        Some(SettingsProblem {
            pointer: "/schedule/every".to_owned(),
            message: format!(
                "{departments} departments every {} need {} calls an hour; WeCom permits \
                 {HOURLY_CALLS_MAX}",
                self.every,
                hourly_calls(departments, self.every)
            ),
            remedy,
        })
    }

    /// The times of every day, in order.
    fn minutes_of_day(&self) -> Vec<u16> {
        let every = self.every.minutes();
        let steps = DAY_MINUTES.div_ceil(every);
        let mut minutes: Vec<u16> = (0..steps)
            .map(|step| (self.start_at.minute_of_day + step * every) % DAY_MINUTES)
            .collect();
        minutes.sort_unstable();
        minutes
    }
}

fn hourly_calls(departments: u32, every: Every) -> u64 {
    let runs_an_hour = u64::from(60 / every.minutes()).max(1);
    (u64::from(departments) + FIXED_CALLS) * runs_an_hour
}

/// `None`: there is no such zone.
pub(crate) fn time_zone(name: &str) -> Option<TimeZone> {
    let zone = TIME_ZONES.get(name).ok();
    zone.filter(|zone| !zone.is_unknown())
}

/// `None`: a clock change leaves this time out.
fn first_instant(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => None,
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
            ambiguous.earlier().ok()
        }
    }
}

fn time_of(minute_of_day: u16) -> Time {
    let part = |number: u16| i8::try_from(number).unwrap_or_default();
    Time::constant(part(minute_of_day / 60), part(minute_of_day % 60), 0, 0)
}

impl fmt::Display for StartAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute) = (self.minute_of_day / 60, self.minute_of_day % 60);
        write!(f, "{hour:02}:{minute:02}")
    }
}

/// The text is not a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time of day is written HH:MM, from 00:00 to 23:59")]
pub struct NotATime;

impl FromStr for StartAt {
    type Err = NotATime;

    /// The spellings of `Display` and no others.
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let &[h1, h2, b':', m1, m2] = text.as_bytes() else {
            return Err(NotATime);
        };
        if ![h1, h2, m1, m2].iter().all(u8::is_ascii_digit) {
            return Err(NotATime);
        }
        let two = |tens: u8, ones: u8| u16::from(tens - b'0') * 10 + u16::from(ones - b'0');
        let (hour, minute) = (two(h1, h2), two(m1, m2));
        if hour > 23 || minute > 59 {
            return Err(NotATime);
        }
        Ok(Self {
            minute_of_day: hour * 60 + minute,
        })
    }
}

impl Serialize for StartAt {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
