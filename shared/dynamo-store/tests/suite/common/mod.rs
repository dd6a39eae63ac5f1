//! A store over the embedded database, and the little organisation that the tests move around.

use std::collections::BTreeMap;
use std::sync::Arc;

use dynamo_store::{DynamoStore, TableNames};
use jiff::{SignedDuration, Timestamp};
use org_model::{
    DepartmentId, DirectoryDepartment, DirectoryUser, Fingerprint, InternalId, ItemKind,
    Membership, RunId, SourceId, UserId, UserStatus, WriteStamp,
};
use org_plan::{
    Action, Base, Change, HeldItem, Item, KeptItem, Limits, PermittedPlan, Plan, ProtectionRules,
    Standing, protect,
};
use source_admin::ports::{
    Author, Expected, HistoryAction, PageRequest, SettingsStore, SourceCommit, Unsettled,
};
use source_settings::{SecretRef, SourceSettings};
use sync_run::ports::{Clock, Mirror, StoreError, WriteOutcome};
use sync_run::{
    ClaimOutcome, ClaimRequest, Decision, RunLease, RunMode, RunRecord, SourceState, StoredSource,
    Trigger, claim,
};
use testkit::crash::CrashMoment;
use testkit::dynamo::{DIRECTORY_TABLE, SYNC_TABLE};
use testkit::{EmbeddedDynamo, Faults, ManualClock};
use tokio::task::JoinHandle;

pub struct TestClock(pub ManualClock);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

pub struct World {
    pub dynamo: EmbeddedDynamo,
    pub clock: ManualClock,
    pub store: DynamoStore,
}

pub async fn world() -> World {
    let dynamo = EmbeddedDynamo::start().await.unwrap();
    let clock = ManualClock::at("2026-03-01T00:00:00Z".parse().unwrap());
    let store = store_over(dynamo.client(), &clock);
    World {
        dynamo,
        clock,
        store,
    }
}

fn store_over(client: aws_sdk_dynamodb::Client, clock: &ManualClock) -> DynamoStore {
    let tables = TableNames {
        directory: DIRECTORY_TABLE.to_owned(),
        sync: SYNC_TABLE.to_owned(),
    };
    DynamoStore::new(client, tables, Arc::new(TestClock(clock.clone())))
}

impl World {
    pub fn store_with(&self, faults: &Faults) -> DynamoStore {
        store_over(self.dynamo.client_with(faults), &self.clock)
    }

    pub fn request(&self, run: &str) -> ClaimRequest {
        let now = self.clock.now();
        ClaimRequest {
            source: hq(),
            run: RunId::new(run),
            scheduled_at: None,
            segment: None,
            now,
            expires_at: now + SignedDuration::from_mins(16),
        }
    }

    pub async fn lease(&self, run: &str) -> RunLease {
        claimed(&self.store, &self.request(run)).await
    }

    /// Lets whoever holds the lease die, and claims it for `run`.
    pub async fn takeover(&self, run: &str) -> RunLease {
        self.clock.advance(SignedDuration::from_hours(1));
        self.lease(run).await
    }

    pub fn record(&self, run: &str) -> RunRecord {
        let now = self.clock.now();
        RunRecord::new(hq(), RunId::new(run), Trigger::Manual, RunMode::Apply, now)
    }

    pub async fn add_source(&self) {
        let put = self
            .put(&hq(), &settings(), Expected::Absent, "admin")
            .await;
        put.unwrap();
    }

    pub async fn put(
        &self,
        source: &SourceId,
        settings: &SourceSettings,
        expected: Expected,
        by: &str,
    ) -> Result<StoredSource, StoreError> {
        put_by(&self.store, source, settings, expected, &self.author(by)).await
    }

    pub fn author(&self, by: &str) -> Author {
        Author {
            by: by.to_owned(),
            at: self.clock.now(),
        }
    }

