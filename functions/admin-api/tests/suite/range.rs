//! The visible range: shown, and accepted.

use crate::common::{Api, NOW, hq};
use org_model::{
    DepartmentId, ExpandedRange, Fingerprint, InternalId, ItemKind, RangeNarrowing, RunId, TagId,
    UserId, VisibleRange,
};
use org_plan::{Action, HeldItem};
use serde_json::{Value, json};
use sync_run::{RunStatus, StandingRange};

fn baseline() -> ExpandedRange {
    let everybody = [DepartmentId::ROOT].into();
    let tagged = [UserId::new("Li.4").key(), UserId::new("Wu.5").key()];
    ExpandedRange {
        declared: VisibleRange {
            departments: everybody,
            tags: [TagId(7)].into(),
            ..VisibleRange::default()
        },
        departments: (1..=2_000).map(DepartmentId).collect(),
        tag_members: [(TagId(7), tagged.into())].into(),
    }
}

fn affected() -> Vec<HeldItem> {
    let item = |number: usize| HeldItem {
        kind: ItemKind::User,
        id: format!("Zhang.{number}"),
        internal_id: InternalId::new(format!("internal-{number}")),
        name: "张三".to_owned(),
        action: Action::Delete,
        departments: vec![DepartmentId(1)],
        suspected_rename: None,
    };
    (0..3).map(item).collect()
}

/// The range went from the whole company down to one department.
async fn with_narrow() -> (Api, String) {
    let api = Api::with_source().await;
    let seen = ExpandedRange {
        departments: [DepartmentId(16)].into(),
        ..ExpandedRange::default()
    };
    let fingerprint = StandingRange::fingerprint_of(&baseline(), &seen, 1_000_002);
    let standing = StandingRange {
        fingerprint,
        run: RunId::new("run-1"),
        seen_at: NOW.parse().unwrap(),
        agent_id: 1_000_002,
        narrowing: RangeNarrowing {
            root_lost: true,
            ..seen.narrowing_from(&baseline())
        },
        declared: seen.declared,
        departments: 1,
        affected_users: 3,
        affected_departments: 0,
        acceptance: None,
    };
    let mut state = api.world.state();
    state.ranges.insert(hq(), (standing, affected()));
    let stored = state.sources.get_mut(&hq()).unwrap();
    stored.state.baseline = Some(baseline());
    stored.state.baseline_agent_id = Some(1_000_002);
    drop(state);
    (api, fingerprint.to_string())
}

fn accept(fingerprint: &str, people: &str) -> Value {
    json!({ "fingerprint": fingerprint, "people": people })
}

#[tokio::test]
async fn nothing_waits_before_a_reading_was_narrower() {
    let api = Api::with_source().await;
    let range = api.get("/sources/hq/range").await;
    assert_eq!(range.json, json!({ "baseline": null, "standing": null }));
    let affected = api.get("/sources/hq/range/affected").await;
    assert_eq!(affected.json, json!({ "items": [], "next": null }));
    let refused = api
        .post(
            "/sources/hq/range/accept",
            &accept(&Fingerprint::of("x").to_string(), "keep"),
        )
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (409, "no_range_waits")
    );
}

