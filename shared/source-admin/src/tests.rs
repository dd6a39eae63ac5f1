//! The order of acts, and what a call leaves behind that was cut off anywhere in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use org_model::{
    DepartmentId, DirectoryUser, Fingerprint, Generation, InternalId, ItemKind, RunId, SourceId,
    UserId, UserStatus, WriteStamp,
};
use org_plan::{Action, HeldItem, HeldList, TrippedRule};
use secrecy::ExposeSecret;
use serde_json::json;
use sync_run::{HeldState, RunMode, StoredHeldList};

use crate::fakes::{Part, World};
use crate::ports::PageRequest;
use crate::{AdminError, Precondition, Put, RunRequest, SourceView};

mod agents;
mod checks;
mod clearing;
mod conflicts;
mod contacts;
mod giving_back;
mod held;
mod login_apps;
mod ranges;
mod sources;

const SECRET: &str = "s3cret-of-the-app";
/// More acts than any one call takes.
const ACTS_MAX: usize = 40;

fn hq() -> SourceId {
    SourceId::new("hq")
}

fn body() -> String {
    let body = json!({
        "name": "Head office",
        "credentials": { "corp_id": "ww0123456789abcdef", "agent_id": 1000002, "secret": SECRET },
        "contacts": [{ "email": "it@example.com" }]
    });
    body.to_string()
}

fn world() -> Arc<World> {
    World::new(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24))
}

async fn with_source() -> Arc<World> {
    let world = world();
    put(&world, Precondition::Unstated).await.unwrap();
    world.mend();
    world
}

async fn put(world: &Arc<World>, said: Precondition) -> Result<Put<SourceView>, AdminError> {
    let admin = world.admin();
    admin.put_source("hq", &body(), &said, "carol").await
}

/// A list without items, that waits.
fn hold(world: &World) -> Fingerprint {
    hold_all(world, Vec::new(), Vec::new())
}

fn hold_all(world: &World, items: Vec<HeldItem>, rules: Vec<TrippedRule>) -> Fingerprint {
    let now = world.state().now;
    let list = HeldList::new(hq(), RunId::new("run-1"), now, rules, items);
    let fingerprint = list.fingerprint;
    world.state().held.push(StoredHeldList {
        list,
        state: HeldState::Waiting,
        decided_by: None,
        decided_at: None,
        released: Default::default(),
        consumed_by: None,
    });
    fingerprint
}

fn held_person(userid: &str) -> HeldItem {
    HeldItem {
        kind: ItemKind::User,
        id: userid.to_owned(),
        internal_id: InternalId::new(format!("internal-{userid}")),
        name: "张三".to_owned(),
        action: Action::Delete,
        departments: vec![DepartmentId(1)],
        suspected_rename: None,
    }
}

fn person(userid: &str, status: UserStatus) -> DirectoryUser {
    DirectoryUser {
        internal_id: InternalId::new(format!("internal-{userid}")),
        userid: UserId::new(userid),
        name: "张三".to_owned(),
        memberships: Vec::new(),
        main_department: None,
        direct_leaders: Vec::new(),
        status,
        attributes: BTreeMap::new(),
        detached: false,
        absence: None,
        deleted_at: (status == UserStatus::Deleted).then_some(Timestamp::UNIX_EPOCH),
        status_before: None,
        stamp: WriteStamp {
            fingerprint: Fingerprint::of("x"),
            generation: Generation(1),
        },
    }
}

fn page() -> PageRequest {
    PageRequest {
        cursor: None,
        limit: 10,
    }
}

/// The acts that change something, in order.
fn changes(world: &World) -> Vec<&'static str> {
    let acts = world.state().acts.clone();
    let reading = ["read", "list", "ask"];
    let changes = |act: &&str| reading.iter().all(|word| !act.starts_with(word));
    acts.into_iter().filter(changes).collect()
}

#[tokio::test]
async fn a_run_is_queued_before_it_is_started() {
    let world = with_source().await;
    let request = RunRequest {
        mode: RunMode::Apply,
        plan: None,
        idempotency_key: None,
    };
    let asked = world.admin().request_run("hq", &request, "carol").await;
    assert_eq!(asked.unwrap().record.requested_by.as_deref(), Some("carol"));
    assert_eq!(changes(&world), ["queue a run", "start a run"]);
}

#[tokio::test]
async fn a_run_that_could_not_be_queued_is_not_started() {
    let world = with_source().await;
    world.break_part(Part::Queue);
    let request = RunRequest {
        mode: RunMode::Apply,
        plan: None,
        idempotency_key: None,
    };
    let refused = world.admin().request_run("hq", &request, "carol").await;
    assert!(matches!(refused, Err(AdminError::Store(_))));
    assert!(world.state().started.is_empty());
}

#[tokio::test]
async fn run_ids_sort_by_the_time_they_were_asked_for() {
    let world = with_source().await;
    let request = RunRequest {
        mode: RunMode::Plan,
        plan: None,
        idempotency_key: None,
    };
    let mut ids = Vec::new();
    for _ in 0..3 {
        let asked = world.admin().request_run("hq", &request, "carol").await;
        ids.push(asked.unwrap().record.run);
        let mut state = world.state();
        state.now += SignedDuration::from_millis(1);
    }
    assert!(ids.is_sorted());
}

#[tokio::test]
async fn a_persons_word_is_durable_before_a_run_is_asked_for() {
    let world = with_source().await;
    let fingerprint = hold(&world).to_string();
    let approved = world
        .admin()
        .approve("hq", &fingerprint, &[], "carol")
        .await;
    assert_eq!(approved.unwrap().list.state, HeldState::Approved);
    assert_eq!(
        changes(&world),
        ["approve a held list", "queue a run", "start a run"]
    );
    let state = world.state();
    assert_eq!(state.held[0].decided_by.as_deref(), Some("carol"));
}

#[tokio::test]
async fn an_approval_that_is_cut_off_anywhere_stands_once_and_runs_once() {
    for acts in 0..ACTS_MAX {
        let world = with_source().await;
        let fingerprint = hold(&world).to_string();
        let admin = world.admin();
        world.state().acts_max = Some(acts);
        let cut = admin.approve("hq", &fingerprint, &[], "carol").await;
        let standing = world.state().held[0].decided_by.clone();
        assert!(cut.is_err() || standing.is_some(), "the answer is true");
        world.mend();
        let again = admin.approve("hq", &fingerprint, &[], "dave").await;
        assert!(again.unwrap().warnings.is_empty());
        let state = world.state();
        assert_eq!(state.runs.len(), 1, "after {acts} acts");
        assert!(!state.started.is_empty());
        let author = standing.unwrap_or_else(|| "dave".to_owned());
        assert_eq!(state.held[0].decided_by, Some(author));
    }
}