    /// Creates these items under the lease; each must land.
    pub async fn create(&self, lease: &RunLease, items: &[Item]) {
        let plan = permitted(
            items.iter().map(|item| creation(item.clone())).collect(),
            vec![],
        );
        for change in plan.changes() {
            let outcome = self.store.write(lease, change).await.unwrap();
            assert_eq!(outcome, WriteOutcome::Done);
        }
    }
}

/// A decision that changes nothing.
pub fn nothing_decided(record: &RunRecord) -> Decision {
    Decision {
        record: record.clone(),
        held: Vec::new(),
        lists: Vec::new(),
        removals: Vec::new(),
        kept: Vec::new(),
        kept_released: Vec::new(),
        resolved: Vec::new(),
        outbox: Vec::new(),
        state: SourceState::default(),
    }
}

/// People whose deletion is held, or from which they are kept.
pub fn people_held(count: usize) -> Vec<HeldItem> {
    let item = |i: usize| HeldItem {
        kind: ItemKind::User,
        id: format!("user{i:05}"),
        internal_id: InternalId::new(format!("0b0e9c1e-2f0f-5c7b-9d3a-{i:012}")),
        name: "张三".to_owned(),
        action: Action::Delete,
        departments: vec![DepartmentId(1), DepartmentId(16)],
        suspected_rename: None,
    };
    (0..count).map(item).collect()
}

/// Text that does not compress: as long as `bytes`, different at each place.
pub fn noise(bytes: usize) -> String {
    let mut state = 1_u64;
    let letters = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(33 + ((state >> 33) % 90) as u8)
    });
    letters.take(bytes).collect()
}

/// Does something in the background, asleep before its `request`-th request.
pub fn stalled_run<T, F, D>(world: &World, request: u64, act: D) -> (Faults, JoinHandle<T>)
where
    D: FnOnce(DynamoStore) -> F,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let faults = Faults::stalling_at(request);
    let asleep = act(world.store_with(&faults));
    (faults, tokio::spawn(asleep))
}

pub const CRASHES: [CrashMoment; 2] = [CrashMoment::BeforeSent, CrashMoment::AfterApplied];

/// What stands in the sync table, as keys, behind the store's back.
pub async fn sync_keys(world: &World) -> Vec<(String, String)> {
    let client = world.dynamo.client();
    let mut pages = client
        .scan()
        .table_name(SYNC_TABLE)
        .projection_expression("pk, sk")
        .into_paginator()
        .items()
        .send();
    let mut keys = Vec::new();
    while let Some(item) = pages.next().await {
        let item = item.unwrap();
        let text = |name: &str| item[name].as_s().unwrap().clone();
        keys.push((text("pk"), text("sk")));
    }
    keys.sort();
    keys
}

/// Changes a stored item behind the store's back.
pub async fn spoil(world: &World, pk: &str, sk: &str, update: &str) {
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let client = world.dynamo.client();
    let spoilt = client
        .update_item()
        .table_name(SYNC_TABLE)
        .key("pk", text(pk))
        .key("sk", text(sk))
        .update_expression(update);
    spoilt.send().await.unwrap();
}

/// A commit without changes to tell and with nothing to settle.
pub async fn put_by(
    store: &DynamoStore,
    source: &SourceId,
    settings: &SourceSettings,
    expected: Expected,
    author: &Author,
) -> Result<StoredSource, StoreError> {
    let commit = SourceCommit {
        settings,
        expected,
        author,
        action: HistoryAction::Changed,
        changes: &[],
        unsettled: &Unsettled::default(),
        moves: false,
    };
    store.put_source(source, &commit).await
}

pub fn is_conflict<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict { .. }))
}

pub fn first(limit: u32) -> PageRequest {
    PageRequest {
        cursor: None,
        limit,
    }
}

pub async fn claimed(store: &DynamoStore, request: &ClaimRequest) -> RunLease {
    match claim(store, request).await.unwrap() {
        (ClaimOutcome::Claimed { .. }, Some(lease)) => lease,
        (outcome, _) => panic!("not claimed: {outcome:?}"),
    }
}

pub fn hq() -> SourceId {
    SourceId::new("hq")
}

