//! What was stored before there were segments, kept people and words on conflicts reads as it did.

use std::io::Write;

use crate::common::{World, hq, world};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::write::GzEncoder;
use org_model::{Generation, RunId};
use org_plan::Action;
use source_admin::ports::{Decided, HeldDecisions};
use sync_run::ports::{Decisions, HeldLists, Leases, Outbox, RunLog, Sources};
use sync_run::{ClaimOutcome, HeldState, MirrorSize, OutboxPayload, RunMode, RunStatus};

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Lines of JSON as pages have them.
fn packed(lines: &[&str]) -> AttributeValue {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    for line in lines {
        writeln!(encoder, "{line}").unwrap();
    }
    AttributeValue::B(Blob::new(encoder.finish().unwrap()))
}

async fn put(world: &World, pk: &str, sk: &str, attributes: &[(&str, AttributeValue)]) {
    let client = world.dynamo.client();
    let put = client.put_item().table_name(testkit::dynamo::SYNC_TABLE);
    let put = put.item("pk", s(pk)).item("sk", s(sk));
    let put = attributes
        .iter()
        .fold(put, |put, (name, value)| put.item(*name, value.clone()));
    put.send().await.unwrap();
}

const RECORD: &str = r#"{"run":"a","source":"hq","trigger":"schedule","mode":"apply",
"requested_by":null,"generation":3,"segments":1,"status":"running",
"queued_at":"2026-02-28T23:00:00Z","started_at":"2026-02-28T23:00:00Z","finished_at":null,
"sealed":true,"unsealed_reasons":[],"agent":"office",
"plan":"00112233445566778899aabbccddeeff","expected_plan":null,
"counts":{"users":{"delete":{"done":2}}},"wecom_calls":{"user/list":5},
"dynamodb":{"read_units":1.5,"write_units":2.0},"live_run":null,"error":null}"#;

#[tokio::test]
async fn a_record_and_what_its_run_decided_to_remove() {
    let world = world().await;
    let of_record = [
        ("record", s(RECORD)),
        ("status", s("running")),
        ("final", AttributeValue::Bool(false)),
        ("expires_at", n(1_780_000_000)),
        ("removals", s("00112233445566778899aabbccddeeff")),
        ("removal_pages", n(1)),
    ];
    put(&world, "SOURCE#hq#RUNS", "a", &of_record).await;
    put(&world, "SOURCE#hq", "OPEN#a", &[]).await;
    let lines = [r#"["user","id-1"]"#, r#"["department","id-2"]"#];
    let pages = [("body", packed(&lines)), ("expires_at", n(1_780_000_000))];
    let sk = "00112233445566778899aabbccddeeff#0000";
    put(&world, "SOURCE#hq#REMOVALS#a", sk, &pages).await;
    let run = RunId::new("a");
    let record = RunLog::run(&world.store, &hq(), &run)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (record.mode, record.status),
        (RunMode::Apply, RunStatus::Running)
    );
    assert_eq!(
        (record.undoes.clone(), record.restores.clone()),
        (None, None)
    );
    assert_eq!(record.expected_plan_run, None);
    assert_eq!(world.store.unfinished(&hq()).await.unwrap(), [record]);
    let decided = world.store.decided(&hq(), &run).await.unwrap().unwrap();
    let keys: Vec<_> = decided
        .iter()
        .map(|one| (one.internal_id.as_str(), one.action, one.approved))
        .collect();
    let delete = Action::Delete;
    assert_eq!(keys, [("id-1", delete, false), ("id-2", delete, false)]);
    assert_eq!(world.store.cancellation(&hq(), &run).await, Ok(None));
}

#[tokio::test]
async fn a_state() {
    let world = world().await;
    world.add_source().await;
    let state = r#"{"baseline":null,"baseline_agent_id":1000002,
"last_success_at":"2026-02-28T23:00:00Z","last_run":"a","last_purged_at":null,"noticed":{},
"has_mirror":true,"mirror_size":{"users":7,"departments":2}}"#;
    put(&world, "SOURCE#hq", "STATE", &[("state", s(state))]).await;
    let found = Sources::source(&world.store, &hq()).await.unwrap().unwrap();
    let (users, departments) = (7, 2);
    let size = MirrorSize { users, departments };
    assert_eq!(found.state.mirror_size, Some(size));
    assert!(found.state.has_mirror && found.state.removing_runs.is_empty());
    assert_eq!(found.state.refused_secret, None);
}

