//! Contacts: whether they confirmed, and a notice to try them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use org_model::SourceId;
use serde_json::json;
use source_settings::Contact;
use sync_run::ports::SendError;
use sync_run::{LANGUAGES_BREAK, Notice, NoticeKind, StoredSource};

use crate::ports::{ContactState, KeptSource};
use crate::{Admin, AdminError, Warning};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactView {
    pub contact: Contact,
    /// `None`: it could not be asked.
    pub state: Option<ContactState>,
}

/// A test notice that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestNotice {
    pub sent_at: Timestamp,
    /// Only who has confirmed can have received it.
    pub contacts: Vec<ContactView>,
    pub warnings: Vec<Warning>,
}

pub(crate) type States = Result<BTreeMap<Contact, ContactState>, SendError>;

impl Admin {
    /// Sends a notice at once: it is news now or never, so it is not kept to be sent later.
    pub async fn test_contacts(&self, id: &str, by: &str) -> Result<TestNotice, AdminError> {
        let kept = self.known_source(id).await?;
        if kept.stored.settings.contacts.is_empty() {
            return Err(AdminError::NoContacts);
        }
        let notice = test_notice(&kept.stored.source, by, self.ports.clock.now());
        let sent = self.ports.notifier.send(&notice).await;
        sent.map_err(AdminError::Notifier)?;
        let states = self.contact_states([&kept]).await;
        let contacts = contacts_of(&kept.stored, &states);
        Ok(TestNotice {
            sent_at: notice.at,
            warnings: contact_warning(&contacts, &states).into_iter().collect(),
            contacts,
        })
    }

    pub(crate) async fn contact_states<'a>(
        &self,
        kept: impl IntoIterator<Item = &'a KeptSource>,
    ) -> States {
        let contacts = kept
            .into_iter()
            .flat_map(|one| &one.stored.settings.contacts);
        let contacts: BTreeSet<Contact> = contacts.cloned().collect();
        if contacts.is_empty() {
            return Ok(BTreeMap::new());
        }
        let contacts: Vec<Contact> = contacts.into_iter().collect();
        let states = self.ports.contacts.states(&contacts).await?;
        Ok(states.into_iter().collect())
    }
}

/// A contact without a subscription is gone.
pub(crate) fn contacts_of(stored: &StoredSource, states: &States) -> Vec<ContactView> {
    let view = |contact: &Contact| ContactView {
        contact: contact.clone(),
        state: states
            .as_ref()
            .ok()
            .map(|states| states.get(contact).copied().unwrap_or(ContactState::Gone)),
    };
    let contacts = stored.settings.contacts.iter();
    contacts.map(view).collect()
}

pub(crate) fn contact_warning(contacts: &[ContactView], states: &States) -> Option<Warning> {
    let confirmed = contacts
        .iter()
        .any(|contact| contact.state == Some(ContactState::Confirmed));
    match states {
        Err(error) if !contacts.is_empty() => Some(Warning::contacts_unknown(error)),
        _ if confirmed => None,
        _ => Some(Warning::no_confirmed_contact()),
    }
}

/// In both languages: who reads it may not be who asked for it. A source's name has at most 40
/// characters, all of them ASCII: the subject stays below SNS's 100.
fn test_notice(source: &SourceId, by: &str, at: Timestamp) -> Notice {
    let text = format!(
        "This is a test notice of source {source}. {by} asked for it at {at}, to see that notices \
         arrive here.\n\nNothing happened to the directory: WeCom was not read, and nobody was \
         created, changed or deleted. There is nothing to do.{LANGUAGES_BREAK}\
         这是数据源 {source} 的测试通知，由 {by} 于 {at} 发出，用来确认通知能够送达。\n\n\
         目录没有任何变化：没有读取企业微信，也没有新增、修改或删除任何人员。无需处理。",
    );
    Notice {
        at,
        kind: NoticeKind::Test,
        source: source.clone(),
        run: None,
        subject: format!("[wecom-sync] {source}: test notice, nothing happened"),
        text,
        detail: json!({ "requested_by": by }),
    }
}
