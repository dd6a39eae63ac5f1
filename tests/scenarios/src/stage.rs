//! The stage: one WeCom, one agent as its only trusted road, one database, one clock.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dynamo_store::{DynamoStore, TableNames};
use jiff::{SignedDuration, Timestamp};
use org_model::{RunId, SourceId};
use serde_json::{Value, json};
use source_admin::ports::PageRequest;
use source_admin::{Admin, AdminError, Approval, HeldView, Precondition};
use sync_run::ports::{Clock, NoProgress, Ports, RunLog, StoreError};
use sync_run::{
    Cleared, HeldState, Row, RunOutcome, RunRecord, RunRequest, Tidied, Trigger, clear_source,
    housekeeping, run,
};
use testkit::dynamo::{DIRECTORY_TABLE, SYNC_TABLE};
use testkit::{EmbeddedDynamo, Faults, ForwardProxy, ManualClock, ProxyOptions};
use wecom_client::{Pace, WecomClient};
use wecom_sim::{Command, Control, Outcome, RunningSim, Sim, SimConfig, View};

use crate::{Directory, StandIns, assert_directory_equals_but, assert_log_agrees};

/// Where the agent's outgoing connections come from: the one address that WeCom trusts.
pub const AGENT_IP: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 77);

/// How long an invocation lives (Lambda: at most 15 minutes).
pub(crate) const INVOCATION: SignedDuration = SignedDuration::from_mins(15);

/// Everything one story needs. Dropped, it stops.
pub struct World {
    pub sim: RunningSim,
    pub proxy: ForwardProxy,
    pub dynamo: EmbeddedDynamo,
    pub clock: ManualClock,
    pub standins: Arc<StandIns>,
    pub settings: Value,
    /// How patiently WeCom is asked.
    pub pace: Pace,
    runs: AtomicU32,
}

struct StageClock(ManualClock);

impl Clock for StageClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// An organisation of this size that trusts the agent only.
pub fn small(people: u32, departments: u32) -> SimConfig {
    SimConfig {
        people,
        departments,
        seed: 7,
        tls: true,
        trusted_ips: vec![IpAddr::V4(AGENT_IP)],
        ..SimConfig::default()
    }
}

/// A name that no item can hold, and that no compression makes small.
pub fn poison() -> String {
    let mut seed = 1_u32;
    let letter = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_u32(0x4E00 + (seed >> 8) % 0x5000).unwrap_or('长')
    };
    (0..250_000).map(letter).collect()
}

/// Tries as often as in production, and waits next to nothing.
fn pace() -> Pace {
    Pace {
        connect_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_millis(700),
        rate_window: Duration::from_millis(20),
        backoff: Duration::from_millis(1),
        backoff_max: Duration::from_millis(2),
        ..Pace::default()
    }
}

impl World {
    pub async fn of(people: u32, departments: u32) -> Self {
        Self::with(small(people, departments)).await
    }

    /// A source `hq` of this organisation, not yet read.
    pub async fn with(config: SimConfig) -> Self {
        let settings = settings(&config);
        let sim = Sim::start(config).unwrap();
        let options = ProxyOptions {
            source: AGENT_IP,
            ..ProxyOptions::default()
        };
        let mut world = Self {
            sim,
            proxy: ForwardProxy::start(options).await.unwrap(),
            dynamo: EmbeddedDynamo::start().await.unwrap(),
            clock: ManualClock::at("2026-03-02T00:00:00Z".parse().unwrap()),
            standins: Arc::default(),
            settings,
            pace: pace(),
            runs: AtomicU32::new(0),
        };
        world.settings["base_url"] = Value::from(world.sim.base_url());
        let agent = json!({ "url": world.proxy.url() }).to_string();
        let put = world.admin();
        let put = put.put_agent("dc-1", &agent, &Precondition::Unstated, "admin");
        put.await.unwrap();
        world.put_source("hq").await.unwrap();
        world
    }

    /// The same after its first run.
    pub async fn synced(people: u32, departments: u32) -> Self {
        let world = Self::of(people, departments).await;
        world.run().await;
        world.assert_equal().await;
        world
    }

