//! Tokens, secrets, blocked addresses, trusted addresses (WECOM.md §2, §4).

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::config::SimConfig;
use crate::refusal::{self, Refusal};

/// Whose secret bought a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    App,
    Contacts,
}

#[derive(Debug, Clone, Copy)]
struct Token {
    grant: Grant,
    expires_at: Duration,
}

/// Wrong secrets of one address since its last right one.
#[derive(Debug, Clone, Copy, Default)]
struct Wrong {
    times: u32,
    blocked_until: Duration,
}

/// After this many wrong secrets in a row the address is blocked.
const WRONG_MAX: u32 = 5;
const BLOCK: Duration = Duration::from_secs(3600);

/// All tokens ever issued, and who guessed wrongly. Times are on the simulator's clock.
#[derive(Debug, Default)]
pub(crate) struct Access {
    issued: u64,
    tokens: HashMap<String, Token>,
    wrong: HashMap<IpAddr, Wrong>,
}

impl Access {
    /// A token and for how long it is still good. The same one until it expires, as WeCom does it.
    pub(crate) fn token(
        &mut self,
        settings: &SimConfig,
        ip: IpAddr,
        now: Duration,
        (corp, secret): (Option<&str>, Option<&str>),
    ) -> Result<(String, Duration), Refusal> {
        if self
            .wrong
            .get(&ip)
            .is_some_and(|wrong| now < wrong.blocked_until)
        {
            return Err(refusal::TOO_OFTEN);
        }
        let corp = corp
            .filter(|corp| !corp.is_empty())
            .ok_or(refusal::NO_CORP)?;
        let secret = secret
            .filter(|secret| !secret.is_empty())
            .ok_or(refusal::NO_SECRET)?;
        match grant_of(settings, corp, secret) {
            Ok(grant) => {
                self.wrong.remove(&ip);
                Ok(self.issue(grant, now, settings.token_lifetime))
            }
            Err(refusal) => {
                let wrong = self.wrong.entry(ip).or_default();
                wrong.times += 1;
                if wrong.times >= WRONG_MAX {
                    *wrong = Wrong {
                        times: 0,
                        blocked_until: now + BLOCK,
                    };
                }
                Err(refusal)
            }
        }
    }

    fn issue(&mut self, grant: Grant, now: Duration, lifetime: Duration) -> (String, Duration) {
        let good = |token: &Token| token.grant == grant && now < token.expires_at;
        if let Some((text, token)) = self.tokens.iter().find(|(_, token)| good(token)) {
            return (text.clone(), token.expires_at.saturating_sub(now));
        }
        self.issued += 1;
        // As long as real ones are, and good in a query without escaping.
        let text = format!("sim-token-{:08}-{}", self.issued, "x_-Y9".repeat(39));
        self.tokens.insert(
            text.clone(),
            Token {
                grant,
                expires_at: now + lifetime,
            },
        );
        (text, lifetime)
    }

    pub(crate) fn check(&self, token: Option<&str>, now: Duration) -> Result<Grant, Refusal> {
        let text = token
            .filter(|token| !token.is_empty())
            .ok_or(refusal::NO_TOKEN)?;
        let token = self.tokens.get(text).ok_or(refusal::UNKNOWN_TOKEN)?;
        if now < token.expires_at {
            Ok(token.grant)
        } else {
            Err(refusal::EXPIRED_TOKEN)
        }
    }

    pub(crate) fn expire_tokens(&mut self) {
        for token in self.tokens.values_mut() {
            token.expires_at = Duration::ZERO;
        }
    }

    pub(crate) fn forget_tokens(&mut self) {
        self.tokens.clear();
    }
}

fn grant_of(settings: &SimConfig, corp: &str, secret: &str) -> Result<Grant, Refusal> {
    if corp != settings.corp_id {
        Err(refusal::WRONG_CORP)
    } else if secret == settings.secret {
        Ok(Grant::App)
    } else if settings.contact_secret.as_deref() == Some(secret) {
        Ok(Grant::Contacts)
    } else {
        Err(refusal::WRONG_SECRET)
    }
}

/// An empty list trusts everybody.
pub(crate) fn check_ip(settings: &SimConfig, ip: IpAddr) -> Result<(), Refusal> {
    let trusted = settings.trusted_ips.is_empty() || settings.trusted_ips.contains(&ip);
    if trusted {
        Ok(())
    } else {
        Err(refusal::UNTRUSTED_IP)
    }
}
