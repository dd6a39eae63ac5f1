//! Reading secrets.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use secrecy::SecretString;
use source_settings::SecretRef;
use sync_run::ports::{Secrets, SendError};

use crate::send_error::{refusal, send_error};

pub(crate) const SERVICE: &str = "Secrets Manager";

/// ARN and version.
type Place = (String, String);

/// Reads secrets, each version once in the life of the process: a version never changes, and
/// settings name another one when the secret does.
#[derive(Debug)]
pub struct VaultSecrets {
    client: Client,
    known: Mutex<HashMap<Place, SecretString>>,
}

impl VaultSecrets {
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
            known: Mutex::default(),
        }
    }

    async fn fetch(&self, reference: &SecretRef) -> Result<SecretString, SendError> {
        let answer = self
            .client
            .get_secret_value()
            .secret_id(&reference.arn)
            .version_id(&reference.version)
            .send()
            .await
            .map_err(|error| send_error(SERVICE, &error))?;
        answer
            .secret_string
            .map(SecretString::from)
            .ok_or_else(|| refusal(SERVICE, "a secret that is not text"))
    }
}

#[async_trait]
impl Secrets for VaultSecrets {
    async fn secret(&self, reference: &SecretRef) -> Result<SecretString, SendError> {
        let place = (reference.arn.clone(), reference.version.clone());
        let known = |secrets: &Mutex<HashMap<Place, SecretString>>| {
            let secrets = secrets.lock().unwrap_or_else(PoisonError::into_inner);
            secrets.get(&place).cloned()
        };
        if let Some(secret) = known(&self.known) {
            return Ok(secret);
        }
        let secret = self.fetch(reference).await?;
        let mut secrets = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.insert(place, secret.clone());
        Ok(secret)
    }
}
