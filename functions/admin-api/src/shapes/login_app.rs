//! A login app.

use jiff::Timestamp;
use serde::Serialize;
use source_admin::LoginAppView;
use utoipa::ToSchema;

use super::{Warning, warnings};

/// A WeCom app that is configured for sign-in, whose credentials a source may take over.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginApp {
    #[schema(example = "Single sign-on", min_length = 1, max_length = 100)]
    pub name: String,
    /// `https`, or `http` on loopback.
    #[schema(required = false, example = "https://qyapi.weixin.qq.com")]
    pub base_url: String,
    pub credentials: LoginAppCredentials,
    #[schema(read_only, required = false)]
    pub state: LoginAppState,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginAppCredentials {
    #[schema(example = "ww0123456789abcdef", pattern = "^[A-Za-z0-9_-]{1,64}$")]
    pub corp_id: String,
    #[schema(example = 1000007, minimum = 1)]
    pub agent_id: u32,
    /// Required when the app is made, and when server, `corp_id` or `agent_id` change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only, pattern = "^[!-~]{1,512}$")]
    pub secret: Option<String>,
}

/// What the system knows about a login app; ignored on input.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LoginAppState {
    pub app: String,
    /// As in the ETag.
    pub version: u64,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    pub updated_by: Option<String>,
    /// A secret is stored; it is never returned.
    pub has_secret: bool,
    pub warnings: Vec<Warning>,
}

/// Whose credentials to take over.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "login_app": "sso" }))]
pub struct ImportBody {
    /// The name of a login app on the same WeCom server.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,39}$")]
    pub login_app: String,
}

impl From<LoginAppView> for LoginApp {
    fn from(view: LoginAppView) -> Self {
        let stored = view.stored;
        let settings = stored.settings;
        Self {
            name: settings.name,
            base_url: settings.base_url,
            state: LoginAppState {
                app: stored.id.to_string(),
                version: stored.version,
                updated_at: stored.updated_at,
                updated_by: stored.updated_by,
                has_secret: settings.credentials.secret.is_some(),
                warnings: warnings(view.warnings),
            },
            credentials: LoginAppCredentials {
                corp_id: settings.credentials.corp_id,
                agent_id: settings.credentials.agent_id,
                secret: None,
            },
        }
    }
}
