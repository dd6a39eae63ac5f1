//! Tokens: one per (base URL, corp, secret), shared by all runs of this process (WECOM.md §2).

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::wire::TokenAnswer;

/// A token is not used in its last moments: at most this long, at most a tenth of its life.
const MARGIN_MAX: Duration = Duration::from_secs(120);

/// A token and which one it is, so that two callers do not throw away each other's new one.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub text: Arc<SecretString>,
    serial: u64,
}

#[derive(Debug)]
struct Held {
    token: Token,
    fresh_until: Instant,
}

/// Holds the token of one secret. The lock is held while a token is fetched: one flight at a time.
#[derive(Debug, Default)]
pub(crate) struct TokenSlot {
    held: Mutex<(Option<Held>, u64)>,
}

impl TokenSlot {
    /// The token that is there and fresh, else the one that `fetch` brings.
    pub async fn get_or(
        &self,
        fetch: impl Future<Output = Result<TokenAnswer, Failure>>,
    ) -> Result<Token, Failure> {
        let mut slot = self.held.lock().await;
        if let Some(held) = slot.0.as_ref().filter(|h| Instant::now() < h.fresh_until) {
            return Ok(held.token.clone());
        }
        Self::replace(&mut slot, fetch).await
    }

    /// The token that `fetch` brings, whatever is there; what is there stays if it brings none.
    pub async fn renew(
        &self,
        fetch: impl Future<Output = Result<TokenAnswer, Failure>>,
    ) -> Result<Token, Failure> {
        let mut slot = self.held.lock().await;
        Self::replace(&mut slot, fetch).await
    }

    async fn replace(
        slot: &mut (Option<Held>, u64),
        fetch: impl Future<Output = Result<TokenAnswer, Failure>>,
    ) -> Result<Token, Failure> {
        let (held, serial) = slot;
        let answer = fetch.await?;
        *serial += 1;
        let token = Token {
            text: Arc::new(answer.token),
            serial: *serial,
        };
        *held = Some(Held {
            token: token.clone(),
            fresh_until: fresh_until(answer.lifetime),
        });
        Ok(token)
    }

    /// WeCom no longer takes `token`; a newer one stays.
    pub async fn forget(&self, token: &Token) {
        let mut slot = self.held.lock().await;
        if slot
            .0
            .as_ref()
            .is_some_and(|held| held.token.serial == token.serial)
        {
            slot.0 = None;
        }
    }
}

fn fresh_until(lifetime: Duration) -> Instant {
    // No token lives longer than a day; an absurd number must not overflow the clock.
    let lifetime = lifetime.min(Duration::from_secs(86_400));
    Instant::now() + (lifetime - (lifetime / 10).min(MARGIN_MAX))
}

#[cfg(test)]
mod tests;