const FINGERPRINT: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn a_held_list_and_an_approval_of_it() {
    for state in ["waiting", "approved"] {
        let world = world().await;
        let list = format!(
            r#"{{"fingerprint":"{FINGERPRINT}","source":"hq","run":"a",
"held_at":"2026-02-28T23:00:00Z","expires_at":"2026-03-03T23:00:00Z",
"rules":[{{"kind":"user","limit":"max_count","window":"run","value":1,"deletions":2,"base":9}}],
"items":[]}}"#
        );
        let mut header = vec![
            ("list", s(&list)),
            ("run", s("a")),
            ("pages", n(1)),
            ("count", n(2)),
            ("state", s(state)),
            ("until", n(1_772_578_800_000)),
            ("released", AttributeValue::B(Blob::new(vec![0]))),
        ];
        if state == "approved" {
            header.push(("decided_by", s("alice")));
            header.push(("decided_at", s("2026-02-28T23:30:00Z")));
        }
        let held = format!("HELD#{FINGERPRINT}");
        put(&world, "SOURCE#hq", &held, &header).await;
        let item = |id| {
            format!(
                r#"{{"kind":"user","id":"{id}","internal_id":"i-{id}","name":"n",
"action":"delete","departments":[1]}}"#
            )
            .replace('\n', "")
        };
        let page = [("body", packed(&[&item("a"), &item("b")])), ("gen", n(3))];
        let pk = format!("SOURCE#hq#HELD#{FINGERPRINT}");
        put(&world, &pk, "a#0000", &page).await;
        let standing = HeldLists::standing(&world.store, &hq()).await.unwrap();
        assert_eq!(standing.len(), 1);
        assert!(standing[0].list.items[0].suspected_rename.is_none());
        assert_eq!(world.store.lists(&hq()).await.unwrap()[0].remaining, 2);
        // An approval of before excepted nobody: the same word is said already.
        let (fingerprint, bob) = (FINGERPRINT.parse().unwrap(), world.author("bob"));
        let same = world.store.approve(&hq(), fingerprint, &[], &bob).await;
        let Decided::Done(list) = same.unwrap() else {
            panic!("not approved")
        };
        assert_eq!(list.state, HeldState::Approved);
        let by = if state == "approved" { "alice" } else { "bob" };
        assert_eq!(list.decided_by.as_deref(), Some(by));
        assert_eq!(Decisions::kept(&world.store, &hq()).await, Ok(vec![]));
    }
}

#[tokio::test]
async fn a_notice() {
    let world = world().await;
    let item = r#"{"id":"held-1","at":"2026-02-28T23:00:00Z","payload":{"notice":
{"at":"2026-02-28T23:00:00Z","kind":"held","source":"hq","run":"a","subject":"s","text":"t"}}}"#;
    put(&world, "SOURCE#hq", "OUTBOX#held-1", &[("item", s(item))]).await;
    let unsent = world.store.unsent(&hq()).await.unwrap();
    let OutboxPayload::Notice(notice) = &unsent[0].payload else {
        panic!("no notice")
    };
    assert_eq!(
        (notice.subject.as_str(), &notice.detail),
        ("s", &serde_json::Value::Null)
    );
}

#[tokio::test]
async fn a_lease() {
    let world = world().await;
    let until = world.clock.now().as_millisecond();
    let lease = [
        ("gen", n(41)),
        ("run", s("old")),
        ("held", AttributeValue::Bool(true)),
        ("until", n(until)),
        ("claim", s("mark")),
    ];
    put(&world, "SOURCE#hq", "LEASE", &lease).await;
    let holder = world.store.holder(&hq()).await.unwrap().unwrap();
    assert_eq!((holder.run.as_str(), holder.handed_over), ("old", None));
    let claimed = world.store.claim(&world.request("b")).await.unwrap();
    let wanted = ClaimOutcome::Claimed {
        generation: Generation(42),
        dead_run: Some(RunId::new("old")),
    };
    assert_eq!(claimed, wanted);
}
