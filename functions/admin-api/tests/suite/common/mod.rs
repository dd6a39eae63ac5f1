//! The router over a small world with a memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use lambda_http::tower::ServiceExt;
use org_model::{
    DepartmentId, DirectoryDepartment, DirectoryUser, Fingerprint, Generation, InternalId,
    ItemKind, Membership, RunId, SourceId, UserId, UserStatus, WriteStamp,
};
use org_plan::{Action, HeldItem, HeldList, RuleLimit, RuleWindow, TrippedRule};
use serde_json::{Value, json};
use source_admin::fakes::World;
use source_settings::SourceSettings;
use sync_run::{HeldState, RunMode, RunRecord, RunStatus, SourceState, StoredHeldList, Trigger};

pub const NOW: &str = "2026-11-22T08:00:00Z";
pub const SECRET: &str = "s3cret-of-the-app";

pub struct Api {
    pub world: Arc<World>,
    pub router: Router,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Api {
    pub fn new() -> Self {
        let world = World::new(NOW.parse().unwrap());
        let router = admin_api::router(world.admin());
        Self { world, router }
    }

    /// With the source `hq`, made by the API itself.
    pub async fn with_source() -> Self {
        let api = Self::new();
        let made = api.put("/sources/hq", &settings_json(), &[]).await;
        assert_eq!(made.status, 201, "{}", made.text);
        api
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        }
    }

    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |json| Body::from(json.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], None).await
    }

    pub async fn put(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        self.call(Method::PUT, path, headers, Some(body)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, &[], Some(body)).await
    }

    pub fn pass(&self, time: SignedDuration) {
        let mut state = self.world.state();
        state.now += time;
    }

    /// The source has people: `corp_id` and `base_url` are fixed from here on.
    pub fn fill_mirror(&self) {
        let mut state = self.world.state();
        let stored = state.sources.get_mut(&hq()).unwrap();
        stored.state = SourceState {
            has_mirror: true,
            ..stored.state.clone()
        };
    }

    pub fn settings(&self) -> SourceSettings {
        self.world.state().sources[&hq()].settings.clone()
    }

    /// Adds a run in this state, the latest.
    pub fn add_run(&self, id: &str, status: RunStatus) -> RunId {
        let now = self.world.state().now;
        let run = RunId::new(id);
        let mut record = RunRecord::new(hq(), run.clone(), Trigger::Schedule, RunMode::Apply, now);
        record.status = status;
        self.world.state().runs.push(record);
        run
    }

    /// Ends every run.
    pub fn end_runs(&self) {
        for record in &mut self.world.state().runs {
            record.status = RunStatus::Succeeded;
        }
    }

    /// A list of `count` people that waits since now.
    pub fn hold(&self, count: usize) -> Fingerprint {
        let now = self.world.state().now;
        let list = held_list(count, now);
        let fingerprint = list.fingerprint;
        self.world.state().held.push(StoredHeldList {
            list,
            state: HeldState::Waiting,
            decided_by: None,
            decided_at: None,
            released: Default::default(),
            consumed_by: None,
        });
        fingerprint
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn code(&self) -> &str {
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json["status"], self.status.as_u16());
        assert!(!self.json["remedy"].as_str().unwrap().is_empty());
        self.json["code"].as_str().unwrap()
    }

    pub fn warnings(&self) -> Vec<&str> {
        let found = self.json["state"]["warnings"].as_array();
        let found = found.or_else(|| self.json["warnings"].as_array());
        let found = found.into_iter().flatten();
        found.map(|one| one["code"].as_str().unwrap()).collect()
    }

    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().into_iter().flatten();
        errors.map(|one| one["pointer"].as_str().unwrap()).collect()
    }
}

pub fn hq() -> SourceId {
    SourceId::new("hq")
}

pub fn settings_json() -> Value {
    json!({
        "name": "Head office",
        "base_url": "https://qyapi.weixin.qq.com",
        "credentials": { "corp_id": "ww0123456789abcdef", "agent_id": 1000002, "secret": SECRET },
        "schedule": { "every": "1h" },
        "contacts": [ { "email": "it@example.com" } ]
    })
}

fn held_list(count: usize, at: Timestamp) -> HeldList {
    let items: Vec<HeldItem> = (0..count).map(held_item).collect();
    HeldList {
        fingerprint: Fingerprint::of(&items),
        source: hq(),
        run: RunId::new("run-that-held"),
        held_at: at,
        expires_at: at + SignedDuration::from_hours(72),
        rules: vec![TrippedRule {
            kind: ItemKind::User,
            limit: RuleLimit::MaxCount,
            window: RuleWindow::Run,
            value: 50,
            deletions: count as u64,
            base: 2000,
            attribute: None,
        }],
        items,
    }
}

fn held_item(number: usize) -> HeldItem {
    HeldItem {
        kind: ItemKind::User,
        id: format!("Zhang.{number}"),
        internal_id: InternalId::new(format!("internal-{number}")),
        name: format!("张{number}"),
        action: Action::Delete,
        departments: vec![DepartmentId(1)],
        suspected_rename: None,
    }
}

fn stamp() -> WriteStamp {
    WriteStamp {
        fingerprint: Fingerprint::of("x"),
        generation: Generation(1),
    }
}

pub fn user(userid: &str, status: UserStatus) -> DirectoryUser {
    DirectoryUser {
        internal_id: InternalId::new(format!("internal-{userid}")),
        userid: UserId::new(userid),
        name: "张三".to_owned(),
        memberships: vec![Membership {
            department: DepartmentId(1),
            order: 0,
            leader: false,
        }],
        main_department: Some(DepartmentId(1)),
        direct_leaders: Vec::new(),
        status,
        attributes: BTreeMap::from([("title".to_owned(), json!("工程师"))]),
        detached: false,
        absence: None,
        deleted_at: None,
        status_before: None,
        stamp: stamp(),
    }
}

pub fn department(id: u32, parent: Option<u32>) -> DirectoryDepartment {
    DirectoryDepartment {
        internal_id: InternalId::new(format!("internal-{id}")),
        id: DepartmentId(id),
        name: format!("部门{id}"),
        parent: parent.map(DepartmentId),
        order: 100,
        leaders: vec![UserId::new("Zhang.1")],
        detached: false,
        absence: None,
        deleted_at: None,
        stamp: stamp(),
    }
}
