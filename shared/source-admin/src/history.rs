//! Who changed a source, when, and what.

use crate::ports::{HistoryEntry, Page, PageRequest};
use crate::{Admin, AdminError};

impl Admin {
    /// Latest first; of a source that is being cleared or vacant as well.
    pub async fn history(
        &self,
        id: &str,
        page: &PageRequest,
    ) -> Result<Page<HistoryEntry>, AdminError> {
        let source = self.known_place(id).await?;
        Ok(self.ports.history.history(&source, page).await?)
    }
}
