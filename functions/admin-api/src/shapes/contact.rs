//! Who hears of notices, and whether they do.

use jiff::Timestamp;
use serde::Serialize;
use source_admin::ContactView;
use source_admin::ports::ContactState;
use source_settings::Contact;
use utoipa::ToSchema;

use super::{ContactStateWord, Warning, warnings};

/// One endpoint of the notice topic.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceContact {
    #[schema(example = "it@example.com")]
    Email(String),
    /// A telephone number with its country: `+` and up to 15 digits (E.164).
    #[schema(example = "+8613800138000")]
    Sms(String),
    /// An SNS endpoint: a queue, a function or a mobile application.
    #[schema(example = "arn:aws:sqs:eu-central-1:123456789012:notices")]
    Arn(String),
}

impl From<Contact> for SourceContact {
    fn from(contact: Contact) -> Self {
        match contact {
            Contact::Email(address) => Self::Email(address),
            Contact::Sms(number) => Self::Sms(number),
            Contact::Arn(arn) => Self::Arn(arn),
        }
    }
}

/// A contact and whether it has confirmed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContactStanding {
    #[serde(flatten)]
    pub contact: SourceContact,
    /// `null`: it could not be asked.
    pub state: Option<ContactStateWord>,
}

impl From<ContactView> for ContactStanding {
    fn from(view: ContactView) -> Self {
        Self {
            contact: view.contact.into(),
            state: view.state.map(ContactStateWord::from),
        }
    }
}

impl From<ContactState> for ContactStateWord {
    fn from(state: ContactState) -> Self {
        match state {
            ContactState::Pending => Self::Pending,
            ContactState::Confirmed => Self::Confirmed,
            ContactState::Gone => Self::Gone,
        }
    }
}

/// A test notice that was sent. Only who has confirmed can have received it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TestNotice {
    #[schema(value_type = String, format = DateTime)]
    pub sent_at: Timestamp,
    pub contacts: Vec<ContactStanding>,
    pub warnings: Vec<Warning>,
}

impl From<source_admin::TestNotice> for TestNotice {
    fn from(notice: source_admin::TestNotice) -> Self {
        let contacts = notice.contacts.into_iter();
        Self {
            sent_at: notice.sent_at,
            contacts: contacts.map(ContactStanding::from).collect(),
            warnings: warnings(notice.warnings),
        }
    }
}
