//! Faults: when a call is answered wrongly, and how.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::calls::Call;

/// One fault: from its place on it strikes `times` calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub at: At,
    #[serde(default)]
    pub times: Times,
    pub what: What,
}

/// Which calls a fault may strike. Indexes are 0-based and start with the last `ResetCounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// The n-th call of all, and those after it.
    CallIndex(u64),
    EveryCall,
    /// The n-th call of one kind (`"user/list"`), and those of that kind after it.
    Kind(String, u64),
}

/// How many calls a fault strikes before it is spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    #[default]
    Once,
    Count(u64),
    Forever,
}

/// What is answered in place of the truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// HTTP 200 with this `errcode` and empty arrays.
    Errcode(i64),
    /// This HTTP status with a short HTML body, as a gateway gives it.
    HttpStatus(u16),
    /// A login page with status 200.
    HtmlWith200,
    /// The full length is announced, half of the true answer is sent, then the connection closes.
    TruncatedBody,
    /// The true answer, later.
    DelayMs(u64),
    /// The connection is reset (TCP RST) instead of an answer.
    Reset,
    /// `errcode` 0 with every list empty.
    EmptyLists,
    /// `{}`.
    EmptyObject,
    /// The true answer with only the first n rows of each list.
    ShortLists(u64),
    /// This body, with status 200 and JSON's content type.
    Body(String),
}

/// The faults that are set, and how often each has struck.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    set: Vec<(Fault, u64)>,
}

/// What happens to one call.
#[derive(Debug, Default)]
pub(crate) struct Struck {
    pub delay: Duration,
    pub what: Option<What>,
}

impl Faults {
    pub(crate) fn set(&mut self, fault: Fault) {
        self.set.push((fault, 0));
    }

    pub(crate) fn clear(&mut self) {
        self.set.clear();
    }

    /// Every delay that fits strikes; of the others the one that was set first.
    pub(crate) fn strike(&mut self, call: Call, index: u64, nth: u64) -> Struck {
        let mut struck = Struck::default();
        for (fault, times) in &mut self.set {
            if !fault.fits(call, index, nth) || fault.times.spent(*times) {
                continue;
            }
            match (&fault.what, &struck.what) {
                (What::DelayMs(ms), _) => struck.delay += Duration::from_millis(*ms),
                (what, None) => struck.what = Some(what.clone()),
                (_, Some(_)) => continue,
            }
            *times += 1;
        }
        struck
    }
}

impl Fault {
    fn fits(&self, call: Call, index: u64, nth: u64) -> bool {
        match &self.at {
            At::EveryCall => true,
            At::CallIndex(from) => index >= *from,
            At::Kind(name, from) => call.name() == name && nth >= *from,
        }
    }
}

impl Times {
    fn spent(self, struck: u64) -> bool {
        match self {
            Self::Once => struck >= 1,
            Self::Count(times) => struck >= times,
            Self::Forever => false,
        }
    }
}
