use std::time::Duration;

use tokio::time::Instant;

use super::{BURST, HourCount, Limits, OutOfBudget, PER_HOUR_MAX, PER_SECOND};

#[test]
fn no_minute_carries_more_than_wecom_allows_with_a_margin() {
    assert!(BURST.get() + 60 * PER_SECOND.get() <= 9_500);
}

#[test]
fn the_hour_is_full_before_wecom_says_so() {
    let mut hour = HourCount::default();
    let second = Duration::from_secs(1);
    for _ in 0..PER_HOUR_MAX {
        assert_eq!(hour.take(second), Ok(()));
    }
    assert_eq!(hour.take(second), Err(OutOfBudget));
    assert_eq!(hour.take(Duration::from_secs(3599)), Err(OutOfBudget));
    assert_eq!(hour.take(Duration::from_secs(3660)), Ok(()));
}

#[test]
fn no_hour_at_all_carries_more_than_the_most() {
    let mut hour = HourCount::default();
    let mut taken: Vec<u64> = Vec::new();
    for second in 0..3 * 3600 {
        for _ in 0..60 {
            if hour.take(Duration::from_secs(second)).is_ok() {
                taken.push(second);
            }
        }
    }
    let most = taken
        .iter()
        .enumerate()
        .map(|(at, start)| taken[at..].partition_point(|second| *second < start + 3600));
    assert_eq!(most.max(), Some(PER_HOUR_MAX as usize));
    assert!(hour.minutes.len() <= 61);
}

#[tokio::test]
async fn nobody_asks_after_the_deadline() {
    let limits = Limits::default();
    assert_eq!(limits.admit(Instant::now()).await, Err(OutOfBudget));
    let later = Instant::now() + Duration::from_secs(5);
    assert_eq!(limits.admit(later).await, Ok(()));
}

#[tokio::test]
async fn a_rate_window_is_waited_for_only_within_the_deadline() {
    let limits = Limits::default();
    limits.quiet_for(Duration::from_millis(20));
    let begun = Instant::now();
    let later = begun + Duration::from_secs(5);
    assert_eq!(limits.admit(later).await, Ok(()));
    assert!(begun.elapsed() >= Duration::from_millis(20));
    limits.quiet_for(Duration::from_secs(60));
    assert_eq!(limits.admit(later).await, Err(OutOfBudget));
}
