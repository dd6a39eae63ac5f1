//! What a simulated WeCom is like. Everything but size, seed, port and TLS can be changed while it
//! runs (`Command::Configure`).

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::command::SettingsPatch;

/// Whether the app was created before or after the privacy rule of 2022-06-20 20:00 (WECOM.md §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppAge {
    Old,
    New,
}

/// How a new app sees the fields it has no right to: they are left out, or empty (gender `"0"`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    Absent,
    Empty,
}

/// The order in which departments and members are listed. A reader must not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listing {
    Natural,
    /// Children before their parents.
    Reversed,
    Shuffled(u64),
}

/// The organisation's size and seed, how the simulator is reached, and the rules it keeps.
#[derive(Debug, Clone)]
pub struct SimConfig {
    pub people: u32,
    /// The root included; at most 30,000, as in WeCom.
    pub departments: u32,
    pub seed: u64,
    /// 0 takes any free port.
    pub port: u16,
    pub tls: bool,
    /// Further host names for the certificate, beside `localhost` and `127.0.0.1`.
    pub tls_names: Vec<String>,
    /// A private deployment's prefix before `/cgi-bin`, e.g. `/wework`.
    pub path_prefix: String,
    pub corp_id: String,
    pub secret: String,
    pub agent_id: u32,
    /// The secret of the contact-sync assistant: it may read ids only (48009 for details).
    pub contact_secret: Option<String>,
    pub app_age: AppAge,
    pub withheld: Withheld,
    /// Bodies of legacy and private deployments; their token answer has no `errcode`.
    pub private_bodies: bool,
    /// Addresses that may read. Empty: every address may.
    pub trusted_ips: Vec<IpAddr>,
    /// Whether 60020 names the caller's address; old messages do not.
    pub untrusted_ip_named: bool,
    /// The app is switched off: `agent/get` shows `close: 1`, every other read answers 50003.
    pub app_disabled: bool,
    pub token_lifetime: Duration,
    /// Calls of one kind per minute before 45009; 0 = no limit.
    pub per_minute: u32,
    /// Calls of one kind per hour before 45009; 0 = no limit.
    pub per_hour: u32,
    /// Calls in flight before 45033; 0 = no limit.
    pub concurrency: u32,
    /// `user/list` of a department with more members answers 45029; 0 = no limit.
    pub user_list_max: u32,
    /// `user/getuserid`: unknown mobiles before that call is blocked for a day; 0 = no limit.
    pub unknown_mobiles_max: u32,
    /// The answer to every `user/getuserid`, such as 48002: no right to search by mobile; 0 = none.
    pub mobile_lookup_refused: i64,
    /// The answer about a person who exists outside the visible range: 60011 (or 60111).
    pub invisible_person: i64,
    /// The answer about a department that exists outside the visible range: 60011 (or 60003).
    pub invisible_department: i64,
    /// Whether `department`, `order` and `main_department` of a member name only visible ones.
    pub hide_foreign_departments: bool,
    pub listing: Listing,
    /// How long every call takes at least.
    pub latency: Duration,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            people: 2000,
            departments: 120,
            seed: 1,
            port: 0,
            tls: false,
            tls_names: Vec::new(),
            path_prefix: String::new(),
            corp_id: "wwsim0000000000001".to_owned(),
            secret: "sim-app-secret".to_owned(),
            agent_id: 1_000_002,
            contact_secret: None,
            app_age: AppAge::Old,
            withheld: Withheld::Absent,
            private_bodies: false,
            trusted_ips: Vec::new(),
            untrusted_ip_named: true,
            app_disabled: false,
            token_lifetime: Duration::from_secs(7200),
            per_minute: 0,
            per_hour: 0,
            concurrency: 0,
            user_list_max: 0,
            unknown_mobiles_max: 0,
            mobile_lookup_refused: 0,
            invisible_person: 60011,
            invisible_department: 60011,
            hide_foreign_departments: true,
            listing: Listing::Natural,
            latency: Duration::ZERO,
        }
    }
}

impl SimConfig {
    /// Takes over what the patch names.
    pub(crate) fn apply(&mut self, patch: SettingsPatch) {
        set(&mut self.secret, patch.secret);
        set(&mut self.contact_secret, patch.contact_secret.map(Some));
        set(&mut self.agent_id, patch.agent_id);
        set(&mut self.app_age, patch.app_age);
        set(&mut self.withheld, patch.withheld);
        set(&mut self.private_bodies, patch.private_bodies);
        set(&mut self.trusted_ips, patch.trusted_ips);
        set(&mut self.untrusted_ip_named, patch.untrusted_ip_named);
        set(&mut self.app_disabled, patch.app_disabled);
        set(
            &mut self.token_lifetime,
            patch.token_lifetime_seconds.map(Duration::from_secs),
        );
        set(&mut self.per_minute, patch.per_minute);
        set(&mut self.per_hour, patch.per_hour);
        set(&mut self.concurrency, patch.concurrency);
        set(&mut self.user_list_max, patch.user_list_max);
        set(&mut self.unknown_mobiles_max, patch.unknown_mobiles_max);
        set(&mut self.mobile_lookup_refused, patch.mobile_lookup_refused);
        set(&mut self.invisible_person, patch.invisible_person);
        set(&mut self.invisible_department, patch.invisible_department);
        set(
            &mut self.hide_foreign_departments,
            patch.hide_foreign_departments,
        );
        set(&mut self.listing, patch.listing);
        set(
            &mut self.latency,
            patch.latency_ms.map(Duration::from_millis),
        );
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
