//! What each failure means to the operator, and what to do: stable codes, no content of answers.

mod blocks;
mod silences;

use source_admin::ports::CheckFailure;
use sync_run::ports::{ReadError, Remedy};

use crate::failure::Failure;
use crate::wire::Refusal;
use blocks::{lookups_blocked, tokens_blocked};
use silences::{code_of, silent};

/// A failure as the end of a reading, or of the attempt to begin one.
pub(crate) fn read_error(failure: &Failure) -> ReadError {
    match failure {
        Failure::Refused(refusal) => ReadError {
            errcode: Some(refusal.code),
            ..refused(*refusal)
        },
        Failure::Silent(silence) => silent(*silence),
        Failure::Malformed(malformed) => error(
            "not_wecom",
            format!("what answers at the base URL does not speak like WeCom: {malformed}"),
            Remedy::FixSettings,
            "check base_url, and that no login page or filter stands between the agent and WeCom",
        ),
        Failure::OutOfBudget => error(
            "out_of_budget",
            "WeCom's call quota or the time of this run ended before it could be asked".to_owned(),
            Remedy::RetryLater,
            "nothing; the next run tries again. If it happens often, choose a longer interval",
        ),
        Failure::LookupsBlocked => lookups_blocked(),
        Failure::TokensBlocked(address) => tokens_blocked(*address),
    }
}

/// The same for somebody who checks: told apart more finely, with what WeCom named. `directly`:
/// there is no agent to blame.
pub(crate) fn check_failure(failure: &Failure, without_agent: bool) -> CheckFailure {
    let told = if without_agent {
        directly(failure)
    } else {
        read_error(failure)
    };
    let code = match failure {
        Failure::Silent(silence) => code_of(*silence),
        _ => told.code,
    };
    CheckFailure {
        code,
        ..told.into()
    }
}

/// Every agent failed: the cause of each, by its id. One cause alone keeps its code and remedy.
pub(crate) fn no_agent(mut causes: Vec<(Option<String>, Failure)>) -> ReadError {
    if causes.len() == 1 && causes[0].0.is_none() {
        return directly(&causes.remove(0).1);
    }
    let errors: Vec<(String, ReadError)> = causes
        .iter()
        .map(|(agent, failure)| (agent.clone().unwrap_or_default(), read_error(failure)))
        .collect();
    let told: Vec<String> = errors
        .iter()
        .map(|(agent, error)| format!("agent {agent}: {}", error.message))
        .collect();
    let mut remedies: Vec<&str> = errors.iter().map(|(_, e)| e.remedy_text.as_str()).collect();
    remedies.dedup();
    let mut ips: Vec<_> = errors.iter().flat_map(|(_, e)| e.ips.clone()).collect();
    ips.dedup();
    let first = errors.first().map(|(_, error)| error);
    let agree = first.filter(|first| errors.iter().all(|(_, error)| error.code == first.code));
    ReadError {
        code: agree.map_or("no_agent", |error| error.code),
        errcode: agree.and_then(|error| error.errcode),
        ips,
        message: told.join("; "),
        remedy: first.map_or(Remedy::FixSettings, |error| error.remedy),
        remedy_text: remedies.join("; "),
        calls: Default::default(),
    }
}

/// The same without an agent: then it is WeCom itself that cannot be reached.
fn directly(failure: &Failure) -> ReadError {
    let told = read_error(failure);
    if told.code == "forbidden_address" {
        return error(
            told.code,
            format!("WeCom: {}", told.message),
            Remedy::FixSettings,
            "enter the address of the WeCom server itself as base_url",
        );
    }
    if told.code != "no_agent" {
        return told;
    }
    error(
        "unreachable",
        format!("WeCom: {}", told.message),
        Remedy::FixSettings,
        "check base_url, and that it can be reached from here without an agent",
    )
}

/// The settings' base URL is not one.
pub(crate) fn bad_base_url(why: &str) -> ReadError {
    error(
        "bad_base_url",
        format!("base_url {why}"),
        Remedy::FixSettings,
        "enter the origin of the WeCom server, such as https://qyapi.weixin.qq.com",
    )
}

/// `agent/get` names nobody and nothing.
pub(crate) fn empty_range() -> ReadError {
    error(
        "empty_range",
        "nobody is in the app's visible range".to_owned(),
        Remedy::FixWecom,
        "choose the departments, members or tags that the app may see in the WeCom admin console",
    )
}

/// The range declares departments, and the list of departments shows none.
pub(crate) fn no_departments() -> ReadError {
    error(
        "no_departments",
        "the visible range names departments, and WeCom lists none of them".to_owned(),
        Remedy::FixWecom,
        "check whether the departments of the app's visible range still exist",
    )
}

