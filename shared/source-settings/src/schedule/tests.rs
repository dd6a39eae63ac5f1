use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn schedule(start_at: &str, every: &str, timezone: &str) -> Schedule {
    Schedule {
        enabled: true,
        start_at: start_at.parse().unwrap(),
        every: every.parse().unwrap(),
        timezone: timezone.to_owned(),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next firings after `now`, in local time.
fn firings(schedule: &Schedule, now: &str, count: usize) -> Vec<String> {
    let zone = time_zone(&schedule.timezone).unwrap();
    let mut now = at(now);
    let mut shown = Vec::new();
    for _ in 0..count {
        now = schedule.next_after(now);
        shown.push(zone.to_datetime(now).strftime("%d %H:%M").to_string());
    }
    shown
}

#[test]
fn every_interval_has_its_cron_expression() {
    let cron = |start_at, every| schedule(start_at, every, "UTC").cron();
    assert_eq!(cron("00:00", "1h"), "cron(0 * * * ? *)");
    assert_eq!(cron("08:20", "1h"), "cron(20 * * * ? *)");
    assert_eq!(cron("00:07", "20m"), "cron(7,27,47 * * * ? *)");
    assert_eq!(cron("09:50", "30m"), "cron(20,50 * * * ? *)");
    assert_eq!(cron("22:15", "6h"), "cron(15 4,10,16,22 * * ? *)");
    assert_eq!(cron("20:00", "7h"), "cron(0 3,10,17,20 * * ? *)");
    assert_eq!(cron("03:30", "24h"), "cron(30 3 * * ? *)");
    assert_eq!(
        cron("00:01", "5m"),
        "cron(1,6,11,16,21,26,31,36,41,46,51,56 * * * ? *)"
    );
}

#[test]
fn an_interval_that_does_not_divide_the_day_starts_anew_each_day() {
    let seven = schedule("20:00", "7h", "Asia/Shanghai");
    assert_eq!(
        firings(&seven, "2026-03-01T04:00:00Z", 5),
        ["01 17:00", "01 20:00", "02 03:00", "02 10:00", "02 17:00"]
    );
}

#[test]
fn the_next_firing_is_strictly_later() {
    let hourly = schedule("00:00", "1h", "Asia/Shanghai");
    let noon = at("2026-03-01T04:00:00Z");
    assert_eq!(hourly.next_after(noon), at("2026-03-01T05:00:00Z"));
    let just_before = at("2026-03-01T03:59:59.999Z");
    assert_eq!(hourly.next_after(just_before), noon);
}

#[test]
fn a_time_that_the_clocks_leave_out_is_skipped_that_day() {
    let nightly = schedule("02:30", "24h", "Europe/Berlin");
    assert_eq!(
        firings(&nightly, "2026-03-27T12:00:00Z", 3),
        ["28 02:30", "30 02:30", "31 02:30"]
    );
}

#[test]
fn a_time_that_the_clocks_repeat_fires_once() {
    let hourly = schedule("00:30", "1h", "Europe/Berlin");
    let now = at("2026-10-25T00:00:00Z");
    let first = hourly.next_after(now);
    assert_eq!(first, at("2026-10-25T00:30:00Z"));
    assert_eq!(hourly.next_after(first), at("2026-10-25T02:30:00Z"));
}

#[test]
fn a_day_that_a_country_skipped_does_not_stop_a_schedule() {
    let nightly = schedule("12:00", "24h", "Pacific/Apia");
    assert_eq!(
        firings(&nightly, "2011-12-29T23:00:00Z", 2),
        ["31 12:00", "01 12:00"]
    );
}

#[test]
fn the_next_five_times_run_over_a_clock_change() {
    let shown = |schedule: &Schedule, now: &str| {
        let times = schedule.next_times(at(now), 5);
        let times: Vec<String> = times.iter().map(ToString::to_string).collect();
        times.join(" ")
    };
    let hourly = schedule("00:30", "1h", "Europe/Berlin");
    // 02:30 does not exist on the day in March, and comes twice on the day in October.
    assert_eq!(
        shown(&hourly, "2026-03-28T23:00:00Z"),
        "2026-03-28T23:30:00Z 2026-03-29T00:30:00Z 2026-03-29T01:30:00Z 2026-03-29T02:30:00Z \
         2026-03-29T03:30:00Z"
    );
    assert_eq!(
        shown(&hourly, "2026-10-24T23:00:00Z"),
        "2026-10-24T23:30:00Z 2026-10-25T00:30:00Z 2026-10-25T02:30:00Z 2026-10-25T03:30:00Z \
         2026-10-25T04:30:00Z"
    );
    let nightly = schedule("02:30", "24h", "Europe/Berlin");
    assert_eq!(
        shown(&nightly, "2026-03-27T12:00:00Z"),
        "2026-03-28T01:30:00Z 2026-03-30T00:30:00Z 2026-03-31T00:30:00Z 2026-04-01T00:30:00Z \
         2026-04-02T00:30:00Z"
    );
}

#[test]
fn a_schedule_at_the_end_of_time_does_not_panic() {
    let hourly = schedule("00:00", "1h", "UTC");
    assert!(hourly.next_times(Timestamp::MAX, 5).is_empty());
    assert_eq!(hourly.next_after(Timestamp::MAX), Timestamp::MAX);
    assert!(hourly.next_after(Timestamp::MIN) > Timestamp::MIN);
}

#[test]
fn an_interval_that_the_quota_cannot_carry_is_refused_with_one_that_it_can() {
    let remedy = |every: &str, departments| {
        let problem = schedule("00:00", every, "UTC").quota_problem(departments);
        problem.map(|problem| problem.remedy)
    };
    // 12 runs an hour of 12,500 calls are the quota exactly.
    assert_eq!(remedy("5m", 12_496), None);
    assert_eq!(
        remedy("5m", 12_497).unwrap(),
        "read every 10m or less often"
    );
    assert_eq!(
        remedy("5m", 30_000).unwrap(),
        "read every 15m or less often"
    );
    assert_eq!(remedy("15m", 30_000), None);
    assert_eq!(remedy("1h", 149_996), None);
    assert_eq!(
        remedy("24h", u32::MAX).unwrap(),
        "read fewer departments: narrow the scope"
    );
}

#[test]
fn only_the_documented_spellings_are_times_and_intervals() {
    for text in [
        "0:00", "24:00", "12:60", "1200", "12:00:00", "-1:00", "１2:00", "",
    ] {
        assert!(text.parse::<StartAt>().is_err(), "{text}");
    }
    for text in ["", "0h", "1m", "25h", "60m", "1H", " 1h", "01h", "7m", "1d"] {
        assert!(text.parse::<Every>().is_err(), "{text}");
    }
    assert_eq!(Every::all().count(), 29);
}

#[test]
fn time_zones_are_those_of_iana() {
    for zone in ["Asia/Shanghai", "asia/shanghai", "UTC", "Etc/UTC", "PRC"] {
        assert!(time_zone(zone).is_some(), "{zone}");
    }
    for zone in [
        "",
        "Mars",
        "Etc/Unknown",
        "+08:00",
        "CST6CDT7",
        "../etc/passwd",
        "Asia/",
    ] {
        assert!(time_zone(zone).is_none(), "{zone}");
    }
}

/// Reads a list of numbers of a cron expression; `*` is all below `end`.
fn numbers(field: &str, end: i8) -> BTreeSet<i8> {
    if field == "*" {
        return (0..end).collect();
    }
    field
        .split(',')
        .map(|number| number.parse().unwrap())
        .collect()
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let zones = vec![
        "Asia/Shanghai",
        "UTC",
        "Europe/Berlin",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/St_Johns",
    ];
    let everies: Vec<Every> = Every::all().collect();
    (
        0_u16..1_440,
        prop::sample::select(everies),
        prop::sample::select(zones),
    )
        .prop_map(|(minute_of_day, every, timezone)| Schedule {
            enabled: true,
            start_at: StartAt { minute_of_day },
            every,
            timezone: timezone.to_owned(),
        })
}

/// Moments in time, many of them near a clock change of one of the zones.
fn any_moment() -> impl Strategy<Value = Timestamp> {
    let changes = [
        "2026-03-29T01:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-10-03T15:30:00Z",
        "2018-02-18T02:00:00Z",
        "2018-11-04T03:00:00Z",
        "2026-11-01T04:30:00Z",
    ]
    .map(at);
    let near = (
        prop::sample::select(changes.to_vec()),
        -180_000_i64..180_000,
    )
        .prop_map(|(change, seconds)| change + SignedDuration::from_secs(seconds));
    let anywhen =
        (0_i64..4_000_000_000).prop_map(|seconds| Timestamp::from_second(seconds).unwrap());
    prop_oneof![3 => near, 1 => anywhen]
}

proptest! {
    /// The cron expression, walked minute by minute, fires next where `next_after` says.
    #[test]
    fn the_cron_expression_and_the_local_runner_agree(
        schedule in any_schedule(),
        now in any_moment(),
    ) {
        let cron = schedule.cron();
        let fields: Vec<&str> = cron
            .strip_prefix("cron(").and_then(|rest| rest.strip_suffix(" * * ? *)"))
            .unwrap()
            .split(' ')
            .collect();
        let (minutes, hours) = (numbers(fields[0], 60), numbers(fields[1], 24));
        let zone = time_zone(&schedule.timezone).unwrap();
        let fires = |minute: &Timestamp| {
            let local = zone.to_datetime(*minute);
            minutes.contains(&local.minute())
                && hours.contains(&local.hour())
                && first_instant(&zone, local) == Some(*minute)
        };
        let first = now.as_second().div_euclid(60) + 1;
        let found = (first..)
            .map(|minute| Timestamp::from_second(minute * 60).unwrap())
            .find(fires)
            .unwrap();
        prop_assert_eq!(schedule.next_after(now), found);
    }

    #[test]
    fn the_next_times_are_those_that_follow_each_other(
        schedule in any_schedule(),
        now in any_moment(),
    ) {
        let mut time = now;
        for next in schedule.next_times(now, 5) {
            prop_assert!(next > time);
            prop_assert_eq!(next, schedule.next_after(time));
            time = next;
        }
        prop_assert_eq!(schedule.next_times(now, 5).len(), 5);
    }

    #[test]
    fn the_anchor_is_one_of_the_times_and_steps_never_exceed_the_interval(
        schedule in any_schedule(),
    ) {
        let times = schedule.minutes_of_day();
        prop_assert!(times.contains(&schedule.start_at.minute_of_day));
        let next = times.iter().skip(1).copied().chain([times[0] + DAY_MINUTES]);
        for (time, next) in times.iter().zip(next) {
            prop_assert!(next > *time && next - time <= schedule.every.minutes());
        }
    }

    #[test]
    fn times_and_intervals_read_back_the_same(schedule in any_schedule()) {
        let start_at: StartAt = schedule.start_at.to_string().parse().unwrap();
        let every: Every = schedule.every.to_string().parse().unwrap();
        prop_assert_eq!((start_at, every), (schedule.start_at, schedule.every));
    }
}
