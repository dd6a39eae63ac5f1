//! The product's proof that it works when deployed: the real template, deployed by a real
//! `sam deploy`, reads a simulated WeCom through a proxy and keeps a directory equal to it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says no more by returning"
)]

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rehearsal::{AdminApi, Answer, Caller, Cloud, Outputs, Queue, Workshop, wait_for};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{ForwardProxy, ProxyOptions};
use wecom_sim::{Command, Member, RunningSim, Sim, SimConfig, View};

const PEOPLE: u32 = 600;
const DEPARTMENTS: u32 = 40;
/// A quarter of the company: far past the default of 10 %.
const LEAVERS: u32 = 150;
const NEWCOMERS: u32 = 3;

/// Everything that takes part; all of it stops when this is dropped.
struct Stage {
    cloud: Cloud,
    product: Outputs,
    api: AdminApi,
    admin: Caller,
    reader: Caller,
    notices: Queue,
    finished_runs: Queue,
    wecom: RunningSim,
    agent: ForwardProxy,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployed_product_keeps_a_directory_and_holds_a_mass_departure() {
    let mut stage = Stage::set().await.unwrap();
    if let Err(error) = stage.play().await {
        panic!(
            "{error:?}\n\nwhat the deployment printed:\n{}",
            stage.cloud.log()
        );
    }
}

impl Stage {
    async fn set() -> anyhow::Result<Self> {
        let workshop = Workshop::ready().await?;
        let built = workshop.build().await?;
        let wecom = Sim::start(SimConfig {
            people: PEOPLE,
            departments: DEPARTMENTS,
            tls: true,
            ..SimConfig::default()
        })?;
        let agent = ForwardProxy::start(ProxyOptions {
            credentials: Some(("wecom-sync".to_owned(), "through the proxy".to_owned())),
            ..ProxyOptions::default()
        })
        .await?;
        let cloud = Cloud::start(&workshop, wecom.ca_pem().unwrap()).await?;
        let product = cloud.deploy_product(&built).await?;
        let audience = cloud.deploy_audience(&product).await?;
        let reader = cloud.caller(audience.get("ReaderName")?).await?;
        Ok(Self {
            api: cloud.api(&product)?,
            admin: Caller::root(),
            reader,
            notices: cloud.queue(audience.get("NoticesUrl")?),
            finished_runs: cloud.queue(audience.get("FinishedRunsUrl")?),
            cloud,
            product,
            wecom,
            agent,
        })
    }

    async fn play(&mut self) -> anyhow::Result<()> {
        self.strangers_are_refused().await?;
        self.an_administrator_sets_up().await?;
        self.a_manual_run_fills_the_directory().await?;
        self.a_reader_reads_and_changes_nothing().await?;
        self.a_mass_departure_is_held_by_the_scheduled_run().await?;
        self.an_approved_list_is_carried_out().await?;
        self.no_invocation_failed().await
    }

    async fn strangers_are_refused(&self) -> anyhow::Result<()> {
        for (method, path) in [
            (Method::GET, "/agents"),
            (Method::GET, "/sources/hq/users"),
            (Method::PUT, "/sources/hq"),
            (Method::POST, "/sources/hq/runs"),
        ] {
            self.api.anonymous(method, path).await?.expect(403)?;
        }
        let forger = self.reader.forged();
        let answer = self.api.get(&forger, "/sources/hq/users").await?;
        answer.expect(403)?;
        Ok(())
    }

    async fn an_administrator_sets_up(&self) -> anyhow::Result<()> {
        let agent = json!({
            "url": self.agent.url(), "username": "wecom-sync", "password": "through the proxy",
        });
        created(
            self.api
                .put(&self.admin, "/agents/dc-1", &agent, None)
                .await?,
        )?;
        let source = self.settings(&json!({"enabled": false}));
        created(
            self.api
                .put(&self.admin, "/sources/hq", &source, None)
                .await?,
        )?;
        let shown = self
            .api
            .get(&self.admin, "/sources/hq")
            .await?
            .expect(200)?;
        assert!(
            !shown.to_string().contains("sim-app-secret"),
            "the secret is shown"
        );
        Ok(())
    }

    /// The source's settings with this schedule.
    fn settings(&self, schedule: &Value) -> Value {
        let corp = SimConfig::default();
        let mut every = json!({
            "enabled": true, "start_at": "00:00", "every": "1h", "timezone": "UTC",
        });
        for (name, value) in schedule.as_object().unwrap() {
            every[name] = value.clone();
        }
        json!({
            "name": "Head office", "type": "wecom", "base_url": self.wecom.base_url(),
            "credentials": {
                "corp_id": corp.corp_id, "agent_id": corp.agent_id, "secret": corp.secret,
            },
            "agents": ["dc-1"], "deletions": "protected",
            "mapping": {
                "email": "biz_mail", "title": "position", "upn": "userid + '@example.com'",
            },
            "schedule": every,
            "contacts": [{"email": "it@example.com"}],
        })
    }

