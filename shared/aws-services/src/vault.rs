//! Keeping secrets.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::operation::delete_secret::DeleteSecretError;
use secrecy::{ExposeSecret, SecretString};
use source_admin::ports::SecretVault;
use source_settings::SecretRef;
use sync_run::ports::SendError;

use crate::secrets::SERVICE;
use crate::send_error::{refusal, send_error};

/// The shortest that Secrets Manager allows: a secret that was swept by mistake can be restored for
/// a week.
const RECOVERY_WINDOW_DAYS: i64 = 7;

/// Stores each secret under a name of its own, so that no write ever changes what settings name.
#[derive(Clone, Debug)]
pub struct SecretManagerVault {
    client: Client,
    prefix: String,
}

impl SecretManagerVault {
    /// `prefix` begins the name of every secret: the functions may touch no others.
    pub fn new(config: &SdkConfig, prefix: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            prefix: prefix.into(),
        }
    }

    /// 32 random hexadecimal digits at the end: two puts never meet, and a name that is swept and
    /// still in its recovery window is never needed again.
    fn fresh_name(&self, purpose: &str) -> String {
        let allowed = |c: char| match c {
            c if c.is_ascii_alphanumeric() || "/_+=.@-".contains(c) => c,
            _ => '_',
        };
        let purpose: String = purpose.chars().map(allowed).collect();
        let random = uuid::Uuid::new_v4().simple();
        format!("{}{purpose}-{random}", self.prefix)
    }
}

#[async_trait]
impl SecretVault for SecretManagerVault {
    async fn put(&self, purpose: &str, secret: &SecretString) -> Result<SecretRef, SendError> {
        let created = self
            .client
            .create_secret()
            .name(self.fresh_name(purpose))
            .description("Kept by wecom-sync")
            .secret_string(secret.expose_secret())
            .send()
            .await
            .map_err(|error| send_error(SERVICE, &error))?;
        match (created.arn, created.version_id) {
            (Some(arn), Some(version)) => Ok(SecretRef { arn, version }),
            _ => Err(refusal(SERVICE, "an answer without ARN or version")),
        }
    }

    async fn remove(&self, reference: &SecretRef) -> Result<(), SendError> {
        let removed = self
            .client
            .delete_secret()
            .secret_id(&reference.arn)
            .recovery_window_in_days(RECOVERY_WINDOW_DAYS)
            .send()
            .await;
        match removed {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(is_gone) => Ok(()),
            Err(error) => Err(send_error(SERVICE, &error)),
        }
    }
}

/// Removed before: no longer there, or in its recovery window. For the latter Secrets Manager has
/// no code of its own, only a sentence in which the secret is "marked for deletion", "marked
/// deleted" or "scheduled for deletion".
fn is_gone(error: &DeleteSecretError) -> bool {
    let sentence = error.message().unwrap_or_default();
    let marked = ["marked", "scheduled"]
        .iter()
        .any(|word| sentence.contains(word))
        && sentence.contains("delet");
    error.is_resource_not_found_exception() || (error.is_invalid_request_exception() && marked)
}
