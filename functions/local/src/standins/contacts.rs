//! Nobody is mailed from a laptop.

use async_trait::async_trait;
use org_model::SourceId;
use source_admin::ports::{ContactState, Contacts};
use source_settings::Contact;
use sync_run::ports::SendError;

/// Every contact stays pending, so that each source says that nobody confirmed: true here, where
/// notices go to `notices.jsonl` only.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoContacts;

#[async_trait]
impl Contacts for NoContacts {
    async fn reconcile(&self, _wanted: &[(Contact, SourceId)]) -> Result<(), SendError> {
        Ok(())
    }

    async fn states(
        &self,
        contacts: &[Contact],
    ) -> Result<Vec<(Contact, ContactState)>, SendError> {
        let pending = |contact: &Contact| (contact.clone(), ContactState::Pending);
        Ok(contacts.iter().map(pending).collect())
    }
}