#[tokio::test]
async fn a_narrower_range_shows_its_difference_and_whom_it_leaves_out() {
    let (api, fingerprint) = with_narrow().await;
    assert_eq!(
        api.get("/sources/hq").await.warnings(),
        ["no_confirmed_contact", "range_waits"]
    );
    let range = api.get("/sources/hq/range").await.json;
    let baseline = &range["baseline"];
    assert_eq!(baseline["agent_id"], 1_000_002);
    assert_eq!(baseline["whole_company"], true);
    assert_eq!(
        baseline["declared"]["departments"],
        json!({ "count": 1, "first": [1] })
    );
    assert_eq!(baseline["departments"], 2_000);
    assert_eq!(baseline["tag_members"], 2);
    let standing = &range["standing"];
    assert_eq!(standing["fingerprint"], fingerprint);
    assert_eq!(standing["run"], "run-1");
    assert_eq!(standing["acceptance"], Value::Null);
    assert_eq!(
        standing["affected"],
        json!({ "users": 3, "departments": 0 })
    );
    let difference = &standing["difference"];
    assert_eq!(difference["root_lost"], true);
    assert_eq!(difference["departments"]["count"], 1_999);
    assert_eq!(
        difference["departments"]["first"].as_array().unwrap().len(),
        1_000
    );
    assert_eq!(difference["tags"], json!({ "count": 1, "first": [7] }));
    assert_eq!(
        difference["tag_members"],
        json!({ "count": 2, "first": ["li.4", "wu.5"] })
    );

    let first = api.get("/sources/hq/range/affected?limit=2").await.json;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let next = first["next"].as_str().unwrap();
    let last = api
        .get(&format!("/sources/hq/range/affected?cursor={next}"))
        .await;
    assert_eq!(last.json["items"][0]["id"], "Zhang.2");
}

#[tokio::test]
async fn exactly_the_range_that_stands_is_accepted_once_and_a_run_is_asked_for() {
    let (api, fingerprint) = with_narrow().await;
    let path = "/sources/hq/range/accept";
    let other = Fingerprint::of("another").to_string();
    let stale = api.post(path, &accept(&other, "keep")).await;
    assert_eq!((stale.status.as_u16(), stale.code()), (409, "stale_range"));
    assert_eq!(stale.json["fingerprint"], fingerprint);

    let accepted = api.post(path, &accept(&fingerprint, "keep")).await;
    assert_eq!(accepted.status, 200, "{}", accepted.text);
    let word = json!({ "people": "keep", "by": "local", "at": NOW });
    assert_eq!(accepted.json["acceptance"], word);
    assert_eq!(accepted.json["approval_run"]["trigger"], "approval");
    let again = api.post(path, &accept(&fingerprint, "keep")).await;
    assert_eq!(
        again.json["approval_run"]["run"],
        accepted.json["approval_run"]["run"]
    );
    let decided = api.post(path, &accept(&fingerprint, "delete")).await;
    assert_eq!(
        (decided.status.as_u16(), decided.code()),
        (409, "range_decided")
    );
    let history = api.get("/sources/hq/history").await.json;
    assert_eq!(history["items"][0]["action"], "range_accepted");
}

#[tokio::test]
async fn a_live_run_is_named_instead_of_starting_one() {
    let (api, fingerprint) = with_narrow().await;
    let live = api.add_run("run-7", RunStatus::Running).to_string();
    let path = "/sources/hq/range/accept";
    let accepted = api.post(path, &accept(&fingerprint, "delete")).await;
    assert_eq!(accepted.json["live_run"], live);
    assert_eq!(accepted.json["approval_run"], Value::Null);
    assert_eq!(accepted.warnings(), ["run_is_live"]);
}

#[tokio::test]
async fn a_word_that_is_none_is_refused() {
    let (api, fingerprint) = with_narrow().await;
    let bodies = [
        json!({}),
        json!({ "fingerprint": fingerprint }),
        accept(&fingerprint, "forget"),
        accept("nonsense", "keep"),
        json!({ "fingerprint": fingerprint, "people": "keep", "except": [] }),
    ];
    for body in bodies {
        let refused = api.post("/sources/hq/range/accept", &body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (422, "invalid"),
            "{body}"
        );
    }
    assert!(api.world.state().runs.is_empty());
}

#[tokio::test]
async fn a_word_that_is_none_is_not_repeated() {
    let api = Api::with_source().await;
    let body = json!({ "fingerprint": "0", "people": "s3cr3t" });
    let refused = api.post("/sources/hq/range/accept", &body).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "invalid"));
    let detail = refused.json["detail"].as_str().unwrap();
    assert_eq!(
        detail,
        "/people cannot be used: it is not `keep` or `delete`"
    );
    assert!(!refused.text.contains("s3cr3t"), "{}", refused.text);
}
