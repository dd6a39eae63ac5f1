//! Secrets that WeCom no longer takes, and new ones. A wrong one is tried once.

use source_settings::SecretRef;
use sync_run::RunRecord;

use super::Story;

/// Credentials that a run was refused with, and how often they had been tried by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    version: String,
    agent_id: u32,
    tries: u32,
}

impl Story {
    /// WeCom's secret changes; later somebody puts the new one.
    pub(super) fn rotate_secrets(&mut self) {
        let mut corp = self.world.corp.lock().unwrap();
        let mut shelf = self.world.shelf.lock().unwrap();
        let credentials = &mut shelf.settings.credentials;
        let stored = credentials.secret.clone().map(|secret| secret.version);
        if corp.secret.is_some() && corp.secret != stored {
            if self.dice.one_in(2) {
                let version = corp.secret.clone().unwrap_or_default();
                let arn = "arn".to_owned();
                self.trace.say(|| format!("the secret {version} is put"));
                credentials.secret = Some(SecretRef { arn, version });
            }
        } else if self.dice.one_in(40) {
            let version = stored.and_then(|version| version.parse().ok());
            let next = version.unwrap_or(0) + 1;
            self.trace
                .say(|| format!("the secret is {next} from now on"));
            corp.secret = Some(next.to_string());
        }
    }

    /// The credentials of this moment, if a run has said that they are wrong.
    pub(super) fn refused_so_far(&self) -> Option<Refused> {
        let refused = self.refused.clone()?;
        (self.credentials() == (refused.version.clone(), refused.agent_id)).then_some(refused)
    }

    /// Nobody asked WeCom with them since.
    pub(super) fn judge_secrets(&self, refused: Option<Refused>) {
        if let Some(refused) = refused {
            let tries = self.tries(&refused.version);
            assert_eq!(
                tries, refused.tries,
                "a wrong secret was tried again: {refused:?}"
            );
        }
    }

    pub(super) fn remember_refusal(&mut self, record: &RunRecord) {
        match record.error.as_ref().map(|error| error.code.as_str()) {
            Some("wrong_secret") => {
                let (version, agent_id) = self.credentials();
                let tries = self.tries(&version);
                self.refused = Some(Refused {
                    version,
                    agent_id,
                    tries,
                });
            }
            _ if record.sealed.is_some() => self.refused = None,
            _ => {}
        }
    }

    fn tries(&self, version: &str) -> u32 {
        self.world
            .corp()
            .refused
            .get(version)
            .copied()
            .unwrap_or_default()
    }

    fn credentials(&self) -> (String, u32) {
        let shelf = self.world.shelf();
        let credentials = &shelf.settings.credentials;
        let version = credentials
            .secret
            .as_ref()
            .map(|secret| secret.version.clone());
        (version.unwrap_or_default(), credentials.agent_id)
    }
}
