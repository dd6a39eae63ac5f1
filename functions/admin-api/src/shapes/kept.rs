//! Who is kept, and why.

use jiff::Timestamp;
use serde::Serialize;
use source_admin::ports::KeptItem;
use sync_run::KeptWhy;
use utoipa::ToSchema;

use super::{HeldItem, KeptWhyWord};

/// One person or department that stays because a person said so.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeptMark {
    /// With the removal that it is kept from.
    #[serde(flatten)]
    pub item: HeldItem,
    pub why: KeptWhyWord,
    /// For `excepted` and `rejected`: the list that was decided on.
    pub list: Option<String>,
    /// For `undone` and `restored`: the run that took it away, or that gave it back.
    pub run: Option<String>,
    /// Who said so: the caller's full ARN or the JWT's `sub`.
    pub by: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl From<KeptItem> for KeptMark {
    fn from(mark: KeptItem) -> Self {
        let (why, list, run) = match mark.why {
            KeptWhy::Excepted { list } => (KeptWhyWord::Excepted, Some(list), None),
            KeptWhy::Rejected { list } => (KeptWhyWord::Rejected, Some(list), None),
            KeptWhy::Undone { run } => (KeptWhyWord::Undone, None, Some(run)),
            KeptWhy::Restored { run } => (KeptWhyWord::Restored, None, Some(run)),
        };
        Self {
            item: mark.item.into(),
            why,
            list: list.map(|list| list.to_string()),
            run: run.map(|run| run.to_string()),
            by: mark.by,
            at: mark.at,
        }
    }
}
