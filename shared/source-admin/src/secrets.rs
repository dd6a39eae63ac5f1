//! Secrets around the one commit point.
//!
//! A secret is stored under a fresh name first; the conditional write of the settings that name it
//! is what makes it count. Races: (a) the write is refused: the fresh secret is swept. (b) The
//! write's outcome is unknown: the fresh secret stays, because settings may name it; at worst it is
//! an orphan. (c) A run that pinned the replaced secret has read it at its start; one that claims
//! between our write and our sweep fails with a remedy and the next one succeeds.

use secrecy::SecretString;
use source_settings::SecretRef;
use sync_run::ports::StoreError;

use crate::{Admin, AdminError, Warning};

impl Admin {
    pub(crate) async fn keep_secret(
        &self,
        purpose: &str,
        secret: &SecretString,
    ) -> Result<SecretRef, AdminError> {
        let stored = self.ports.vault.put(purpose, secret).await;
        stored.map_err(AdminError::Vault)
    }

    /// What came of the conditional write, with the fresh secret swept if it was refused.
    pub(crate) async fn after_commit<T>(
        &self,
        outcome: Result<T, StoreError>,
        fresh: Option<&SecretRef>,
    ) -> Result<T, AdminError> {
        let error = match outcome {
            Ok(stored) => return Ok(stored),
            Err(error) => error,
        };
        let written_nothing = matches!(
            error,
            StoreError::Conflict { .. } | StoreError::Refused { .. }
        );
        if let (true, Some(fresh)) = (written_nothing, fresh)
            && let Some(warning) = self.sweep(fresh).await
        {
            tracing::warn!(code = warning.code, "{}", warning.message);
        }
        Err(match error {
            StoreError::Conflict { .. } => AdminError::Stale,
            other => AdminError::Store(other),
        })
    }

    /// Deletes a secret that no settings name; the warning tells who could not.
    pub(crate) async fn sweep(&self, reference: &SecretRef) -> Option<Warning> {
        let removed = self.ports.vault.remove(reference).await;
        removed
            .err()
            .map(|error| Warning::secret_not_swept(reference, &error))
    }

    /// Sweeps `old` unless `current` still names it.
    pub(crate) async fn sweep_replaced(
        &self,
        old: Option<&SecretRef>,
        current: Option<&SecretRef>,
    ) -> Option<Warning> {
        let old = old.filter(|old| current.is_none_or(|current| current.arn != old.arn))?;
        self.sweep(old).await.map(Warning::by_hand_alone)
    }
}
