//! Every sample invocation in `events/` is one that the function understands.

use std::path::Path;

use org_model::{RunId, SourceId};
use serde_json::{Value, json};
use sync_org::{EventError, SyncEvent};

#[test]
fn every_sample_event_is_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let mut kinds = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let payload: Value = serde_json::from_str(&text).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let kind = match SyncEvent::parse(&payload).unwrap() {
            SyncEvent::Scheduled { .. } => "schedule",
            SyncEvent::Queued {
                trigger: sync_run::Trigger::Approval,
                ..
            } => "approval",
            SyncEvent::Queued { .. } => "manual",
            SyncEvent::Segment { .. } => "segment",
            SyncEvent::Clear { .. } => "clear",
            SyncEvent::Housekeeping => "housekeeping",
        };
        assert_eq!(name, kind, "the file is named after its event");
        kinds.push(kind);
    }
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            "approval",
            "clear",
            "housekeeping",
            "manual",
            "schedule",
            "segment"
        ]
    );
}

#[test]
fn a_segments_event_names_its_run_and_its_number() {
    let event = json!({ "source": "hq", "run": "r-1", "segment": 2 });
    let segment = SyncEvent::Segment {
        source: SourceId::new("hq"),
        run: RunId::new("r-1"),
        segment: 2,
    };
    assert_eq!(SyncEvent::parse(&event), Ok(segment));
}

#[test]
fn an_event_without_what_its_trigger_needs_is_refused_by_name() {
    let parse = |payload: Value| SyncEvent::parse(&payload).unwrap_err();
    assert_eq!(
        parse(json!({"source": "hq", "trigger": "schedule"})),
        EventError::ScheduledAt
    );
    assert_eq!(
        parse(json!({"source": "hq", "trigger": "manual"})),
        EventError::Run("manual or approval")
    );
    assert_eq!(
        parse(json!({"source": "HQ!", "trigger": "manual"})),
        EventError::Source
    );
    assert_eq!(
        parse(json!({"source": "hq", "segment": 2})),
        EventError::Run("segment")
    );
    assert_eq!(parse(json!({"source": "hq"})), EventError::Unknown);
    assert_eq!(parse(json!({"clear": true})), EventError::Source);
    assert_eq!(parse(json!("hello")), EventError::Unknown);
}

#[test]
fn a_schedules_execution_id_is_kept_and_nothing_else_is_taken_for_one() {
    let execution = |run: Value| {
        let event = json!({
            "source": "hq", "trigger": "schedule", "run": run,
            "scheduled_at": "2026-03-02T16:00:00Z",
        });
        match SyncEvent::parse(&event).unwrap() {
            SyncEvent::Scheduled { execution, .. } => execution,
            other => panic!("{other:?}"),
        }
    };
    let id = "d32c5kddcf5bb8c3-1";
    assert_eq!(execution(json!(id)).as_deref(), Some(id));
    for other in [
        "",
        "<aws.scheduler.execution-id>",
        "two words",
        &"x".repeat(65),
    ] {
        assert_eq!(execution(json!(other)), None, "{other}");
    }
    assert_eq!(execution(Value::Null), None);
}
