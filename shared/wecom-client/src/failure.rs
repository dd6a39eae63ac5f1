//! Why a question has no answer, after every permitted try.

use std::net::IpAddr;

use org_model::GapCause;

use crate::errcode::{ErrorClass, class_of};
use crate::question::Call;
use crate::transport::Silence;
use crate::wire::{Judged, Malformed, Refusal};

/// The address is not trusted for this app (WECOM.md §4): each agent has its own.
pub(crate) const UNTRUSTED_IP: i64 = 60020;
/// Asked too often, in one of several senses.
pub(crate) const TOO_OFTEN: i64 = 45009;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Refused(Refusal),
    Silent(Silence),
    Malformed(Malformed),
    /// The rate or time budget of the run ended first.
    OutOfBudget,
    /// Look-ups by mobile are blocked, perhaps for a day; everything else may still be asked.
    LookupsBlocked,
    /// WeCom gives out no token to the address that it saw: after several wrong secrets, which
    /// block an address for an hour, or after too many questions for tokens (WECOM.md §2). It says
    /// 45009 of both. Another agent has another address.
    TokensBlocked(Option<IpAddr>),
}

impl Failure {
    /// What `call` met instead of its answer. Where a look-up by mobile hits a limit, it may be the
    /// one of unknown mobiles (WECOM.md §3): no window that could be waited for, and no reason for
    /// other calls to wait.
    pub fn of(call: Call, judged: Judged) -> Self {
        let refusal = match judged {
            Judged::Refused(refusal) => refusal,
            Judged::Malformed(malformed) => return Self::Malformed(malformed),
        };
        match (class_of(refusal.code), call) {
            (ErrorClass::Rate, Call::UserGetuserid) => Self::LookupsBlocked,
            (ErrorClass::Rate, Call::Gettoken) => Self::TokensBlocked(refusal.seen_ip),
            _ => Self::Refused(refusal),
        }
    }

    pub fn errcode(&self) -> Option<i64> {
        match self {
            Self::Refused(refusal) => Some(refusal.code),
            _ => None,
        }
    }

    pub fn class(&self) -> Option<ErrorClass> {
        self.errcode().map(class_of)
    }

    /// Another agent may do better: this one is silent, or its address is not trusted or blocked.
    pub fn blames_agent(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.code == UNTRUSTED_IP,
            Self::Silent(silence) => !matches!(silence, Silence::Status(_) | Silence::GivenUp),
            Self::TokensBlocked(_) => true,
            Self::Malformed(_) | Self::OutOfBudget | Self::LookupsBlocked => false,
        }
    }

    /// No other agent can help: the corp, the secret or the app is refused, or the budget is gone.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Refused(refusal) => {
                refusal.code != UNTRUSTED_IP && self.class() != Some(ErrorClass::Transient)
            }
            Self::OutOfBudget | Self::LookupsBlocked => true,
            Self::Silent(_) | Self::Malformed(_) | Self::TokensBlocked(_) => false,
        }
    }

    /// The reading must stop: a person has to act, or there is no token that WeCom would take.
    pub fn stops_reading(&self) -> bool {
        match self {
            Self::TokensBlocked(_) => true,
            _ => matches!(
                self.class(),
                Some(ErrorClass::Configuration | ErrorClass::Refresh)
            ),
        }
    }

    pub fn gap_cause(&self) -> GapCause {
        match self {
            Self::Refused(refusal) => GapCause::Errcode(refusal.code),
            Self::Silent(_) => GapCause::NoAnswer,
            Self::Malformed(_) => GapCause::Malformed,
            Self::TokensBlocked(_) => GapCause::Errcode(TOO_OFTEN),
            Self::OutOfBudget | Self::LookupsBlocked => GapCause::OutOfBudget,
        }
    }
}