    /// Makes `self.settings` the settings of a source.
    pub async fn put_source(&self, id: &str) -> Result<(), AdminError> {
        let body = self.settings.to_string();
        let admin = self.admin();
        let put = match admin.source(id).await {
            Ok(_) => Precondition::Exists,
            Err(_) => Precondition::Unstated,
        };
        admin.put_source(id, &body, &put, "admin").await.map(drop)
    }

    /// Changes one setting, by JSON pointer, and puts the source again.
    pub async fn set(&mut self, pointer: &str, value: Value) {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = self.settings.pointer_mut(parent).unwrap();
        parent[name] = value;
        self.put_source("hq").await.unwrap();
    }

    /// Userids of everybody who may sign in, in the order of hiring.
    pub fn active(&self) -> Vec<String> {
        let members = self.control().members(View::Everything);
        let active = members.filter(|member| member.status == 1);
        active.map(|member| member.userid).collect()
    }

    /// These people leave.
    pub fn dismiss(&self, userids: &[String]) {
        let userids = userids.to_vec();
        self.tell(Command::Dismiss { userids });
    }

    /// These people come back as they were.
    pub fn rehire(&self, userids: &[String]) {
        for userid in userids.iter().cloned() {
            self.tell(Command::Rehire { userid });
        }
    }

    /// One newcomer, seated by the seed.
    pub fn hire(&self) -> String {
        let outcome = self.tell(Command::Hire {
            userid: None,
            name: None,
            departments: Vec::new(),
            count: 1,
        });
        outcome.hired[0].clone()
    }

    pub fn control(&self) -> Control {
        self.sim.control()
    }

    /// Something happens in the organisation.
    pub fn tell(&self, command: Command) -> Outcome {
        self.control().run(command).unwrap()
    }

    pub fn pass(&self, time: SignedDuration) {
        self.clock.advance(time);
    }

    pub fn pass_hours(&self, hours: i64) {
        self.pass(SignedDuration::from_hours(hours));
    }

    pub fn store(&self, faults: &Faults) -> DynamoStore {
        let tables = TableNames {
            directory: DIRECTORY_TABLE.to_owned(),
            sync: SYNC_TABLE.to_owned(),
        };
        DynamoStore::new(self.dynamo.client_with(faults), tables, self.clock())
    }

    fn clock(&self) -> Arc<StageClock> {
        Arc::new(StageClock(self.clock.clone()))
    }

    /// The ports of a process that has just started: it knows no token, and its connection to the
    /// database suffers `faults`.
    pub fn ports(&self, faults: &Faults) -> Ports {
        let store = Arc::new(self.store(faults));
        Ports {
            sources: store.clone(),
            leases: store.clone(),
            mirror: store.clone(),
            upkeep: store.clone(),
            runs: store.clone(),
            held: store.clone(),
            decisions: store.clone(),
            outbox: store.clone(),
            ranges: store.clone(),
            clearing: store,
            wecom: self.wecom(),
            secrets: self.standins.clone(),
            notifier: self.standins.clone(),
            events: self.standins.clone(),
            starter: self.standins.clone(),
            clock: self.clock(),
            progress: Arc::new(NoProgress),
        }
    }

    /// The administrator's desk.
    pub fn admin(&self) -> Admin {
        self.admin_with(&Faults::default())
    }

    /// The desk over a faulty connection to the database.
    pub fn admin_with(&self, faults: &Faults) -> Admin {
        let store = Arc::new(self.store(faults));
        Admin::new(source_admin::Ports {
            settings: store.clone(),
            vault: self.standins.clone(),
            secrets: self.standins.clone(),
            schedules: self.standins.clone(),
            contacts: self.standins.clone(),
            notifier: self.standins.clone(),
            queue: store.clone(),
            held: store.clone(),
            kept: store.clone(),
            agent_checks: store.clone(),
            login_apps: store.clone(),
            history: store.clone(),
            ranges: store.clone(),
            clearings: store.clone(),
            directory: store,
            wecom: self.wecom(),
            starter: self.standins.clone(),
            clock: self.clock(),
        })
    }

