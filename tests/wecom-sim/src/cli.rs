//! The binary's arguments and what it prints.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use wecom_sim::{AppAge, RunningSim, SimConfig, Withheld};

/// A stateful, seeded WeCom on 127.0.0.1 that can misbehave.
#[derive(Debug, Parser)]
#[command(name = "wecom-sim", version)]
pub struct Arguments {
    #[arg(long, default_value_t = 2000)]
    people: u32,
    /// The root included.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=30_000))]
    departments: u32,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// 0 takes any free port.
    #[arg(long, default_value_t = 9480)]
    port: u16,
    /// Serve HTTPS with a certificate of an authority made at start.
    #[arg(long)]
    tls: bool,
    /// Where the authority's certificate is written.
    #[arg(long, requires = "tls", default_value = "wecom-sim-ca.pem")]
    ca_file: PathBuf,
    /// A further name in the certificate; may be repeated.
    #[arg(long, requires = "tls")]
    tls_name: Vec<String>,
    #[arg(long, default_value = "wwsim0000000000001")]
    corp_id: String,
    #[arg(long, default_value = "sim-app-secret")]
    secret: String,
    /// A contact-sync secret, which may read ids only.
    #[arg(long)]
    contact_secret: Option<String>,
    #[arg(long, default_value_t = 1_000_002)]
    agent_id: u32,
    /// Created before or after the privacy rule of 2022-06-20.
    #[arg(long, value_enum, default_value_t = Age::Old)]
    app_age: Age,
    /// New apps see withheld fields empty instead of not at all.
    #[arg(long)]
    withheld_empty: bool,
    /// An address that may read; may be repeated. None: every address may.
    #[arg(long)]
    trusted_ip: Vec<IpAddr>,
    /// The app is switched off: agent/get shows close 1, other reads answer 50003.
    #[arg(long)]
    app_disabled: bool,
    /// What user/getuserid always answers, such as 48002; 0 = it may be asked.
    #[arg(long, default_value_t = 0)]
    mobile_lookup_refused: i64,
    /// Bodies of legacy and private deployments.
    #[arg(long)]
    private: bool,
    /// Before /cgi-bin, e.g. /wework.
    #[arg(long, default_value = "")]
    path_prefix: String,
    #[arg(long, default_value_t = 7200)]
    token_lifetime_seconds: u64,
    /// Calls of one kind per minute before 45009; 0 = no limit.
    #[arg(long, default_value_t = 0)]
    per_minute: u32,
    /// Calls of one kind per hour before 45009; 0 = no limit.
    #[arg(long, default_value_t = 0)]
    per_hour: u32,
    /// Calls in flight before 45033; 0 = no limit.
    #[arg(long, default_value_t = 0)]
    concurrency: u32,
    /// Members of a department before user/list answers 45029; 0 = no limit.
    #[arg(long, default_value_t = 0)]
    user_list_max: u32,
    /// Every call takes at least this long.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Age {
    Old,
    New,
}

impl Arguments {
    pub fn config(&self) -> SimConfig {
        SimConfig {
            people: self.people,
            departments: self.departments,
            seed: self.seed,
            port: self.port,
            tls: self.tls,
            tls_names: self.tls_name.clone(),
            path_prefix: self.path_prefix.clone(),
            corp_id: self.corp_id.clone(),
            secret: self.secret.clone(),
            agent_id: self.agent_id,
            contact_secret: self.contact_secret.clone(),
            app_age: match self.app_age {
                Age::Old => AppAge::Old,
                Age::New => AppAge::New,
            },
            withheld: if self.withheld_empty {
                Withheld::Empty
            } else {
                Withheld::Absent
            },
            private_bodies: self.private,
            trusted_ips: self.trusted_ip.clone(),
            app_disabled: self.app_disabled,
            mobile_lookup_refused: self.mobile_lookup_refused,
            token_lifetime: Duration::from_secs(self.token_lifetime_seconds),
            per_minute: self.per_minute,
            per_hour: self.per_hour,
            concurrency: self.concurrency,
            user_list_max: self.user_list_max,
            latency: Duration::from_millis(self.latency_ms),
            ..SimConfig::default()
        }
    }

    pub fn write_ca(&self, sim: &RunningSim) -> anyhow::Result<()> {
        let Some(pem) = sim.ca_pem() else {
            return Ok(());
        };
        std::fs::write(&self.ca_file, pem)
            .with_context(|| format!("writing {} failed", self.ca_file.display()))
    }

    pub fn greeting(&self, sim: &RunningSim) -> String {
        let org = sim.control().summary();
        format!(
            "wecom-sim: {} people in {} departments at {}\ncorp id {}, agent id {}",
            org.people,
            org.departments,
            sim.base_url(),
            self.corp_id,
            self.agent_id,
        )
    }
}

/// Ctrl-c, or the end of the process asked for politely.
pub async fn told_to_stop() -> anyhow::Result<()> {
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    Ok(())
}

/// How many calls of each kind were served.
pub fn farewell(sim: &RunningSim) -> String {
    let calls = sim.calls();
    let lines = calls
        .iter()
        .map(|(call, count)| format!("{count:>10}  {call}\n"));
    let total: u64 = calls.values().sum();
    let most = sim.max_in_flight();
    format!(
        "\n{}{total:>10}  calls in all, at most {most} in flight",
        lines.collect::<String>()
    )
}
