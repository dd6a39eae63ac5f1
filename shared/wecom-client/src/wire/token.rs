//! `gettoken`.

use std::time::Duration;

use secrecy::SecretString;

use super::Malformed;
use super::lenient::{integer, object, present};

/// WECOM.md §2; used when the answer does not say.
const LIFETIME: Duration = Duration::from_secs(7200);

#[derive(Clone, Debug)]
pub(crate) struct TokenAnswer {
    pub token: SecretString,
    pub lifetime: Duration,
}

pub(crate) fn token_answer(body: &[u8]) -> Result<TokenAnswer, Malformed> {
    let answer = object(body)?;
    let token = present(&answer, "access_token")
        .and_then(|value| value.as_str())
        .filter(|token| !token.is_empty())
        .ok_or(Malformed::Lacks("access_token"))?;
    let lifetime = present(&answer, "expires_in")
        .and_then(integer)
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map_or(LIFETIME, Duration::from_secs);
    Ok(TokenAnswer {
        token: SecretString::from(token),
        lifetime,
    })
}
