//! 45009 where it is no call quota: what WeCom refuses for an hour or a day, and why.

use std::net::IpAddr;

use sync_run::ports::{ReadError, Remedy};

use super::error;
use crate::failure::TOO_OFTEN;

/// 45009 of `gettoken`: two causes, and WeCom does not tell which.
pub(super) fn tokens_blocked(address: Option<IpAddr>) -> ReadError {
    let to = match address {
        Some(ip) => format!("the address {ip}"),
        None => "this address".to_owned(),
    };
    let error = error(
        "tokens_blocked",
        format!(
            "WeCom gives {to} no access token for now ({TOO_OFTEN}): several wrong secrets from \
             one address block it for an hour, and so does asking for tokens too often"
        ),
        Remedy::RetryLater,
        "look for a wrong secret among all sources and programs that reach WeCom from this \
         address, and correct it; the block ends by itself within an hour",
    );
    ReadError {
        errcode: Some(TOO_OFTEN),
        ..error
    }
}

/// 45009 of `user/getuserid`.
pub(super) fn lookups_blocked() -> ReadError {
    error(
        "lookups_blocked",
        format!("WeCom takes no more look-ups by mobile for now ({TOO_OFTEN})"),
        Remedy::RetryLater,
        "too many unknown mobiles block look-ups for a day: check the mobiles before asking \
         again, and look people up by userid until then",
    )
}