    /// The client of a process that has just started: it knows no token.
    fn wecom(&self) -> Arc<WecomClient> {
        let wecom = WecomClient::new(self.clock()).with_pace(self.pace.clone());
        let authority = self.sim.ca_pem().unwrap();
        Arc::new(wecom.with_roots_pem(authority.as_bytes()).unwrap())
    }

    /// What EventBridge would deliver now.
    pub fn request(&self, source: &str) -> RunRequest {
        let number = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        let now = self.clock.now();
        RunRequest {
            source: SourceId::new(source),
            run: RunId::new(format!("run-{number:04}")),
            trigger: Trigger::Schedule,
            scheduled_at: Some(now),
            execution: Some(format!("execution-{number}")),
            segment: None,
            deadline: now + INVOCATION,
        }
    }

    /// One scheduled run an hour later; its log is held against the tables.
    pub async fn run(&self) -> RunRecord {
        self.run_of("hq").await
    }

    pub async fn run_of(&self, source: &str) -> RunRecord {
        self.pass_hours(1);
        let outcome = self
            .deliver(&self.request(source), &Faults::default())
            .await;
        finished(outcome.unwrap())
    }

    /// One scheduled run an hour later over a faulty connection.
    pub async fn run_with(&self, faults: &Faults) -> Result<RunOutcome, StoreError> {
        self.pass_hours(1);
        self.deliver(&self.request("hq"), faults).await
    }

    /// One delivery; if it finishes, its log is held against the tables (story 13).
    pub async fn deliver(
        &self,
        request: &RunRequest,
        faults: &Faults,
    ) -> Result<RunOutcome, StoreError> {
        let before = self.directory_of(request.source.as_str()).await;
        let outcome = run(&self.ports(faults), request).await;
        if let Ok(RunOutcome::Finished(record)) = &outcome {
            self.assert_told(record, &before).await;
        }
        outcome
    }

    /// What a run tells of itself against the directory as it was before it and as it is now.
    pub async fn assert_told(&self, record: &RunRecord, before: &Directory) {
        let rows = self.rows(record).await;
        let after = self.directory_of(record.source.as_str()).await;
        assert_log_agrees(record, &rows, before, &after);
        let store = self.store(&Faults::default());
        let stored = RunLog::run(&store, &record.source, &record.run).await;
        assert_eq!(stored.unwrap().as_ref(), Some(record), "as stored");
    }

    /// The record of a run of `hq` as it is stored.
    pub async fn stored(&self, run: &RunId) -> Option<RunRecord> {
        let store = self.store(&Faults::default());
        let stored = RunLog::run(&store, &SourceId::new("hq"), run).await;
        stored.unwrap()
    }

    pub async fn rows(&self, record: &RunRecord) -> Vec<Row> {
        let store = self.store(&Faults::default());
        RunLog::rows(&store, &record.source, &record.run)
            .await
            .unwrap()
    }

    pub async fn directory(&self) -> Directory {
        self.directory_of("hq").await
    }

    pub async fn directory_of(&self, source: &str) -> Directory {
        Directory::read(&self.dynamo.client(), source).await
    }

    pub async fn assert_equal(&self) {
        self.assert_equal_but(&[]).await;
    }

    /// Whoever is live and not in the organisation is one of `kept`.
    pub async fn assert_equal_but(&self, kept: &[&str]) {
        let directory = self.directory().await;
        assert_directory_equals_but(&directory, &self.control(), kept);
    }

    /// Clears the one source that somebody asked to be cleared.
    pub async fn clear_started(&self) -> Cleared {
        let clearings = self.standins.take_clearings();
        let [source] = clearings.as_slice() else {
            panic!("one clearing was asked for: {clearings:?}");
        };
        self.clear(source, &Faults::default()).await.unwrap()
    }

    /// One invocation that clears a source, over a connection that may be faulty.
    pub async fn clear(&self, source: &SourceId, faults: &Faults) -> Result<Cleared, StoreError> {
        let run = self.request(source.as_str()).run;
        let deadline = self.clock.now() + INVOCATION;
        clear_source(&self.ports(faults), source, deadline, &run).await
    }

