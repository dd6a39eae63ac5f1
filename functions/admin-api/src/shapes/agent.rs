//! An egress agent.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;
use source_admin::AgentView;
use utoipa::ToSchema;

use super::{AgentStandingWord, Warning, warnings};

/// An egress agent: a forward proxy whose address WeCom trusts.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// `http://host:port` or `https://host:port`; on input also with credentials in its user part.
    #[schema(example = "http://proxy.example:3128")]
    pub url: String,
    /// For basic authentication; `null` removes the stored credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub password: Option<String>,
    #[schema(read_only, required = false)]
    pub state: AgentState,
}

/// What the system knows about an agent; ignored on input.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AgentState {
    pub agent: String,
    /// As in the ETag.
    pub version: u64,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    pub updated_by: Option<String>,
    /// Credentials are stored; they are never returned.
    pub has_credentials: bool,
    /// The sources that name it, in any place.
    pub sources: Vec<String>,
    /// As the last check of these settings found it.
    pub standing: AgentStandingWord,
    /// From the first byte to WeCom's answer through the agent.
    pub latency_milliseconds: Option<u64>,
    /// `null`: it was not checked since its settings changed, as are the others.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub checked_at: Option<Timestamp>,
    /// The address that WeCom saw.
    #[schema(value_type = Option<String>)]
    pub egress_ip: Option<IpAddr>,
    /// Whose app was used to see whether WeCom trusts that address.
    pub source: Option<String>,
    /// What went wrong; stable, for programs.
    pub code: Option<String>,
    pub warnings: Vec<Warning>,
}

impl From<AgentView> for Agent {
    fn from(view: AgentView) -> Self {
        let stored = view.stored;
        let check = view.check.as_ref();
        let sources = view.sources.iter();
        Self {
            url: stored.settings.url,
            username: None,
            password: None,
            state: AgentState {
                agent: stored.id.to_string(),
                version: stored.version,
                updated_at: stored.updated_at,
                updated_by: stored.updated_by,
                has_credentials: stored.settings.credentials.is_some(),
                sources: sources.map(ToString::to_string).collect(),
                standing: check.map_or(AgentStandingWord::Unknown, |one| one.standing.into()),
                latency_milliseconds: check.and_then(|one| one.latency_milliseconds),
                checked_at: check.map(|one| one.at),
                egress_ip: check.and_then(|one| one.egress_ip),
                source: check.and_then(|one| Some(one.source.as_ref()?.to_string())),
                code: check.and_then(|one| one.code.clone()),
                warnings: warnings(view.warnings),
            },
        }
    }
}
