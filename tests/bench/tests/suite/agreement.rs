//! The stand-in against the embedded database: the same runs leave the same items in both, and
//! both say that they cost the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use bench::case::{CaseReport, run};
use bench::cli::DatabaseKind;
use bench::minimum::scan;
use bench::stage::{Database, Outdoors};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use sync_run::RunStatus;
use sync_run::ports::Clock;
use testkit::ManualClock;
use testkit::dynamo::{DIRECTORY_TABLE, SYNC_TABLE};
use wecom_sim::Command;

struct Standing(ManualClock);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

type Items = BTreeMap<(String, String), Map<String, Value>>;

async fn items(database: &Database, table: &str) -> Items {
    let mut items = Items::new();
    let take = |item: &Map<String, Value>| {
        let part = |name: &str| item[name]["S"].as_str().unwrap().to_owned();
        let mut item = item.clone();
        let key = (part("pk"), part("sk"));
        // The mark of one claim is random.
        if key.1 == "LEASE" {
            assert!(item.remove("claim").is_some());
        }
        items.insert(key, item);
    };
    scan(&database.client(), table, take).await.unwrap();
    items
}

/// One organisation, both databases, one clock.
struct Twins {
    outdoors: Outdoors,
    databases: [Database; 2],
    clock: ManualClock,
    runs: u32,
}

impl Twins {
    async fn start(people: u32, departments: u32) -> Self {
        let outdoors = Outdoors::start(people, departments).await.unwrap();
        let stand_in = Database::start(DatabaseKind::StandIn).await.unwrap();
        let embedded = Database::start(DatabaseKind::Embedded).await.unwrap();
        let databases = [stand_in, embedded];
        for database in &databases {
            outdoors.put_source(database).await.unwrap();
        }
        Self {
            outdoors,
            databases,
            clock: ManualClock::at("2026-03-02T00:00:00Z".parse().unwrap()),
            runs: 0,
        }
    }

    fn tell(&self, command: Command) {
        self.outdoors.sim.control().run(command).unwrap();
    }

    /// The same run on both; the reports of the stand-in and the embedded database.
    async fn run(&mut self) -> [CaseReport; 2] {
        self.clock.advance(SignedDuration::from_hours(1));
        self.runs += 1;
        let name = format!("run-{:04}", self.runs);
        let mut reports = Vec::new();
        for database in &self.databases {
            let spec = self.outdoors.spec(database, &name);
            let clock = Arc::new(Standing(self.clock.clone()));
            reports.push(run(&spec, clock).await.unwrap());
        }
        for table in [DIRECTORY_TABLE, SYNC_TABLE] {
            let [stand_in, embedded] = &self.databases;
            let (one, other) = (items(stand_in, table).await, items(embedded, table).await);
            let keys = |items: &Items| items.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(&one), keys(&other), "the keys of {table}");
            for (key, item) in &one {
                assert_eq!(item, &other[key], "{key:?} of {table}");
            }
        }
        reports.try_into().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_runs_leave_the_same_items_and_cost_the_same_units() {
    let mut twins = Twins::start(200, 12).await;
    let first = twins.run().await;
    let quiet = twins.run().await;
    twins.tell(Command::Churn {
        percent: 10.0,
        seed: 3,
        leavers_max: None,
    });
    let churned = twins.run().await;
    twins.tell(Command::DismissRandom {
        count: 120,
        seed: 5,
    });
    let held = twins.run().await;
    for (reports, status) in [
        (&first, RunStatus::Succeeded),
        (&quiet, RunStatus::Succeeded),
        (&churned, RunStatus::Succeeded),
        (&held, RunStatus::Held),
    ] {
        let [stand_in, embedded] = reports;
        assert_eq!(stand_in.record.status, status, "{:?}", stand_in.record);
        assert_eq!(stand_in.record.counts, embedded.record.counts);
        assert_eq!(stand_in.requests, embedded.requests);
        assert_eq!(stand_in.units, embedded.units);
    }
    assert!(quiet[0].record.counts.is_empty() && !churned[0].record.counts.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stand_in_tells_the_same_units_as_it_counts() {
    let outdoors = Outdoors::start(100, 6).await.unwrap();
    let database = Database::start(DatabaseKind::StandIn).await.unwrap();
    outdoors.put_source(&database).await.unwrap();
    let Database::StandIn(stand_in) = &database else {
        unreachable!("it was asked for");
    };
    stand_in.reset_counts();
    let clock = Arc::new(bench::case::SystemClock);
    let report = run(&outdoors.spec(&database, "run-1"), clock)
        .await
        .unwrap();
    let counted = stand_in.counts().total();
    assert_eq!(counted.requests, report.requests.values().sum::<u64>());
    assert_eq!(counted.read_units, report.units.read_units);
    assert_eq!(counted.write_units, report.units.write_units);
}

#[tokio::test]
async fn what_the_stand_in_does_not_know_is_refused() {
    let database = Database::start(DatabaseKind::StandIn).await.unwrap();
    let client = database.client();
    let list = client.list_tables().send().await;
    assert!(list.is_err(), "an operation that nobody needs");
    let query = client.query().table_name(SYNC_TABLE);
    let size = query
        .key_condition_expression("#pk = :pk AND size(#sk) > :pk")
        .expression_attribute_names("#pk", "pk")
        .expression_attribute_names("#sk", "sk");
    let pk = aws_sdk_dynamodb::types::AttributeValue::S("x".to_owned());
    let size = size.expression_attribute_values(":pk", pk).send().await;
    let error = size.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("ValidationException"));
    let put = client.put_item().table_name(SYNC_TABLE);
    let key = aws_sdk_dynamodb::types::AttributeValue::S("x".to_owned());
    let put = put.item("pk", key.clone()).item("sk", key);
    let old = aws_sdk_dynamodb::types::ReturnValue::AllOld;
    assert!(
        put.return_values(old).send().await.is_err(),
        "a field unknown"
    );
}