    async fn a_manual_run_fills_the_directory(&mut self) -> anyhow::Result<()> {
        let asked = self
            .api
            .post(&self.admin, "/sources/hq/runs", &json!({"mode": "apply"}))
            .await?
            .expect(202)?;
        assert_eq!(asked["status"], "queued", "{asked}");
        let run = self.finished(asked["run"].as_str().unwrap()).await?;
        assert_eq!(run["status"], "succeeded", "{run}");
        assert_eq!(run["sealed"], true, "{run}");
        assert_eq!(run["counts"]["users"]["create"]["done"], PEOPLE, "{run}");
        self.directory_equals_wecom().await?;
        assert!(self.agent.tunnels() > 0, "nothing went through the agent");
        self.announced(&run).await
    }

    async fn a_reader_reads_and_changes_nothing(&self) -> anyhow::Result<()> {
        let (api, reader) = (&self.api, &self.reader);
        api.get(reader, "/sources/hq").await?.expect(200)?;
        api.get(reader, "/sources/hq/runs").await?.expect(200)?;
        let settings = self.settings(&json!({"enabled": false}));
        let put = api
            .put(reader, "/sources/hq", &settings, Some("\"1\""))
            .await?;
        put.expect(403)?;
        let nothing = json!({});
        for path in [
            "/sources/hq/runs",
            "/sources/hq/held/abc/approve",
            "/sources/hq/replace",
        ] {
            api.post(reader, path, &nothing).await?.expect(403)?;
        }
        Ok(())
    }

    async fn a_mass_departure_is_held_by_the_scheduled_run(&mut self) -> anyhow::Result<()> {
        let before: Vec<Member> = self.wecom.control().members(View::Everything).collect();
        let dismiss = Command::DismissRandom {
            count: LEAVERS,
            seed: 7,
        };
        self.wecom.control().run(dismiss)?;
        let hire = Command::Hire {
            userid: None,
            name: None,
            departments: Vec::new(),
            count: NEWCOMERS,
        };
        self.wecom.control().run(hire)?;
        self.switch_the_schedule_on().await?;
        let run = self.scheduled_run().await?;
        assert_eq!(run["status"], "held", "{run}");
        assert_eq!(run["counts"]["users"]["delete"]["held"], LEAVERS, "{run}");
        assert_eq!(run["counts"]["users"]["create"]["done"], NEWCOMERS, "{run}");
        let people = self.people("").await?;
        assert_eq!(people.len(), (PEOPLE + NEWCOMERS) as usize);
        for member in &before {
            assert_eq!(
                people[&member.userid]["status"],
                status(member),
                "{}",
                member.userid
            );
        }
        self.notified(&run).await?;
        self.announced(&run).await
    }

    async fn switch_the_schedule_on(&self) -> anyhow::Result<()> {
        let current = self.api.get(&self.admin, "/sources/hq").await?;
        let etag = current.etag.expect("a source has an ETag");
        // The first full minute that is far enough away for the call to be through.
        let soon = Timestamp::now() + SignedDuration::from_secs(70);
        let start_at = soon.to_zoned(TimeZone::UTC).strftime("%H:%M").to_string();
        let settings = self.settings(&json!({"start_at": start_at}));
        let put = self
            .api
            .put(&self.admin, "/sources/hq", &settings, Some(&etag))
            .await?;
        put.expect(200)?;
        Ok(())
    }

    async fn scheduled_run(&self) -> anyhow::Result<Value> {
        let run = wait_for("a run by schedule", async || {
            let runs = self.api.list(&self.admin, "/sources/hq/runs").await?;
            Ok(runs.into_iter().find(|run| run["trigger"] == "schedule"))
        })
        .await?;
        self.finished(run["run"].as_str().unwrap()).await
    }

    async fn an_approved_list_is_carried_out(&mut self) -> anyhow::Result<()> {
        let held = self.api.list(&self.admin, "/sources/hq/held").await?;
        let waiting: Vec<&Value> = held.iter().filter(|it| it["state"] == "waiting").collect();
        assert_eq!(waiting.len(), 1, "{held:?}");
        assert_eq!(waiting[0]["count"], LEAVERS);
        let fingerprint = waiting[0]["fingerprint"].as_str().unwrap();
        let path = format!("/sources/hq/held/{fingerprint}/approve");
        let answer = self.api.post(&self.admin, &path, &json!({})).await?;
        assert!(answer.status.is_success(), "{answer:?}");
        let run = wait_for("the run of the approval", async || {
            let runs = self.api.list(&self.admin, "/sources/hq/runs").await?;
            Ok(runs.into_iter().find(|run| run["trigger"] == "approval"))
        })
        .await?;
        let run = self.finished(run["run"].as_str().unwrap()).await?;
        assert_eq!(run["status"], "succeeded", "{run}");
        assert_eq!(run["counts"]["users"]["delete"]["done"], LEAVERS, "{run}");
        let deleted = self.people("?status=deleted").await?;
        assert_eq!(deleted.len(), LEAVERS as usize);
        let control = self.wecom.control();
        assert!(
            deleted
                .keys()
                .all(|id| control.member(id, View::Everything).is_none())
        );
        self.announced(&run).await
    }

