use std::time::Duration;

use super::{Next, Pace, Tries};
use crate::failure::Failure;
use crate::transport::{Silence, TlsFault};
use crate::wire::{Malformed, Refusal};

fn refused(code: i64) -> Failure {
    Failure::Refused(Refusal {
        code,
        seen_ip: None,
    })
}

/// What follows when a call fails of the same again and again, until it is given up.
fn story(failure: &Failure) -> Vec<Next> {
    let (mut tries, pace) = (Tries::default(), Pace::default());
    let mut story = Vec::new();
    while story.len() < 20 {
        let next = tries.after(failure, &pace);
        story.push(next);
        if matches!(next, Next::GiveUp | Next::OutOfBudget) {
            break;
        }
    }
    story
}

#[test]
fn passing_failures_are_tried_three_times() {
    let three = [
        Next::Again { tries: 1 },
        Next::Again { tries: 2 },
        Next::GiveUp,
    ];
    for failure in [
        refused(-1),
        refused(6000),
        Failure::Silent(Silence::Cut),
        Failure::Silent(Silence::TimedOut),
        Failure::Silent(Silence::Status(503)),
        Failure::Malformed(Malformed::NotJson),
    ] {
        assert_eq!(story(&failure), three, "{failure:?}");
    }
}

#[test]
fn what_a_person_must_change_is_not_tried_again() {
    for failure in [
        refused(40001),
        refused(60020),
        refused(60111),
        refused(12345),
        Failure::OutOfBudget,
        Failure::LookupsBlocked,
        Failure::Silent(Silence::Tls(TlsFault::Untrusted)),
        Failure::Silent(Silence::ForbiddenAddress),
        Failure::Silent(Silence::AgentRefusesCredentials),
    ] {
        assert_eq!(story(&failure), [Next::GiveUp], "{failure:?}");
    }
}

#[test]
fn a_rate_limit_is_waited_for_and_a_crowd_is_patient() {
    let windows = [Next::AfterWindow, Next::AfterWindow, Next::OutOfBudget];
    assert_eq!(story(&refused(45009)), windows);
    assert_eq!(story(&refused(45033)).len(), 8);
}

/// Whether it is the minute's quota or the hour's block, only the next answer shows.
#[test]
fn for_a_token_one_window_is_waited_and_no_more() {
    let blocked = Failure::TokensBlocked(None);
    assert_eq!(story(&blocked), [Next::AfterPause, Next::GiveUp]);
}

#[test]
fn waits_double_with_jitter_and_have_an_end() {
    let pace = Pace::default();
    for (tries, whole) in [(1, 400), (2, 800), (3, 1600), (5, 5000), (60, 5000)] {
        for _ in 0..50 {
            let wait = pace.wait_after(tries);
            assert!(
                wait >= Duration::from_millis(whole / 2),
                "{tries}: {wait:?}"
            );
            assert!(wait <= Duration::from_millis(whole), "{tries}: {wait:?}");
        }
    }
    let waits: std::collections::BTreeSet<_> = (0..50).map(|_| pace.wait_after(3)).collect();
    assert!(
        waits.len() > 5,
        "not everybody comes back at the same moment"
    );
}
