//! `wecom-sync serve` as a process: the API answers, a run syncs, a killed process is taken over.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use dynamo_store::{DynamoStore, TableNames};
use jiff::{SignedDuration, Timestamp};
use org_model::{RunId, SourceId};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sync_org::SystemClock;
use sync_run::ports::{RunLog, Sources};
use sync_run::{ClaimRequest, RunMode, RunRecord, RunStatus, Trigger, claim};
use testkit::dynamo::{DIRECTORY_TABLE, EmbeddedDynamo, SYNC_TABLE};
use testkit::template::TEMPLATE;
use wecom_sim::{At, RunningSim, Sim, SimConfig, Times, What};

/// A running `serve`; ended by its own process id when dropped.
struct Served {
    child: Child,
    origin: String,
    client: Client,
}

impl Served {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wecom-sync"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let origin = lines.find_map(|line| {
            let line = line.unwrap();
            let rest = line.strip_prefix("wecom-sync serves ")?;
            Some(rest.split(' ').next().unwrap().to_owned())
        });
        // Whatever it prints later must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        let origin = origin.expect("serve says where it listens");
        Self {
            child,
            origin,
            client: Client::builder().no_proxy().build().unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Value {
        self.client
            .get(self.url(path))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn put_source(&self, sim: &RunningSim) {
        let defaults = SimConfig::default();
        let body = json!({
            "name": "Head office",
            "base_url": sim.base_url(),
            "credentials": {
                "corp_id": defaults.corp_id,
                "agent_id": defaults.agent_id,
                "secret": defaults.secret,
            },
            "mapping": { "title": "position" },
            "schedule": { "enabled": false },
        });
        let put = self
            .client
            .put(self.url("/sources/hq"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(
            put.status(),
            StatusCode::CREATED,
            "{}",
            put.text().await.unwrap()
        );
    }

    async fn start_run(&self) -> String {
        let body = json!({ "mode": "apply" });
        let post = self
            .client
            .post(self.url("/sources/hq/runs"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(post.status(), StatusCode::ACCEPTED);
        let run: Value = post.json().await.unwrap();
        run["run"].as_str().unwrap().to_owned()
    }

    /// The run once it has one of these states.
    async fn wait_for(&self, run: &str, states: &[&str]) -> Value {
        for _ in 0..3000 {
            let record = self.get(&format!("/sources/hq/runs/{run}")).await;
            if states.iter().any(|state| record["status"] == *state) {
                return record;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the run never became {states:?}");
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

fn sim(people: u32) -> RunningSim {
    Sim::start(SimConfig {
        people,
        departments: 10,
        ..SimConfig::default()
    })
    .unwrap()
}

const FINAL: [&str; 4] = ["succeeded", "partial", "held", "failed"];

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_put_run_and_looked_at() {
    let (folder, sim) = (tempfile::tempdir().unwrap(), sim(50));
    let served = Served::start(folder.path());
    assert_eq!(served.get("/health").await["status"], "ok");
    served.put_source(&sim).await;
    let run = served.start_run().await;
    let record = served.wait_for(&run, &FINAL).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    assert_eq!(record["counts"]["users"]["create"]["done"], 50);
    let users = served.get("/sources/hq/users?limit=1000").await;
    assert_eq!(users["items"].as_array().unwrap().len(), 50);
    let rows = served
        .get(&format!("/sources/hq/runs/{run}/rows?kind=department"))
        .await;
    assert_eq!(rows["items"].as_array().unwrap().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_host_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path());
    let request = served
        .client
        .get(served.url("/health"))
        .header("host", "evil.example");
    assert_eq!(
        request.send().await.unwrap().status(),
        StatusCode::MISDIRECTED_REQUEST
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_new_data_folder_is_its_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("made/data");
    let _served = Served::start(&data);
    for made in [data.as_path(), data.parent().unwrap()] {
        let mode = std::fs::metadata(made).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", made.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_at_a_time_owns_a_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let _served = Served::start(folder.path());
    let second = Command::new(env!("CARGO_BIN_EXE_wecom-sync"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!second.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_beyond_loopback_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_wecom-sync"))
        .args(["serve", "--listen", "0.0.0.0:0", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!refused.status.success());
}

/// Story 8: what a killed process held is taken over at the next start, and said.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_taken_over_at_the_next_start() {
    let (folder, sim) = (tempfile::tempdir().unwrap(), sim(50));
    let mut served = Served::start(folder.path());
    served.put_source(&sim).await;
    let slow = What::DelayMs(60_000);
    sim.control()
        .fault(At::Kind("user/list".to_owned(), 3), Times::Forever, slow)
        .unwrap();
    let run = served.start_run().await;
    served.wait_for(&run, &["running"]).await;
    served.kill();
    sim.control().clear_faults().unwrap();
    let served = Served::start(folder.path());
    let dead = served.get(&format!("/sources/hq/runs/{run}")).await;
    assert_eq!(dead["status"], "failed");
    assert_eq!(dead["error"]["code"], "killed");
    let next = served.start_run().await;
    assert_eq!(served.wait_for(&next, &FINAL).await["status"], "succeeded");
    let notices = std::fs::read_to_string(folder.path().join("notices.jsonl")).unwrap();
    assert!(notices.contains("run failed: killed"), "{notices}");
}

/// Hands a run over as a process does whose time is over, and lets go of the database.
async fn hand_over(data: &Path, run: &str) {
    let path = data.join("dynamodb.sqlite");
    let database = EmbeddedDynamo::open(&path, TEMPLATE).await.unwrap();
    let tables = TableNames {
        directory: DIRECTORY_TABLE.to_owned(),
        sync: SYNC_TABLE.to_owned(),
    };
    let store = DynamoStore::new(database.client(), tables, Arc::new(SystemClock));
    let (source, run, now) = (SourceId::new("hq"), RunId::new(run), Timestamp::now());
    let request = ClaimRequest {
        source: source.clone(),
        run: run.clone(),
        scheduled_at: None,
        segment: None,
        now,
        expires_at: now + SignedDuration::from_secs(60),
    };
    let (_, lease) = claim(&store, &request).await.unwrap();
    let lease = lease.expect("nobody else holds it");
    let stored = store.source(&source).await.unwrap().unwrap();
    let mut record = RunRecord::new(source, run, Trigger::Schedule, RunMode::Apply, now);
    record.status = RunStatus::Running;
    record.started_at = Some(now);
    record.generation = Some(lease.generation());
    record.segments = 1;
    store.put(&lease, &record).await.unwrap();
    record.handed_over_at = Some(now);
    let until = now + SignedDuration::from_mins(15);
    let handed = store.hand_over(&lease, &record, &[], &stored.state, 2, until);
    handed.await.unwrap();
}

/// A run that waits for its next segment is not dead: the next start goes on with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_handed_over_is_gone_on_with_at_the_next_start() {
    let (folder, sim) = (tempfile::tempdir().unwrap(), sim(50));
    let mut served = Served::start(folder.path());
    served.put_source(&sim).await;
    served.kill();
    hand_over(folder.path(), "r-1").await;
    let served = Served::start(folder.path());
    let record = served.wait_for("r-1", &FINAL).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    assert_eq!(record["segments"], 2);
    assert_eq!(record["trigger"], "schedule");
    assert_eq!(record["counts"]["users"]["create"]["done"], 50, "{record}");
}

impl Served {
    async fn post(&self, path: &str, version: Option<u64>, body: Value) -> (StatusCode, Value) {
        let mut request = self.client.post(self.url(path)).json(&body);
        if let Some(version) = version {
            request = request.header("if-match", format!("\"{version}\""));
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// Repeats the call until nothing is left to do.
    async fn replace(&self, version: u64) {
        for _ in 0..3000 {
            let itself = json!({ "source": "hq" });
            let asked = self.post("/sources/hq/replace", Some(version), itself);
            let (status, clearance) = asked.await;
            assert_eq!(status, StatusCode::ACCEPTED, "{clearance}");
            if clearance["state"] == "vacant" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the source never became vacant");
    }
}

/// The people stay when their source is replaced, and the new one takes them over as they are.
#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_source_leaves_its_people_and_the_next_one_adopts_them() {
    let (folder, sim) = (tempfile::tempdir().unwrap(), sim(50));
    let served = Served::start(folder.path());
    served.put_source(&sim).await;
    let run = served.start_run().await;
    served.wait_for(&run, &FINAL).await;
    let source = served.get("/sources/hq").await;
    served
        .replace(source["state"]["version"].as_u64().unwrap())
        .await;

    assert_eq!(served.get("/sources/hq").await["code"], "source_cleared");
    assert_eq!(served.get("/sources").await["items"], json!([]));
    let before = served.get("/sources/hq/users?limit=1000").await;
    let people = before["items"].as_array().unwrap();
    assert_eq!(people.len(), 50);
    assert!(people.iter().all(|one| one["detached"] == true));

    served.put_source(&sim).await;
    let run = served.start_run().await;
    let record = served.wait_for(&run, &FINAL).await;
    assert_eq!(record["status"], "succeeded", "{record}");
    assert_eq!(record["counts"]["users"]["adopt"]["done"], 50, "{record}");
    let after = served.get("/sources/hq/users?limit=1000").await;
    for (old, new) in people.iter().zip(after["items"].as_array().unwrap()) {
        assert_eq!(old["id"], new["id"], "the internal id stays");
        assert_eq!(new["detached"], false);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_notice_is_written_where_all_notices_are() {
    let (folder, sim) = (tempfile::tempdir().unwrap(), sim(1));
    let served = Served::start(folder.path());
    served.put_source(&sim).await;
    let path = "/sources/hq/contacts/test";
    let (refused, _) = served.post(path, None, json!({})).await;
    assert_eq!(refused, StatusCode::CONFLICT, "there is nobody to tell");
    let mut source = served.get("/sources/hq").await;
    source["contacts"] = json!([{ "email": "it@example.com" }]);
    let put = served.client.put(served.url("/sources/hq")).json(&source);
    let put = put.header("if-match", "\"1\"").send().await.unwrap();
    assert_eq!(put.status(), StatusCode::OK);
    let (sent, answer) = served.post(path, None, json!({})).await;
    assert_eq!(sent, StatusCode::OK, "{answer}");
    let notices = std::fs::read_to_string(folder.path().join("notices.jsonl")).unwrap();
    assert!(notices.contains(r#""kind":"test""#), "{notices}");
    let history = served.get("/sources/hq/history").await;
    assert_eq!(history["items"][0]["changes"][0]["pointer"], "/contacts");
}