    /// What fails without an answer lands in the failure destination.
    async fn no_invocation_failed(&self) -> anyhow::Result<()> {
        let url = self.product.get("FailedInvocationsUrl")?;
        let mut failed = self.cloud.queue(url);
        let failed = failed.all().await?;
        assert!(failed.is_empty(), "{failed:?}");
        Ok(())
    }

    /// The run's record once it is neither queued nor running.
    async fn finished(&self, run: &str) -> anyhow::Result<Value> {
        let path = format!("/sources/hq/runs/{run}");
        wait_for(&format!("the end of run {run}"), async || {
            let record = self.api.get(&self.admin, &path).await?.expect(200)?;
            let ended = record["status"] != "queued" && record["status"] != "running";
            Ok(ended.then_some(record))
        })
        .await
    }

    /// All people of the source by userid; `filter` is a query or nothing.
    async fn people(&self, filter: &str) -> anyhow::Result<BTreeMap<String, Value>> {
        let path = format!("/sources/hq/users{filter}");
        let people = self.api.list(&self.admin, &path).await?;
        let userid = |person: &Value| person["userid"].as_str().unwrap().to_owned();
        Ok(people.into_iter().map(|it| (userid(&it), it)).collect())
    }

    /// Every person, through the API; and their ids once more, straight from the table.
    async fn directory_equals_wecom(&self) -> anyhow::Result<()> {
        let people = self.people("").await?;
        let texts = self
            .cloud
            .texts_in(self.product.get("DirectoryTableName")?)
            .await?;
        let members: Vec<Member> = self.wecom.control().members(View::Everything).collect();
        assert_eq!(people.len(), members.len());
        for member in &members {
            assert!(
                texts.contains(&member.userid),
                "{} is not in the table",
                member.userid
            );
            assert_same(&people[&member.userid], member);
        }
        let departments = self
            .api
            .list(&self.admin, "/sources/hq/departments")
            .await?;
        let expected = self.wecom.control().departments(View::Everything);
        assert_eq!(departments.len(), expected.len());
        for wanted in expected {
            let found = departments.iter().find(|it| it["id"] == wanted.id);
            let found = found.unwrap_or_else(|| panic!("department {} is missing", wanted.id));
            assert_eq!(found["name"], wanted.name, "{found}");
        }
        Ok(())
    }

    /// `Run Finished` has come over the bus.
    async fn announced(&mut self, run: &Value) -> anyhow::Result<()> {
        let id = &run["run"];
        let wanted = |event: &Value| event["detail"]["run"] == *id;
        let event = self.finished_runs.wait_for("Run Finished", wanted).await?;
        assert_eq!(event["detail-type"], "Run Finished");
        assert_eq!(event["detail"]["status"], run["status"], "{event}");
        Ok(())
    }

    /// The notice of what is held has come through SNS, and says how many and how to decide.
    async fn notified(&mut self, run: &Value) -> anyhow::Result<()> {
        let run = run["run"].as_str().unwrap();
        let wanted = |message: &Value| {
            let text = message["Message"].as_str().unwrap_or_default();
            text.contains(run) && text.contains("/approve")
        };
        let message = self
            .notices
            .wait_for("the notice of the held list", wanted)
            .await?;
        let subject = message["Subject"].as_str().unwrap();
        assert!(subject.contains(&LEAVERS.to_string()), "{subject}");
        assert!(subject.is_ascii() && subject.len() < 100, "{subject}");
        Ok(())
    }
}

fn created(answer: Answer) -> anyhow::Result<Value> {
    answer.expect(201)
}

fn status(member: &Member) -> &'static str {
    match member.status {
        1 => "active",
        2 => "disabled",
        4 => "pending",
        _ => "left",
    }
}

fn assert_same(person: &Value, member: &Member) {
    let id = &member.userid;
    assert_eq!(person["login"], *id, "{person}");
    assert_eq!(person["name"], member.name, "{person}");
    assert_eq!(person["status"], status(member), "{person}");
    assert_eq!(person["detached"], false, "{person}");
    assert_eq!(
        numbers(&person["departments"]),
        sorted(&member.departments),
        "{person}"
    );
    assert_eq!(
        person["main_department"],
        json!(member.main_department),
        "{person}"
    );
    let attributes = &person["attributes"];
    assert_eq!(attributes["upn"], format!("{id}@example.com"), "{person}");
    for (name, value) in [("title", &member.position), ("email", &member.biz_mail)] {
        assert_eq!(
            attributes[name].as_str().unwrap_or_default(),
            value,
            "{name} of {person}"
        );
    }
}

fn numbers(list: &Value) -> Vec<u64> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut numbers: Vec<u64> = list.iter().filter_map(Value::as_u64).collect();
    numbers.sort_unstable();
    numbers
}

fn sorted(list: &[u32]) -> Vec<u64> {
    let mut numbers: Vec<u64> = list.iter().copied().map(u64::from).collect();
    numbers.sort_unstable();
    numbers
}
