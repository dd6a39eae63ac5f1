//! Secrets on their way in, and the references that settings keep instead.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Where a secret is kept: settings hold this, never the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRef {
    pub arn: String,
    pub version: String,
}

/// The secret of a WeCom app, as it was just given: keep it, then forget it.
#[derive(Clone, Debug)]
pub struct NewSecret(pub SecretString);

/// What an agent asks of those who pass through it (basic authentication).
#[derive(Clone, Debug)]
pub struct AgentCredentials {
    pub username: SecretString,
    pub password: SecretString,
}
