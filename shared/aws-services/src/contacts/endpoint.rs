//! One endpoint of the topic, as it is compared.

use source_settings::Contact;

/// The protocols that settings can ask for. What is subscribed by others (`https`, `firehose`) is
/// an operator's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Protocol {
    Email,
    Sms,
    Sqs,
    Lambda,
    Application,
}

impl Protocol {
    const ALL: [Self; 5] = [
        Self::Email,
        Self::Sms,
        Self::Sqs,
        Self::Lambda,
        Self::Application,
    ];

    /// As SNS spells it.
    fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Sqs => "sqs",
            Self::Lambda => "lambda",
            Self::Application => "application",
        }
    }

    /// `arn:<partition>:<service>:<region>:<account>:<resource>`, whatever the partition.
    fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let service = match (parts.next(), parts.next(), parts.next()) {
            (Some("arn"), Some(_), Some(service)) => service,
            _ => return None,
        };
        let resource = parts.nth(2)?;
        match service {
            "sqs" => Some(Self::Sqs),
            "lambda" if resource.starts_with("function:") => Some(Self::Lambda),
            "sns" if resource.starts_with("endpoint/") => Some(Self::Application),
            _ => None,
        }
    }
}

/// Equal for all spellings that reach the same. SNS keeps the spelling it was given first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Endpoint {
    protocol: Protocol,
    spelling: String,
}

impl Endpoint {
    /// `None`: an ARN that nothing can be sent to.
    pub(super) fn of(contact: &Contact) -> Option<Self> {
        let protocol = match contact {
            Contact::Email(_) => Protocol::Email,
            Contact::Sms(_) => Protocol::Sms,
            Contact::Arn(arn) => Protocol::of_arn(arn)?,
        };
        Some(Self::new(protocol, contact.address()))
    }

    /// As the topic lists it; `None`: settings cannot name it.
    pub(super) fn listed(protocol: &str, spelling: &str) -> Option<Self> {
        let mut known = Protocol::ALL.into_iter();
        let protocol = known.find(|it| it.word() == protocol)?;
        Some(Self::new(protocol, spelling))
    }

    pub(super) fn protocol(&self) -> &'static str {
        self.protocol.word()
    }

    fn new(protocol: Protocol, spelling: &str) -> Self {
        let spelling = match protocol {
            // SNS minds the case, mail does not.
            Protocol::Email => spelling.to_lowercase(),
            Protocol::Sms => digits(spelling),
            // Names of queues, functions and endpoints are case-sensitive.
            Protocol::Sqs | Protocol::Lambda | Protocol::Application => spelling.to_owned(),
        };
        Self { protocol, spelling }
    }
}

/// `+86 138-0013-8000` and `008613800138000` ring the same telephone as `+8613800138000`.
fn digits(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix("00") {
        Some(international) => international.to_owned(),
        None => digits,
    }
}

#[cfg(test)]
mod tests;
