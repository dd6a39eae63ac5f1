//! What surrounds the runs of one organisation: WeCom over HTTPS, an agent, a database with the
//! template's tables, and one source. All of it in this process, none of it in the measured one.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::{Context, bail};
use aws_sdk_dynamodb::Client;
use dynamo_store::DynamoStore;
use jiff::Timestamp;
use org_model::SourceId;
use serde_json::json;
use source_admin::ports::{
    Author, Expected, HistoryAction, SettingsStore, SourceCommit, Unsettled,
};
use source_settings::{AgentId, AgentSettings, SecretRef, SourceSettings};
use testkit::template::TEMPLATE;
use testkit::{EmbeddedDynamo, ForwardProxy, ProxyOptions};
use testkit::{create_missing_tables, tables_from_template};
use wecom_sim::{RunningSim, Sim, SimConfig, View};

use crate::case::{CaseSpec, SOURCE, SystemClock, client_at, table_names};
use crate::cli::DatabaseKind;
use crate::standin::StandIn;
use crate::watch::RequestCounter;

/// Where the agent's calls come from: the one address that WeCom trusts.
const AGENT_IP: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 77);

/// A running database. Stops on drop.
#[derive(Debug)]
pub enum Database {
    StandIn(StandIn),
    Embedded(EmbeddedDynamo),
}

impl Database {
    /// With the template's tables.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn start(kind: DatabaseKind) -> anyhow::Result<Self> {
        match kind {
            DatabaseKind::Embedded => Ok(Self::Embedded(EmbeddedDynamo::start().await?)),
            DatabaseKind::StandIn => {
                let stand_in = Self::StandIn(StandIn::start()?);
                let tables = tables_from_template(TEMPLATE)?;
                create_missing_tables(&stand_in.client(), &tables).await?;
                Ok(stand_in)
            }
        }
    }

    pub fn endpoint(&self) -> String {
        match self {
            Self::StandIn(database) => database.endpoint(),
            Self::Embedded(database) => database.endpoint(),
        }
    }

    pub fn client(&self) -> Client {
        client_at(&self.endpoint(), &RequestCounter::default())
    }
}

/// WeCom and an agent.
pub struct Outdoors {
    pub sim: RunningSim,
    pub proxy: ForwardProxy,
    config: SimConfig,
}

impl Outdoors {
    /// # Errors
    /// If WeCom or the agent does not start.
    pub async fn start(people: u32, departments: u32) -> anyhow::Result<Self> {
        let config = SimConfig {
            people,
            departments,
            seed: 7,
            tls: true,
            trusted_ips: vec![IpAddr::V4(AGENT_IP)],
            ..SimConfig::default()
        };
        let options = ProxyOptions {
            source: AGENT_IP,
            ..ProxyOptions::default()
        };
        Ok(Self {
            sim: Sim::start(config.clone())?,
            proxy: ForwardProxy::start(options).await?,
            config,
        })
    }

    /// How many departments the app sees.
    pub fn departments(&self) -> usize {
        self.sim.control().departments(View::Visible).len()
    }

    pub fn people(&self) -> usize {
        self.sim.control().summary().people
    }

    /// Writes down the source and its agent, as an administrator's call would.
    ///
    /// # Errors
    /// If the settings or the database refuse it.
    pub async fn put_source(&self, database: &Database) -> anyhow::Result<()> {
        let client = database.client();
        let store = DynamoStore::new(client, table_names(), Arc::new(SystemClock));
        let author = Author {
            by: "bench".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        };
        let agent = json!({ "url": self.proxy.url() });
        let Ok(agent) = AgentSettings::parse(&agent, None) else {
            bail!("the agent's settings are refused");
        };
        let id = AgentId::parse("dc-1").context("the agent's id is refused")?;
        store
            .put_agent(&id, &agent.settings, Expected::Absent, &author)
            .await?;
        let settings = self.settings()?;
        let source = SourceId::new(SOURCE);
        let commit = SourceCommit {
            settings: &settings,
            expected: Expected::Absent,
            author: &author,
            action: HistoryAction::Created,
            changes: &[],
            unsettled: &Unsettled::default(),
            moves: false,
        };
        SettingsStore::put_source(&store, &source, &commit).await?;
        Ok(())
    }

    pub fn spec(&self, database: &Database, run: &str) -> CaseSpec {
        CaseSpec {
            run: run.to_owned(),
            endpoint: database.endpoint(),
            wecom_secret: self.config.secret.clone(),
            wecom_ca_pem: self.sim.ca_pem().unwrap_or_default().to_owned(),
        }
    }

    /// Thresholds as wide as they go, so that 1 % churn of any size is applied and not held.
    fn settings(&self) -> anyhow::Result<SourceSettings> {
        let config = &self.config;
        let rule = json!({ "floor": 50, "max_count": 1000, "max_percent": 50 });
        let body = json!({
            "name": "Head office",
            "type": "wecom",
            "base_url": self.sim.base_url(),
            "credentials": {
                "corp_id": config.corp_id, "agent_id": config.agent_id, "secret": config.secret,
            },
            "agents": ["dc-1"],
            "mapping": {
                "title": "position", "email": "biz_mail", "mobile": "mobile",
                "phone": "telephone", "cost_center": "extattr['成本中心']",
                "upn": "userid + '@example.com'",
            },
            "protection": { "users": rule },
            "schedule": { "enabled": true, "every": "1h" },
            "contacts": [{ "email": "it@example.com" }],
        });
        let mut parsed = match SourceSettings::parse(&body, None) {
            Ok(parsed) => parsed.settings,
            Err(problems) => bail!("the source's settings are refused: {problems:?}"),
        };
        parsed.credentials.secret = Some(SecretRef {
            arn: "bench".to_owned(),
            version: "1".to_owned(),
        });
        Ok(parsed)
    }
}
