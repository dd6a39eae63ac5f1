//! What every answer has in common: `errcode` first, then perhaps a list.

use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::lenient::integer;

/// An answer that is not what WECOM.md §3 says. It carries no content of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the answer has HTTP status {0}")]
    Status(u16),
    #[error("the answer is not JSON")]
    NotJson,
    #[error("the answer is not a JSON object")]
    NotAnObject,
    #[error("the answer has no usable `{0}`")]
    Lacks(&'static str),
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
}

/// WeCom said no: `errcode` ≠ 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub code: i64,
    /// The caller's address as WeCom sees it: one of our own, never a person's.
    pub seen_ip: Option<IpAddr>,
}

/// Why an answer is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    Refused(Refusal),
    Malformed(Malformed),
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    errcode: Value,
    #[serde(default)]
    errmsg: Value,
}

/// Judges `errcode` before anything else is looked at: a refusal carries empty lists.
pub(crate) fn judge(body: &[u8]) -> Result<(), Judged> {
    let body = body.trim_ascii_start();
    if !body.starts_with(b"{") {
        let not_json = serde_json::from_slice::<IgnoredAny>(body).is_err();
        return Err(Judged::Malformed(if not_json {
            Malformed::NotJson
        } else {
            Malformed::NotAnObject
        }));
    }
    let head: Head =
        serde_json::from_slice(body).map_err(|_| Judged::Malformed(Malformed::NotJson))?;
    match integer(&head.errcode) {
        Some(0) => Ok(()),
        Some(code) => Err(Judged::Refused(Refusal {
            code,
            seen_ip: head.errmsg.as_str().and_then(seen_ip),
        })),
        // Absent is 0 (WECOM.md §2).
        None if head.errcode.is_null() => Ok(()),
        None => Err(Judged::Malformed(Malformed::Lacks("errcode"))),
    }
}

/// The address after `from ip:` (WECOM.md §4); nothing else of the text is ever used.
fn seen_ip(errmsg: &str) -> Option<IpAddr> {
    let (_, rest) = errmsg.split_once("from ip:")?;
    let rest = rest.trim_start();
    let end = rest
        .find(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':'))
        .unwrap_or(rest.len());
    rest[..end].trim_end_matches(['.', ':']).parse().ok()
}

/// Hands each element of the list `key` to `each`, one at a time: a list of 30,000 members costs
/// its bytes and one member's tree.
pub(super) fn each_of(
    body: &[u8],
    key: &'static str,
    mut each: impl FnMut(Value),
) -> Result<(), Malformed> {
    let mut found = false;
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = deserializer
        .deserialize_map(Outer {
            key,
            found: &mut found,
            each: &mut each,
        })
        .and_then(|()| deserializer.end());
    match read {
        Ok(()) if found => Ok(()),
        Ok(()) => Err(Malformed::Lacks(key)),
        Err(error) if error.is_data() => Err(Malformed::Lacks(key)),
        Err(_) => Err(Malformed::NotJson),
    }
}

struct Outer<'a, F> {
    key: &'static str,
    found: &'a mut bool,
    each: &'a mut F,
}

impl<'de, F: FnMut(Value)> Visitor<'de> for Outer<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == self.key && !*self.found {
                *self.found = true;
                map.next_value_seed(Elements(&mut *self.each))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Elements<'a, F>(&'a mut F);

impl<'de, F: FnMut(Value)> DeserializeSeed<'de> for Elements<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Value)> Visitor<'de> for Elements<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element()? {
            (self.0)(element);
        }
        Ok(())
    }
}
