//! The world: one shelf, one organisation, one clock, and processes that come and go.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};
use org_model::{ItemKey, ItemState, MemberStatus, RunId, SourceId, UserId, UserStatus};
use org_plan::Item;
use source_settings::{
    Credentials, Deletions, Protection, RetentionDays, Schedule, Scope, SecretRef, SourceSettings,
};
use sync_run::ports::{NoProgress, Ports, StoreError};
use sync_run::{RowResult, RunOutcome, RunRecord, RunRequest, Tidied, Trigger, housekeeping, run};

use crate::corp::Reader;
use crate::{Corp, Faults, Person, Process, Shelf};

/// How long an invocation lives (Lambda: at most 15 minutes).
pub(crate) const INVOCATION: SignedDuration = SignedDuration::from_mins(15);

pub struct World {
    pub shelf: Arc<Mutex<Shelf>>,
    pub corp: Arc<Mutex<Corp>>,
    now: Arc<Mutex<Timestamp>>,
    runs: u32,
}

/// Settings as an administrator would write them, with one mapped attribute.
pub fn settings() -> SourceSettings {
    SourceSettings {
        name: "Head office".to_owned(),
        kind: "wecom",
        base_url: "https://wecom.example".to_owned(),
        credentials: Credentials {
            corp_id: "ww0".to_owned(),
            agent_id: 1_000_002,
            secret: Some(SecretRef {
                arn: "arn".to_owned(),
                version: "1".to_owned(),
            }),
        },
        agents: Vec::new(),
        deletions: Deletions::Protected,
        scope: Scope::default(),
        mapping: [("title".to_owned(), "position".into())].into(),
        schedule: Schedule::default(),
        protection: Protection::default(),
        contacts: Vec::new(),
        retention_days: RetentionDays::default(),
    }
}

impl World {
    /// `people` in `departments` below the root, round robin.
    pub fn new(people: u32, departments: u32) -> Self {
        let mut corp = Corp::default();
        corp.departments.insert(1, None);
        for id in 2..=departments {
            corp.departments
                .insert(id, Some(if id <= 5 { 1 } else { id / 3 }));
        }
        for number in 0..people {
            corp.hire(number, [number % departments + 1].into());
        }
        Self {
            shelf: Arc::new(Mutex::new(Shelf::new(settings()))),
            corp: Arc::new(Mutex::new(corp)),
            now: Arc::new(Mutex::new("2026-03-02T00:00:00Z".parse().unwrap())),
            runs: 0,
        }
    }

    pub fn corp(&self) -> MutexGuard<'_, Corp> {
        self.corp.lock().unwrap()
    }

    pub fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap()
    }

    pub fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    pub fn pass(&self, time: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now += time;
    }

    /// A process with its ports.
    pub fn process(&self, faults: Faults) -> (Arc<Process>, Ports) {
        let process = Arc::new(Process::new(
            Arc::clone(&self.shelf),
            SourceId::new("hq"),
            faults,
            Arc::clone(&self.now),
        ));
        let ports = Ports {
            sources: process.clone(),
            leases: process.clone(),
            mirror: process.clone(),
            upkeep: process.clone(),
            runs: process.clone(),
            held: process.clone(),
            decisions: process.clone(),
            outbox: process.clone(),
            ranges: process.clone(),
            clearing: process.clone(),
            wecom: Arc::new(Reader(Arc::clone(&self.corp))),
            secrets: process.clone(),
            notifier: process.clone(),
            events: process.clone(),
            starter: process.clone(),
            clock: process.clone(),
            progress: Arc::new(NoProgress),
        };
        (process, ports)
    }

    pub fn request(&mut self) -> RunRequest {
        self.runs += 1;
        RunRequest {
            source: SourceId::new("hq"),
            run: RunId::new(format!("run-{:04}", self.runs)),
            trigger: Trigger::Schedule,
            scheduled_at: Some(self.now()),
            execution: None,
            segment: None,
            deadline: self.now() + INVOCATION,
        }
    }

    /// One scheduled run an hour later, with faults.
    pub async fn try_run(&mut self, faults: Faults) -> (Result<RunOutcome, StoreError>, usize) {
        self.pass(SignedDuration::from_hours(1));
        let request = self.request();
        let (process, ports) = self.process(faults);
        let outcome = run(&ports, &request).await;
        (outcome, process.requests())
    }

    /// One clean scheduled run an hour later.
    pub async fn run(&mut self) -> RunRecord {
        match self.try_run(Faults::default()).await.0.unwrap() {
            RunOutcome::Finished(record) | RunOutcome::Skipped(record) => *record,
            other => panic!("{other:?}"),
        }
    }

    pub async fn tidy(&mut self) {
        let tidied = self.try_tidy(Faults::default()).await;
        assert_eq!(tidied.troubled, Vec::<SourceId>::new());
    }

    /// One round of housekeeping, with faults.
    pub async fn try_tidy(&mut self, faults: Faults) -> Tidied {
        self.runs += 1;
        let round = RunId::new(format!("round-{:04}", self.runs));
        let (_, ports) = self.process(faults);
        housekeeping(&ports, &round).await.unwrap()
    }

    /// Everybody of the organisation is live in the directory as they are; whoever else is live
    /// is in `kept`.
    pub fn assert_mirrors(&self, kept: &BTreeSet<String>) {
        let (corp, shelf) = (self.corp(), self.shelf());
        for person in corp.people.values() {
            let key = ItemKey::User(UserId::new(person.userid.as_str()).key());
            let item = shelf.items.get(&key);
            let Some(Item::User(user)) = item else {
                panic!("{key} is not in the directory")
            };
            assert_eq!(user.userid.as_str(), person.userid);
            assert_eq!(user.name, person.name);
            assert_eq!(user.state(), ItemState::Live, "{key}");
            let departments = user.memberships.iter().map(|m| m.department.0);
            assert_eq!(
                departments.collect::<BTreeSet<_>>(),
                person.departments,
                "{key}"
            );
            assert_eq!(user.status, UserStatus::from(person.status), "{key}");
        }
        let here: BTreeSet<String> = corp.people.keys().cloned().collect();
        let extra: BTreeSet<String> = &shelf.live_people() - &here;
        assert_eq!(&extra, kept, "who is live and not in the organisation");
    }

    /// Rows, counts and status of a closed run agree with each other (story 13).
    pub fn assert_honest(&self, record: &RunRecord) {
        let shelf = self.shelf();
        let pages = shelf
            .pages
            .iter()
            .filter(|((run, _, _), _)| *run == record.run);
        let rows: Vec<_> = pages.flat_map(|(_, page)| page.rows.clone()).collect();
        let done: u64 = record.rows_with(RowResult::Done);
        let rows_done = rows
            .iter()
            .filter(|row| row.result == RowResult::Done)
            .count();
        assert_eq!(done, rows_done as u64, "counts and rows of {}", record.run);
        let numbers: Vec<u64> = rows.iter().map(|row| row.seq).collect();
        assert_eq!(numbers, (1..=rows.len() as u64).collect::<Vec<_>>());
    }
}

impl Corp {
    pub fn hire(&mut self, number: u32, departments: BTreeSet<u32>) {
        let userid = format!("Person.{number:04}");
        let person = Person {
            userid: userid.clone(),
            name: format!("Name {number}"),
            departments,
            status: MemberStatus::Active,
            title: "Engineer".to_owned(),
            mobile: String::new(),
            main_department: None,
        };
        self.people.insert(userid.to_lowercase(), person);
    }

    pub fn dismiss(&mut self, number: u32) {
        self.people.remove(&format!("person.{number:04}"));
    }
}
