//! A secret that WeCom refused is not sent again: several wrong ones block the address for an hour
//! (WECOM.md §5), and with it every other app that reads through it.
//!
//! It is remembered with the source, by corp, app and stored secret, so that no trigger repeats it.
//! New credentials are another secret, and tried.

use source_settings::Credentials;

use crate::book::Book;
use crate::trouble::Trouble;
use crate::{RefusedSecret, RunError};

/// How a reading ends that WeCom gave no token for.
pub(crate) const WRONG_SECRET: &str = "wrong_secret";

/// Ends the run before anybody is asked, if WeCom refused these credentials before.
pub(crate) fn check(book: &Book<'_>, credentials: &Credentials) -> Result<(), Trouble> {
    let refused = book.state.refused_secret.as_ref();
    let Some(refused) = refused.filter(|refused| is_it(refused, credentials)) else {
        return Ok(());
    };
    let RunError {
        code,
        message,
        remedy,
    } = refused.error.clone();
    Err(Trouble::RefusedBefore(RunError {
        code,
        message: format!("{message}; not tried again since {}", refused.at),
        remedy,
    }))
}

/// Remembers the credentials of a run that ended with WeCom's refusal.
pub(crate) fn note(book: &mut Book<'_>, ended: &Result<(), Trouble>) {
    let Err(Trouble::Read(error)) = ended else {
        return;
    };
    let Some(secret) = book.credentials.secret.clone() else {
        return;
    };
    if error.code != WRONG_SECRET {
        return;
    }
    book.state.refused_secret = Some(RefusedSecret {
        corp_id: book.credentials.corp_id.clone(),
        agent_id: u64::from(book.credentials.agent_id),
        secret,
        error: Trouble::Read(error.clone()).to_error(),
        at: book.ports.clock.now(),
    });
}

fn is_it(refused: &RefusedSecret, credentials: &Credentials) -> bool {
    refused.corp_id == credentials.corp_id
        && refused.agent_id == u64::from(credentials.agent_id)
        && Some(&refused.secret) == credentials.secret.as_ref()
}
