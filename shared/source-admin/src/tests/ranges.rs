//! A range that waits, and a person's word on it.

use org_model::{ExpandedRange, RangeNarrowing, VisibleRange};
use sync_run::{AffectedPeople, RunStatus, StandingRange};

use super::*;
use crate::ports::HistoryAction;

fn narrow(world: &World) -> String {
    let fingerprint = StandingRange::fingerprint_of(
        &ExpandedRange::default(),
        &ExpandedRange::default(),
        1_000_002,
    );
    let range = StandingRange {
        fingerprint,
        run: RunId::new("run-1"),
        seen_at: world.state().now,
        agent_id: 1_000_002,
        declared: VisibleRange::default(),
        departments: 3,
        narrowing: RangeNarrowing {
            root_lost: true,
            ..RangeNarrowing::default()
        },
        affected_users: 40,
        affected_departments: 2,
        acceptance: None,
    };
    world.state().ranges.insert(hq(), (range, Vec::new()));
    fingerprint.to_string()
}

#[tokio::test]
async fn a_range_that_waits_is_flagged_until_somebody_accepts_it() {
    let world = with_source().await;
    let fingerprint = narrow(&world);
    let admin = world.admin();
    let codes = |view: SourceView| -> Vec<_> { view.warnings.iter().map(|w| w.code).collect() };
    let flagged = codes(admin.source("hq").await.unwrap());
    assert_eq!(flagged, ["no_confirmed_contact", "range_waits"]);
    let keep = AffectedPeople::Keep;
    admin
        .accept_range("hq", &fingerprint, keep, "carol")
        .await
        .unwrap();
    let shown = codes(admin.source("hq").await.unwrap());
    assert_eq!(shown, ["no_confirmed_contact"]);
    let range = admin.range("hq").await.unwrap().standing.unwrap();
    assert_eq!(range.acceptance.unwrap().by, "carol");
    let history = &world.state().history[&hq()];
    assert_eq!(history.last().unwrap().action, HistoryAction::RangeAccepted);
}

#[tokio::test]
async fn an_acceptance_that_is_cut_off_anywhere_stands_once_and_runs_once() {
    for acts in 0..ACTS_MAX {
        let world = with_source().await;
        let fingerprint = narrow(&world);
        let admin = world.admin();
        let keep = AffectedPeople::Keep;
        world.state().acts_max = Some(acts);
        let cut = admin.accept_range("hq", &fingerprint, keep, "carol").await;
        let standing = world.state().ranges[&hq()].0.acceptance.clone();
        assert_eq!(cut.is_ok(), standing.is_some(), "the answer is true");
        world.mend();
        let again = admin.accept_range("hq", &fingerprint, keep, "dave").await;
        let again = again.unwrap();
        assert!(again.warnings.is_empty());
        let author = standing.map_or_else(|| "dave".to_owned(), |word| word.by);
        assert_eq!(again.range.acceptance.unwrap().by, author);
        let state = world.state();
        assert_eq!(state.runs.len(), 1, "after {acts} acts");
        assert!(!state.started.is_empty());
    }
}

#[tokio::test]
async fn a_live_run_is_named_and_none_is_started_beside_it() {
    let world = with_source().await;
    let fingerprint = narrow(&world);
    let admin = world.admin();
    let request = RunRequest {
        mode: RunMode::Apply,
        plan: None,
        idempotency_key: None,
    };
    let live = admin.request_run("hq", &request, "carol").await.unwrap();
    world.state().runs[0].status = RunStatus::Running;
    let keep = AffectedPeople::Keep;
    let accepted = admin.accept_range("hq", &fingerprint, keep, "carol").await;
    let accepted = accepted.unwrap();
    assert_eq!(accepted.live_run, Some(live.record.run));
    assert_eq!(accepted.warnings[0].code, "run_is_live");
    assert!(accepted.range.acceptance.is_some());
}

#[tokio::test]
async fn only_exactly_the_difference_that_stands_is_accepted_and_once() {
    let world = with_source().await;
    let admin = world.admin();
    let (keep, delete) = (AffectedPeople::Keep, AffectedPeople::Delete);
    let other = Fingerprint::of("another difference").to_string();
    let none = admin.accept_range("hq", &other, keep, "carol").await;
    assert_eq!(none.unwrap_err(), AdminError::NoRangeWaits);
    let standing = narrow(&world);
    let stale = admin.accept_range("hq", &other, keep, "carol").await;
    let stands = AdminError::StaleRange {
        fingerprint: standing.parse().unwrap(),
    };
    assert_eq!(stale.unwrap_err(), stands);
    let nonsense = admin.accept_range("hq", "nonsense", keep, "carol").await;
    assert_eq!(nonsense.unwrap_err().code(), "invalid");
    assert!(world.state().runs.is_empty());
    admin
        .accept_range("hq", &standing, delete, "carol")
        .await
        .unwrap();
    let decided = admin.accept_range("hq", &standing, keep, "dave").await;
    assert_eq!(decided.unwrap_err(), AdminError::RangeDecided);
    assert_eq!(world.state().runs.len(), 1);
}