    /// One round of housekeeping.
    pub async fn tidy(&self) -> Tidied {
        let number = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        let round = RunId::new(format!("round-{number:04}"));
        let ports = self.ports(&Faults::default());
        let tidied = housekeeping(&ports, &round).await.unwrap();
        assert_eq!(tidied.troubled, Vec::<SourceId>::new());
        tidied
    }

    /// Held lists that wait for a decision, latest first.
    pub async fn waiting(&self) -> Vec<HeldView> {
        let mut lists = self.admin().held_lists("hq").await.unwrap();
        lists.retain(|list| list.state == HeldState::Waiting);
        lists
    }

    /// An administrator approves one list.
    pub async fn decide(&self, list: &HeldView) -> Approval {
        let fingerprint = list.stored.list.fingerprint.to_string();
        let admin = self.admin();
        admin
            .approve("hq", &fingerprint, &[], "admin")
            .await
            .unwrap()
    }

    /// An administrator approves one list and the run that follows is delivered.
    pub async fn approve(&self, list: &HeldView) -> RunRecord {
        assert_eq!(self.decide(list).await.live_run, None, "nothing was live");
        self.deliver_started().await
    }

    /// Delivers the one run that somebody asked for.
    pub async fn deliver_started(&self) -> RunRecord {
        let request = self.started_request();
        let outcome = self.deliver(&request, &Faults::default()).await;
        finished(outcome.unwrap())
    }

    /// The invocation of the one run that somebody asked for.
    pub fn started_request(&self) -> RunRequest {
        let started = self.standins.take_started();
        let [(source, run, trigger)] = started.as_slice() else {
            panic!("one run was asked for: {started:?}");
        };
        RunRequest {
            source: source.clone(),
            run: run.clone(),
            trigger: *trigger,
            scheduled_at: None,
            execution: None,
            segment: None,
            deadline: self.clock.now() + INVOCATION,
        }
    }

    /// No record is open, everything left, and each of the latest runs told the bus that it is
    /// over.
    pub async fn assert_all_told(&self, case: &str) {
        self.assert_outbox_empty().await;
        let store = self.store(&Faults::default());
        let open = RunLog::unfinished(&store, &SourceId::new("hq")).await;
        assert_eq!(open.unwrap(), Vec::new(), "{case}");
        let page = PageRequest {
            cursor: None,
            limit: 4,
        };
        let told = self.standins.events();
        for record in self.admin().runs("hq", &page).await.unwrap().items {
            let mut events = told.iter().filter(|event| event.run == record.run);
            assert!(
                events.any(|event| event.status == record.status),
                "{case}: {record:?}"
            );
        }
    }

    /// A run is queued, or was not closed.
    pub async fn has_unfinished(&self) -> bool {
        let store = self.store(&Faults::default());
        let open = RunLog::unfinished(&store, &SourceId::new("hq")).await;
        !open.unwrap().is_empty()
    }

    /// Nothing waits to leave.
    pub async fn assert_outbox_empty(&self) {
        let store = self.store(&Faults::default());
        let unsent = sync_run::ports::Outbox::unsent(&store, &SourceId::new("hq")).await;
        assert_eq!(unsent.unwrap(), Vec::new());
    }

    /// Every call came through the agent.
    pub fn assert_agent_only(&self) {
        let peers = self.sim.calls_by_peer();
        let others = peers.keys().find(|peer| **peer != AGENT_IP.to_string());
        assert_eq!(others, None, "a call went past the agent");
    }
}

pub(crate) fn finished(outcome: RunOutcome) -> RunRecord {
    match outcome {
        RunOutcome::Finished(record) => *record,
        other => panic!("the run did not run: {other:?}"),
    }
}

/// Settings as an administrator would write them.
fn settings(config: &SimConfig) -> Value {
    json!({
        "name": "Head office",
        "type": "wecom",
        "credentials": {
            "corp_id": config.corp_id, "agent_id": config.agent_id, "secret": config.secret,
        },
        "agents": ["dc-1"],
        "mapping": {
            "title": "position", "email": "biz_mail", "mobile": "mobile", "phone": "telephone",
            "cost_center": "extattr['成本中心']", "upn": "userid + '@example.com'",
        },
        "schedule": { "enabled": true, "every": "1h" },
        "contacts": [{ "email": "it@example.com" }],
    })
}
