use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::TokenSlot;
use crate::failure::Failure;
use crate::wire::TokenAnswer;

/// Gives out `t1`, `t2`, … and counts.
#[derive(Default)]
struct Issuer(AtomicU64);

impl Issuer {
    async fn fetch(&self, lifetime: Duration) -> Result<TokenAnswer, Failure> {
        tokio::task::yield_now().await;
        let n = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(TokenAnswer {
            token: SecretString::from(format!("t{n}")),
            lifetime,
        })
    }
}

const LONG: Duration = Duration::from_secs(7200);

#[tokio::test]
async fn many_callers_fetch_one_token() {
    let (slot, issuer) = (TokenSlot::default(), Issuer::default());
    let callers = (0..50).map(|_| slot.get_or(issuer.fetch(LONG)));
    for token in futures::future::join_all(callers).await {
        assert_eq!(token.unwrap().text.expose_secret(), "t1");
    }
    assert_eq!(issuer.0.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn callers_whose_token_expired_together_renew_it_once() {
    let (slot, issuer) = (TokenSlot::default(), Issuer::default());
    let old = slot.get_or(issuer.fetch(LONG)).await.unwrap();
    let callers = (0..20).map(|_| async {
        slot.forget(&old).await;
        slot.get_or(issuer.fetch(LONG)).await
    });
    for token in futures::future::join_all(callers).await {
        assert_eq!(token.unwrap().text.expose_secret(), "t2");
    }
    assert_eq!(issuer.0.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_shortly_before_it_ends() {
    let (slot, issuer) = (TokenSlot::default(), Issuer::default());
    slot.get_or(issuer.fetch(LONG)).await.unwrap();
    tokio::time::advance(LONG - Duration::from_secs(121)).await;
    let same = slot.get_or(issuer.fetch(LONG)).await.unwrap();
    assert_eq!(same.text.expose_secret(), "t1");
    tokio::time::advance(Duration::from_secs(2)).await;
    let next = slot.get_or(issuer.fetch(LONG)).await.unwrap();
    assert_eq!(next.text.expose_secret(), "t2");
}

#[tokio::test]
async fn a_failed_fetch_leaves_no_token() {
    let (slot, issuer) = (TokenSlot::default(), Issuer::default());
    let failed = slot.get_or(async { Err(Failure::OutOfBudget) }).await;
    assert_eq!(failed.unwrap_err(), Failure::OutOfBudget);
    let token = slot.get_or(issuer.fetch(Duration::MAX)).await.unwrap();
    assert_eq!(token.text.expose_secret(), "t1");
}

#[tokio::test]
async fn a_token_is_renewed_for_whoever_proves_the_secret() {
    let (slot, issuer) = (TokenSlot::default(), Issuer::default());
    slot.get_or(issuer.fetch(LONG)).await.unwrap();
    let fresh = slot.renew(issuer.fetch(LONG)).await.unwrap();
    assert_eq!(fresh.text.expose_secret(), "t2");
    let refused = slot.renew(async { Err(Failure::OutOfBudget) }).await;
    assert!(refused.is_err());
    // Everybody else goes on with the newest that was given out.
    let token = slot.get_or(issuer.fetch(LONG)).await.unwrap();
    assert_eq!(token.text.expose_secret(), "t2");
}
