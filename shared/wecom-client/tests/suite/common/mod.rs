//! A stage: one simulated WeCom, one proxy as its only trusted road, one client.

pub mod checks;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use org_model::RawOrg;
use secrecy::SecretString;
use sync_run::ports::{AgentAccess, Clock, NoProgress, ReadError, Wecom, WecomAccess, WecomScope};
use testkit::{ForwardProxy, ProxyOptions};
use wecom_client::{Pace, WecomClient};
use wecom_sim::{Command, RunningSim, Sim, SimConfig};

/// Where the proxy's outgoing connections come from. Anything else is not the proxy.
pub const AGENT_IP: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 77);
pub const SECOND_AGENT_IP: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 78);

pub struct Stage {
    pub sim: RunningSim,
    pub proxy: ForwardProxy,
    client: Arc<WecomClient>,
    pub access: WecomAccess,
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Tries as often as in production and waits next to nothing.
pub fn quick() -> Pace {
    Pace {
        connect_timeout: Duration::from_secs(2),
        request_timeout: Duration::from_secs(2),
        rate_window: Duration::from_millis(50),
        backoff: Duration::from_millis(2),
        backoff_max: Duration::from_millis(10),
        ..Pace::default()
    }
}

/// The same with hardly any patience for an answer.
pub fn impatient() -> Pace {
    Pace {
        request_timeout: Duration::from_millis(300),
        ..quick()
    }
}

/// A small company that trusts the proxy's address only.
pub fn company() -> SimConfig {
    SimConfig {
        people: 60,
        departments: 12,
        tls: true,
        trusted_ips: vec![IpAddr::V4(AGENT_IP)],
        ..SimConfig::default()
    }
}

pub fn agent(id: &str, proxy: &ForwardProxy) -> AgentAccess {
    AgentAccess {
        id: id.to_owned(),
        url: proxy.url(),
        credentials: None,
    }
}

pub fn client(pem: &[&str], pace: Pace) -> WecomClient {
    let client = WecomClient::new(Arc::new(SystemClock)).with_pace(pace);
    pem.iter().fold(client, |client, pem| {
        client.with_roots_pem(pem.as_bytes()).unwrap()
    })
}

pub async fn proxy_from(source: Ipv4Addr) -> ForwardProxy {
    let options = ProxyOptions {
        source,
        ..ProxyOptions::default()
    };
    ForwardProxy::start(options).await.unwrap()
}

impl Stage {
    pub async fn https() -> Self {
        Self::with(company(), quick()).await
    }

    pub async fn with(config: SimConfig, pace: Pace) -> Self {
        let secret = config.secret.clone();
        let (corp_id, agent_id) = (config.corp_id.clone(), u64::from(config.agent_id));
        let sim = Sim::start(config).unwrap();
        let proxy = proxy_from(AGENT_IP).await;
        let roots: Vec<&str> = sim.ca_pem().into_iter().collect();
        let access = WecomAccess {
            base_url: sim.base_url().to_owned(),
            corp_id,
            agent_id,
            secret: SecretString::from(secret),
            agents: vec![agent("dc-1", &proxy)],
            deadline: Timestamp::now() + SignedDuration::from_mins(5),
        };
        let client = Arc::new(client(&roots, pace));
        Self {
            sim,
            proxy,
            client,
            access,
        }
    }

    pub fn client(&self) -> &WecomClient {
        &self.client
    }

    pub fn access(&self) -> WecomAccess {
        self.access.clone()
    }

    pub fn run(&self, command: Command) {
        self.sim.control().run(command).unwrap();
    }

    /// Connects and reads everything.
    pub async fn read(&self) -> Result<RawOrg, ReadError> {
        self.read_scoped(&WecomScope::default()).await
    }

    pub async fn read_scoped(&self, scope: &WecomScope) -> Result<RawOrg, ReadError> {
        let session = self.client.connect(self.access()).await?;
        session.read(scope, &NoProgress).await
    }
}

pub fn userids(raw: &RawOrg) -> BTreeSet<String> {
    raw.members
        .iter()
        .map(|member| member.userid.as_str().to_owned())
        .collect()
}
