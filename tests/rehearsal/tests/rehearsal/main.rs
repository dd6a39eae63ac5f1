//! The product's proof that it works when deployed: the real template, deployed by a real
//! `sam deploy`, reads a simulated WeCom through a proxy and keeps a directory equal to it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says no more by returning"
)]

use std::collections::BTreeMap;

use rehearsal::{AdminApi, Answer, Caller, Cloud, Outputs, Queue, Workshop, wait_for};
use reqwest::Method;
use serde_json::Value;
use testkit::{ForwardProxy, ProxyOptions};
use wecom_sim::{RunningSim, Sim, SimConfig};

mod administration;
mod asking;
mod clearing;
mod directory;
mod runs;
mod secrecy;

const PEOPLE: u32 = 600;
const DEPARTMENTS: u32 = 40;
/// A quarter of the company: far past the default of 10 %.
const LEAVERS: u32 = 150;
const NEWCOMERS: u32 = 3;
/// Two secrets that nothing else in the world is called.
const APP_SECRET: &str = "Kd93-only-in-the-vault-Qx";
const AGENT_PASSWORD: &str = "Zt41-only-in-the-vault-Wm";

/// Everything that takes part; all of it stops when this is dropped.
struct Stage {
    cloud: Cloud,
    product: Outputs,
    api: AdminApi,
    admin: Caller,
    /// May read.
    reader: Caller,
    /// May read, and check what others set up.
    assistant: Caller,
    notices: Queue,
    /// A contact that the settings name, by its ARN.
    contact: Queue,
    contact_arn: String,
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
            secret: APP_SECRET.to_owned(),
            ..SimConfig::default()
        })?;
        let agent = ForwardProxy::start(ProxyOptions {
            credentials: Some(("wecom-sync".to_owned(), AGENT_PASSWORD.to_owned())),
            ..ProxyOptions::default()
        })
        .await?;
        let cloud = Cloud::start(&workshop, wecom.ca_pem().unwrap()).await?;
        let product = cloud.deploy_product(&built).await?;
        let audience = cloud.deploy_audience(&product).await?;
        Ok(Self {
            api: cloud.api(&product)?,
            admin: Caller::root(),
            reader: cloud.caller(audience.get("ReaderName")?).await?,
            assistant: cloud.caller(audience.get("AssistantName")?).await?,
            notices: cloud.queue(audience.get("NoticesUrl")?),
            contact: cloud.queue(audience.get("ContactUrl")?),
            contact_arn: audience.get("ContactArn")?.to_owned(),
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
        self.credentials_come_from_a_login_app().await?;
        self.an_agent_is_checked_and_stays_while_it_is_used()
            .await?;
        self.a_check_passes_every_step().await?;
        self.a_manual_run_fills_the_directory().await?;
        self.a_preview_shows_one_person().await?;
        self.a_test_notice_reaches_the_contact_of_its_source_alone()
            .await?;
        self.a_reader_reads_and_changes_nothing().await?;
        self.a_mass_departure_is_held_by_the_scheduled_run().await?;
        self.an_approved_list_is_carried_out().await?;
        self.a_replaced_source_keeps_its_people_and_adopts_them_again()
            .await?;
        self.a_deleted_source_leaves_its_people_and_nothing_else()
            .await?;
        self.secrets_are_in_the_vault_and_nowhere_else().await?;
        self.no_invocation_failed().await
    }

    async fn strangers_are_refused(&self) -> anyhow::Result<()> {
        for (method, path) in [
            (Method::GET, "/agents"),
            (Method::GET, "/sources/hq/users"),
            (Method::PUT, "/sources/hq"),
            (Method::DELETE, "/sources/hq"),
            (Method::POST, "/sources/hq/runs"),
            (Method::POST, "/sources/hq/preview"),
        ] {
            self.api.anonymous(method, path).await?.expect(403)?;
        }
        let forger = self.reader.forged();
        let answer = self.api.get(&forger, "/sources/hq/users").await?;
        answer.expect(403)?;
        Ok(())
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

    /// `Run Finished` has come over the bus.
    async fn announced(&mut self, run: &Value) -> anyhow::Result<()> {
        let id = &run["run"];
        let wanted = |event: &Value| event["detail"]["run"] == *id;
        let event = self.finished_runs.wait_for("Run Finished", wanted).await?;
        assert_eq!(event["detail-type"], "Run Finished");
        assert_eq!(event["detail"]["status"], run["status"], "{event}");
        Ok(())
    }
}

fn created(answer: Answer) -> anyhow::Result<Value> {
    answer.expect(201)
}