/// Nobody could be found in the places of the range that were looked at.
pub(crate) fn nobody_found() -> ReadError {
    error(
        "nobody_found",
        "the tags of the app's visible range name nobody".to_owned(),
        Remedy::FixWecom,
        "add members to the tags, or choose other members or departments as visible range",
    )
}

/// 48002 and its like for a search by mobile. 60011 too: WeCom says it of a missing right and of
/// somebody who is not visible, without telling which.
pub(crate) fn mobile_lookup_not_allowed(code: i64) -> ReadError {
    let error = error(
        "mobile_lookup_not_allowed",
        format!(
            "WeCom does not let this app search this person by mobile ({code}): searching by \
             mobile needs a right of its own, and the person must be visible to the app"
        ),
        Remedy::FixWecom,
        "search by userid, which needs no such right; or let the app search by mobile in the \
         WeCom admin console",
    );
    ReadError {
        errcode: Some(code),
        ..error
    }
}

/// `close: 1` of `agent/get`, or 50003.
pub(crate) fn app_disabled() -> ReadError {
    error(
        "app_disabled",
        "the app is disabled in WeCom".to_owned(),
        Remedy::FixWecom,
        "enable the app in the WeCom admin console",
    )
}

fn error(code: &'static str, message: String, remedy: Remedy, text: &str) -> ReadError {
    ReadError::new(code, message, remedy, text)
}

fn refused(refusal: Refusal) -> ReadError {
    let code = refusal.code;
    match code {
        40001 | 40091 | 41004 => error(
            "wrong_secret",
            format!("WeCom refuses the secret of the app ({code})"),
            Remedy::FixSettings,
            "copy the app's secret from the WeCom admin console into credentials.secret; the one \
             that was refused is not sent again, because several wrong secrets block an address \
             for an hour",
        ),
        40013 | 41002 | 2_000_002 => error(
            "unknown_corp",
            format!("WeCom does not know the corp id ({code})"),
            Remedy::FixSettings,
            "copy the corp id from the WeCom admin console into credentials.corp_id",
        ),
        301_002 => error(
            "wrong_agent_id",
            format!("the secret belongs to another app than agent_id names ({code})"),
            Remedy::FixSettings,
            "enter agent_id and secret of the same app",
        ),
        50003 => app_disabled(),
        60020 => untrusted_ip(refusal),
        _ => refused_by_class(code),
    }
}

fn untrusted_ip(refusal: Refusal) -> ReadError {
    let address = refusal.seen_ip.map(|ip| ip.to_string());
    let (from, which) = match &address {
        Some(ip) => (format!(" {ip}"), format!("{ip} ")),
        None => (
            String::new(),
            "the fixed public address of the agent ".to_owned(),
        ),
    };
    let error = error(
        "untrusted_ip",
        format!("WeCom does not trust the address{from} for this app (60020)"),
        Remedy::FixWecom,
        &format!(
            "add {which}to the trusted IPs of the app in the WeCom admin console; it takes effect \
             after about a minute"
        ),
    );
    ReadError {
        ips: refusal.seen_ip.into_iter().collect(),
        ..error
    }
}

fn refused_by_class(code: i64) -> ReadError {
    use crate::errcode::ErrorClass as Class;
    match crate::errcode::class_of(code) {
        Class::Refresh => error(
            "token_refused",
            format!("WeCom refuses a token that it has just given out ({code})"),
            Remedy::RetryLater,
            "nothing at first; if it lasts, check whether another program uses the same app",
        ),
        Class::Transient => error(
            "wecom_busy",
            format!("WeCom is busy ({code})"),
            Remedy::RetryLater,
            "nothing; the next run tries again",
        ),
        Class::Rate | Class::Concurrency => error(
            "rate_limited",
            format!("WeCom's call limits for this corp are used up ({code})"),
            Remedy::RetryLater,
            "nothing; if it lasts, look for other programs that use the same corp",
        ),
        Class::Configuration | Class::Range | Class::Absence => no_right(code),
        Class::Size | Class::Other => error(
            "refused",
            format!("WeCom refuses the call with error {code}"),
            Remedy::FixWecom,
            "look the number up in WeCom's list of error codes",
        ),
    }
}

fn no_right(code: i64) -> ReadError {
    if code == 48009 {
        return error(
            "no_right",
            "this secret may read ids only (48009)".to_owned(),
            Remedy::FixSettings,
            "use the secret of a self-built app, not the one of contact sync",
        );
    }
    error(
        "no_right",
        format!("the app has no right to read this ({code})"),
        Remedy::FixWecom,
        "check the app's rights and its visible range in the WeCom admin console",
    )
}

#[cfg(test)]
mod tests;
