//! The stage: simulator, agent, house and API, all in this process and on loopback.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sync_org::SystemClock;
use testkit::proxy::{ForwardProxy, ProxyOptions};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use wecom_client::WecomClient;
use wecom_sim::{RunningSim, Sim, SimConfig, View};

use super::bars::Bars;
use super::client::Api;
use super::table;
use crate::House;
use crate::cli::{DemoArgs, INVOCATION_SECONDS};

/// Where the agent's requests come from; the only address that the simulated app trusts.
const AGENT_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

const LOOK_AGAIN: Duration = Duration::from_millis(50);

pub struct Stage {
    pub sim: RunningSim,
    pub api: Api,
    house: Arc<House>,
    bars: Arc<Bars>,
    server: AbortHandle,
    _agent: ForwardProxy,
}

impl Stage {
    /// Starts everything on an empty data folder and configures the source over the API, as an
    /// administrator would.
    pub async fn set(args: &DemoArgs) -> anyhow::Result<Self> {
        empty(&args.data)?;
        let sim = Sim::start(SimConfig {
            people: args.people,
            departments: args.departments,
            seed: args.seed,
            tls: true,
            trusted_ips: vec![IpAddr::V4(AGENT_ADDRESS)],
            ..SimConfig::default()
        })?;
        let agent = ForwardProxy::start(ProxyOptions {
            source: AGENT_ADDRESS,
            ..ProxyOptions::default()
        })
        .await?;
        let ca = sim.ca_pem().context("the simulator has no certificate")?;
        let wecom = WecomClient::new(Arc::new(SystemClock)).with_roots_pem(ca.as_bytes())?;
        let bars = Arc::new(Bars::default());
        let invocation = SignedDuration::from_secs(INVOCATION_SECONDS.into());
        let house = House::open(&args.data, wecom, bars.clone(), invocation).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let api = Api::at(listener.local_addr()?);
        let serving = axum::serve(listener, crate::serve::api(&house)).into_future();
        let server = tokio::spawn(serving).abort_handle();
        let stage = Self {
            sim,
            api,
            house,
            bars,
            server,
            _agent: agent,
        };
        stage.configure().await?;
        Ok(stage)
    }

    async fn configure(&self) -> anyhow::Result<()> {
        let sim = SimConfig::default();
        let agent = json!({ "url": self._agent.url() });
        self.api
            .put("/agents/dc-1", &agent)
            .await
            .context("PUT /agents/dc-1")?;
        let source = json!({
            "name": "Head office",
            "type": "wecom",
            "base_url": self.sim.base_url(),
            "credentials": {
                "corp_id": sim.corp_id, "agent_id": sim.agent_id, "secret": sim.secret,
            },
            "agents": ["dc-1"],
            "mapping": {
                "title": "position", "email": "biz_mail", "upn": "userid + '@example.com'",
            },
            "schedule": { "enabled": false },
            "contacts": [{ "email": "it@example.com" }],
        });
        self.api
            .put("/sources/hq", &source)
            .await
            .context("PUT /sources/hq")?;
        Ok(())
    }

    /// How many departments the app sees.
    pub fn departments(&self) -> anyhow::Result<u32> {
        Ok(u32::try_from(
            self.sim.control().departments(View::Visible).len(),
        )?)
    }

    /// A manual run, from the call to its end.
    pub async fn run(&self) -> anyhow::Result<Value> {
        let queued = self
            .api
            .post("/sources/hq/runs", &json!({ "mode": "apply" }))
            .await?;
        self.watch(&queued).await
    }

    /// The fingerprint of the one list that waits.
    pub async fn waiting(&self) -> anyhow::Result<String> {
        let lists = self.api.get("/sources/hq/held").await?;
        let lists = lists["items"].as_array().context("no list of held lists")?;
        let waiting: Vec<&Value> = lists.iter().filter(|it| it["state"] == "waiting").collect();
        let [list] = waiting.as_slice() else {
            bail!("{} held lists wait instead of one", waiting.len())
        };
        let fingerprint = list["fingerprint"].as_str();
        Ok(fingerprint
            .context("a list without fingerprint")?
            .to_owned())
    }

    /// Everybody who is kept.
    pub async fn kept(&self) -> anyhow::Result<Vec<Value>> {
        self.api.all("/sources/hq/kept").await
    }

    /// A run that somebody asked for, from its answer to its end.
    pub async fn watch(&self, queued: &Value) -> anyhow::Result<Value> {
        let id = queued["run"].as_str().context("no run was queued")?;
        let path = format!("/sources/hq/runs/{id}");
        loop {
            let run = self.api.get(&path).await?;
            match run["status"].as_str() {
                Some("queued" | "running") => tokio::time::sleep(LOOK_AGAIN).await,
                Some(_) => {
                    self.house.starter().finish().await;
                    self.bars.clear();
                    println!("{}", table::of_run(&run));
                    return Ok(run);
                }
                None => bail!("a run without a status"),
            }
        }
    }

    /// The notices so far.
    pub fn notices(&self) -> anyhow::Result<Vec<Value>> {
        let path: PathBuf = self.house.notices();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error.into()),
        };
        text.lines()
            .map(|line| Ok(serde_json::from_str(line)?))
            .collect()
    }

    /// Ends the server; the rest ends with the stage.
    pub async fn strike(self) {
        self.house.starter().finish().await;
        self.server.abort();
    }
}

/// Only what a demo left is removed: a folder with anything else in it is refused.
fn empty(data: &std::path::Path) -> anyhow::Result<()> {
    const OURS: [&str; 6] = [
        "dynamodb.sqlite",
        "dynamodb.sqlite-wal",
        "dynamodb.sqlite-shm",
        "secrets.json",
        "notices.jsonl",
        "lock",
    ];
    let entries = match std::fs::read_dir(data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        if !OURS.iter().any(|name| entry.file_name() == *name) {
            bail!(
                "{} is not a demo's: name another folder with --data",
                entry.path().display()
            );
        }
        std::fs::remove_file(entry.path())?;
    }
    Ok(())
}
