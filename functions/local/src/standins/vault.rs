//! Secrets in a file that only its owner can read.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use source_admin::ports::SecretVault;
use source_settings::SecretRef;
use sync_run::ports::{Secrets, SendError};

/// `<data>/secrets.json`: stands in for Secrets Manager.
#[derive(Debug)]
pub struct SecretFile {
    path: PathBuf,
    secrets: Mutex<BTreeMap<String, SecretString>>,
}

impl SecretFile {
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn open(data: &Path) -> anyhow::Result<Self> {
        let path = data.join("secrets.json");
        let secrets: BTreeMap<String, SecretString> = match File::open(&path) {
            Ok(file) => serde_json::from_reader(file)
                .with_context(|| format!("{} is not readable", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).context("the secrets cannot be opened"),
        };
        Ok(Self {
            path,
            secrets: Mutex::new(secrets),
        })
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, SecretString>) -> T,
    ) -> Result<T, SendError> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = change(&mut secrets);
        write(&self.path, &secrets).map_err(|error| SendError {
            service: "secrets.json",
            reason: error.kind().to_string(),
        })?;
        Ok(answer)
    }
}

/// A new file takes the place of the old one, so that a crash leaves one of them whole.
fn write(path: &Path, secrets: &BTreeMap<String, SecretString>) -> std::io::Result<()> {
    let exposed: BTreeMap<&str, &str> = secrets
        .iter()
        .map(|(name, secret)| (name.as_str(), secret.expose_secret()))
        .collect();
    let fresh = path.with_extension("json.new");
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(&serde_json::to_vec(&exposed)?)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}

#[async_trait]
impl SecretVault for SecretFile {
    async fn put(&self, purpose: &str, secret: &SecretString) -> Result<SecretRef, SendError> {
        let arn = format!("local:{purpose}-{}", uuid::Uuid::new_v4());
        self.change(|secrets| secrets.insert(arn.clone(), secret.clone()))?;
        Ok(SecretRef {
            arn,
            version: "1".to_owned(),
        })
    }

    async fn remove(&self, reference: &SecretRef) -> Result<(), SendError> {
        self.change(|secrets| secrets.remove(&reference.arn))
            .map(drop)
    }
}

#[async_trait]
impl Secrets for SecretFile {
    async fn secret(&self, reference: &SecretRef) -> Result<SecretString, SendError> {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = SendError {
            service: "secrets.json",
            reason: "no such secret".to_owned(),
        };
        secrets.get(&reference.arn).cloned().ok_or(missing)
    }
}
