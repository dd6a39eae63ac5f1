//! Settings that name another organisation, beside a run that reads the old one.

use crate::common::{hq, is_conflict, settings, world};
use source_admin::ports::{Expected, HistoryAction, SettingsStore, SourceCommit, Unsettled};
use sync_run::ports::{Leases, RunLog};
use sync_run::{RunStatus, SourceState};

/// A run reads company A while somebody corrects the settings to B.
#[tokio::test]
async fn another_organisation_is_refused_while_a_run_is_live_and_once_something_is_mirrored() {
    let world = world().await;
    world.add_source().await;
    let author = world.author("bob");
    let mut other = settings();
    other.credentials.corp_id = "ww0000000000000b".to_owned();
    let commit = SourceCommit {
        settings: &other,
        expected: Expected::Version(1),
        author: &author,
        action: HistoryAction::Changed,
        changes: &[],
        unsettled: &Unsettled::default(),
        moves: true,
    };
    let put = async || world.store.put_source(&hq(), &commit).await;
    let lease = world.lease("a").await;
    assert!(is_conflict(put().await));
    let mut record = world.record("a");
    record.status = RunStatus::Succeeded;
    let state = SourceState {
        has_mirror: true,
        ..SourceState::default()
    };
    let closed = world.store.close(&lease, &record, &[], &state).await;
    closed.unwrap();
    world.store.release(&lease).await.unwrap();
    assert!(is_conflict(put().await), "its people are there");
    let lease = world.lease("b").await;
    let state = SourceState::default();
    let closed = world
        .store
        .close(&lease, &world.record("b"), &[], &state)
        .await;
    closed.unwrap();
    world.store.release(&lease).await.unwrap();
    assert_eq!(put().await.unwrap().version, 2);
}
