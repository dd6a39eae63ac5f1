//! Reading a simulated WeCom over real HTTPS, through a real proxy.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::Stage;
use sync_run::ports::{NoProgress, Wecom, WecomScope};

#[tokio::test(flavor = "multi_thread")]
async fn one_reading_costs_one_call_per_department_and_four_more() {
    let stage = Stage::https().await;
    let session = stage.client().connect(stage.access()).await.unwrap();
    let raw = session
        .read(&WecomScope::default(), &NoProgress)
        .await
        .unwrap();

    assert_eq!(raw.gaps, []);
    assert_eq!(raw.departments.len(), 12);
    assert!(raw.sees_whole_company());
    let calls = stage.sim.calls();
    assert_eq!(calls["gettoken"], 1);
    assert_eq!(calls["agent/get"], 2);
    assert_eq!(calls["department/list"], 1);
    assert_eq!(calls["user/list"], 12);
    assert_eq!(calls.values().sum::<u64>(), 1 + 2 + 1 + 12);
    assert_eq!(session.calls(), calls);
    assert_eq!(session.agent().as_deref(), Some("dc-1"));
}
