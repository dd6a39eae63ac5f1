//! What the process remembers of each corp between runs: its token and its limits.

use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use sync_run::ports::WecomAccess;

use crate::limits::Limits;
use crate::token::TokenSlot;

/// Few: one entry per corp and secret that this process has ever asked with.
#[derive(Debug, Default)]
pub(crate) struct Corps(Mutex<Vec<Corp>>);

#[derive(Clone, Debug)]
pub(crate) struct Corp {
    base_url: String,
    corp_id: String,
    secret: SecretString,
    pub token: Arc<TokenSlot>,
    pub limits: Arc<Limits>,
}

impl Corps {
    /// The corp's token slot and limits; limits are shared by all secrets of the corp.
    pub fn of(&self, access: &WecomAccess) -> Corp {
        let mut corps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same_corp = |c: &&Corp| c.base_url == access.base_url && c.corp_id == access.corp_id;
        let same_secret = |c: &&Corp| c.secret.expose_secret() == access.secret.expose_secret();
        if let Some(known) = corps.iter().find(|c| same_corp(c) && same_secret(c)) {
            return known.clone();
        }
        let limits = corps.iter().find(same_corp).map(|c| c.limits.clone());
        let corp = Corp {
            base_url: access.base_url.clone(),
            corp_id: access.corp_id.clone(),
            secret: access.secret.clone(),
            token: Arc::default(),
            limits: limits.unwrap_or_default(),
        };
        corps.push(corp.clone());
        corp
    }
}
