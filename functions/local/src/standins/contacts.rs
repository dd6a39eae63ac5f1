//! Nobody is mailed from a laptop.

use async_trait::async_trait;
use org_model::SourceId;
use source_admin::ports::{ContactState, Contacts};
use sync_run::ports::SendError;

/// Every contact stays pending, so that each source says that nobody confirmed: true here, where
/// notices go to `notices.jsonl` only.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoContacts;

#[async_trait]
impl Contacts for NoContacts {
    async fn reconcile(&self, _wanted: &[(String, SourceId)]) -> Result<(), SendError> {
        Ok(())
    }

    async fn states(&self, emails: &[String]) -> Result<Vec<(String, ContactState)>, SendError> {
        Ok(emails
            .iter()
            .map(|email| (email.clone(), ContactState::Pending))
            .collect())
    }
}
