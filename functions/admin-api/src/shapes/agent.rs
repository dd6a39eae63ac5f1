//! An egress agent.

use jiff::Timestamp;
use serde::Serialize;
use source_admin::AgentView;
use utoipa::ToSchema;

use super::{Warning, warnings};

/// An egress agent: a forward proxy whose address WeCom trusts.
#[derive(Clone, Debug, Serialize, ToSchema)]
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
    pub warnings: Vec<Warning>,
}

impl From<AgentView> for Agent {
    fn from(view: AgentView) -> Self {
        let stored = view.stored;
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
                warnings: warnings(view.warnings),
            },
        }
    }
}
