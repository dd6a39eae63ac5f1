//! Who is kept because a person said so, and taking such a mark back.

use org_model::{DepartmentId, ItemKey, ItemKind, UserId};

use crate::ports::{KeptItem, Page, PageRequest};
use crate::{Admin, AdminError};

impl Admin {
    /// Latest decision first.
    pub async fn kept(&self, id: &str, page: &PageRequest) -> Result<Page<KeptItem>, AdminError> {
        let source = self.known_source_id(id).await?;
        Ok(self.ports.kept.kept_items(&source, page).await?)
    }

    /// Takes back whatever keeps this person or department; ids of people are found whatever
    /// their case. From the next sealed run on they are judged like everybody else.
    pub async fn clear_kept(
        &self,
        id: &str,
        kind: ItemKind,
        item: &str,
        by: &str,
    ) -> Result<(), AdminError> {
        let source = self.known_source_id(id).await?;
        let missing = || AdminError::NotFound {
            what: "kept mark of",
            id: format!("{kind} {item}"),
        };
        let key = item_key(kind, item).ok_or_else(missing)?;
        let author = self.author(by);
        let cleared = self.ports.kept.clear_kept(&source, &key, &author).await?;
        match cleared.is_empty() {
            true => Err(missing()),
            false => Ok(()),
        }
    }
}

fn item_key(kind: ItemKind, id: &str) -> Option<ItemKey> {
    match kind {
        ItemKind::User => Some(ItemKey::User(UserId::new(id).key())),
        ItemKind::Department => Some(ItemKey::Department(DepartmentId(id.parse().ok()?))),
    }
}