pub fn settings() -> SourceSettings {
    let json = serde_json::json!({
        "name": "Head office", "type": "wecom",
        "credentials": { "corp_id": "ww0123456789abcdef", "agent_id": 1000002, "secret": "s3cr3t" },
        "mapping": { "title": "position" },
        "retention_days": { "deleted": 30, "logs": 90 },
    });
    let mut settings = SourceSettings::parse(&json, None).unwrap().settings;
    settings.credentials.secret = Some(SecretRef {
        arn: "arn:aws:secretsmanager:::secret:x".to_owned(),
        version: "v1".to_owned(),
    });
    settings
}

pub fn stamp(lease: &RunLease, content: &str) -> WriteStamp {
    WriteStamp {
        fingerprint: Fingerprint::of(content),
        generation: lease.generation(),
    }
}

pub fn user(userid: &str, stamp: WriteStamp) -> Item {
    let title = serde_json::json!({ "text": "工程师", "levels": [1, 2.5, true, null, ""] });
    Item::User(DirectoryUser {
        internal_id: InternalId::new(format!("id-of-{userid}")),
        userid: UserId::new(userid),
        name: format!("Name of {userid}"),
        memberships: vec![Membership {
            department: DepartmentId(16),
            order: 4_294_967_295,
            leader: true,
        }],
        main_department: Some(DepartmentId(16)),
        direct_leaders: vec![UserId::new("Boss")],
        status: UserStatus::Active,
        attributes: BTreeMap::from([("title".to_owned(), title)]),
        detached: false,
        absence: None,
        deleted_at: None,
        status_before: None,
        stamp,
    })
}

pub fn department(id: u32, stamp: WriteStamp) -> Item {
    Item::Department(DirectoryDepartment {
        internal_id: InternalId::new(format!("id-of-{id}")),
        id: DepartmentId(id),
        name: format!("Department {id}"),
        parent: (id != 1).then_some(DepartmentId(1)),
        order: 100_000_000,
        leaders: Vec::new(),
        detached: false,
        absence: None,
        deleted_at: None,
        stamp,
    })
}

pub fn creation(after: Item) -> Change {
    change(Action::Create, None, after)
}

pub fn change(action: Action, before: Option<Item>, after: Item) -> Change {
    Change {
        action,
        before,
        after,
        displaces: false,
        reclaims: None,
        changes: Vec::new(),
        note: None,
    }
}

pub fn renamed(item: &Item, name: &str, stamp: WriteStamp) -> Item {
    let mut item = item.clone();
    match &mut item {
        Item::User(user) => (user.name, user.stamp) = (name.to_owned(), stamp),
        Item::Department(one) => (one.name, one.stamp) = (name.to_owned(), stamp),
    }
    item
}

pub fn deletion(before: &Item, at: Timestamp, stamp: WriteStamp) -> Change {
    let mut after = before.clone();
    match &mut after {
        Item::User(user) => {
            user.status = UserStatus::Deleted;
            (user.deleted_at, user.stamp) = (Some(at), stamp);
        }
        Item::Department(one) => (one.deleted_at, one.stamp) = (Some(at), stamp),
    }
    change(Action::Delete, Some(before.clone()), after)
}

/// Lets the guard permit everything: thresholds far away, a base of a million.
pub fn permitted(changes: Vec<Change>, removals: Vec<Change>) -> PermittedPlan {
    permitted_with(changes, removals, vec![])
}

pub fn permitted_with(
    changes: Vec<Change>,
    removals: Vec<Change>,
    kept: Vec<KeptItem>,
) -> PermittedPlan {
    let limits = Limits {
        floor: 1_000_000,
        max_count: 1_000_000,
        max_percent: 100,
    };
    let rules = ProtectionRules {
        users: limits,
        departments: limits,
        paused: false,
    };
    let plan = Plan {
        sealed: true,
        base: Base {
            users: 1_000_000,
            departments: 1_000_000,
        },
        changes,
        removals,
        kept,
        ..Plan::default()
    };
    protect(plan, &rules, &Standing::default(), &|_| false).permitted
}
