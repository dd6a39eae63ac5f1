use sync_run::ports::Remedy;

use super::{no_agent, read_error};
use crate::failure::Failure;
use crate::question::Call;
use crate::transport::{Silence, TlsFault};
use crate::wire::{Judged, Malformed, Refusal};

fn refused(code: i64) -> Failure {
    Failure::Refused(Refusal {
        code,
        seen_ip: None,
    })
}

#[test]
fn every_configuration_code_has_its_cause_and_who_acts() {
    let told = |code: i64| {
        let error = read_error(&refused(code));
        assert!(error.message.contains(&code.to_string()) || error.code == "app_disabled");
        assert!(!error.remedy_text.is_empty());
        (error.code, error.remedy)
    };
    for code in [40001, 40091, 41004] {
        assert_eq!(told(code), ("wrong_secret", Remedy::FixSettings));
    }
    for code in [40013, 41002, 2_000_002] {
        assert_eq!(told(code), ("unknown_corp", Remedy::FixSettings));
    }
    assert_eq!(told(301_002), ("wrong_agent_id", Remedy::FixSettings));
    assert_eq!(told(50003), ("app_disabled", Remedy::FixWecom));
    assert_eq!(told(60020), ("untrusted_ip", Remedy::FixWecom));
    assert_eq!(told(48009), ("no_right", Remedy::FixSettings));
    for code in [45031, 48001, 48002, 48004, 48006, 60031, 60011, 50002] {
        assert_eq!(told(code), ("no_right", Remedy::FixWecom));
    }
    assert_eq!(told(42001), ("token_refused", Remedy::RetryLater));
    assert_eq!(told(-1), ("wecom_busy", Remedy::RetryLater));
    assert_eq!(told(45033), ("rate_limited", Remedy::RetryLater));
    assert_eq!(told(777), ("refused", Remedy::FixWecom));
}

#[test]
fn the_address_to_trust_is_named() {
    let failure = Failure::Refused(Refusal {
        code: 60020,
        seen_ip: Some([203, 0, 113, 7].into()),
    });
    let error = read_error(&failure);
    assert!(error.message.contains("203.0.113.7"));
    assert!(
        error
            .remedy_text
            .starts_with("add 203.0.113.7 to the trusted IPs")
    );
    let unnamed = read_error(&refused(60020));
    assert!(
        unnamed
            .remedy_text
            .contains("the fixed public address of the agent")
    );
}

/// WeCom says 45009 of a blocked address and of a call quota: only the call tells them apart.
#[test]
fn a_blocked_address_is_not_told_as_a_call_limit() {
    let refusal = Refusal {
        code: 45009,
        seen_ip: Some([203, 0, 113, 7].into()),
    };
    let of = |call| read_error(&Failure::of(call, Judged::Refused(refusal)));
    let blocked = of(Call::Gettoken);
    assert_eq!(
        (blocked.code, blocked.errcode),
        ("tokens_blocked", Some(45009))
    );
    assert!(blocked.message.contains("the address 203.0.113.7"));
    assert!(blocked.message.contains("for an hour"), "{blocked}");
    assert!(blocked.remedy_text.contains("wrong secret"));
    assert!(blocked.ips.is_empty(), "there is nothing to trust");
    assert_eq!(of(Call::UserList).code, "rate_limited");
    assert_eq!(of(Call::UserGetuserid).code, "lookups_blocked");
}

#[test]
fn agents_that_fail_differently_are_told_one_by_one() {
    let error = no_agent(vec![
        (
            Some("dc-1".to_owned()),
            Failure::Silent(Silence::Unreachable),
        ),
        (Some("dc-2".to_owned()), refused(60020)),
        (
            Some("dc-3".to_owned()),
            Failure::Malformed(Malformed::NotJson),
        ),
    ]);
    assert_eq!(error.code, "no_agent");
    for part in [
        "agent dc-1: it cannot be reached",
        "agent dc-2: WeCom does not trust",
    ] {
        assert!(error.message.contains(part), "{error}");
    }
    assert!(error.message.contains("agent dc-3: what answers"));
}

#[test]
fn agents_that_fail_alike_keep_the_cause() {
    let both = |failure: &Failure| {
        no_agent(vec![
            (Some("a".to_owned()), failure.clone()),
            (Some("b".to_owned()), failure.clone()),
        ])
    };
    assert_eq!(both(&refused(60020)).code, "untrusted_ip");
    assert_eq!(
        both(&Failure::Silent(Silence::Tls(TlsFault::Untrusted))).code,
        "tls"
    );
    let silent = both(&Failure::Silent(Silence::TimedOut));
    assert_eq!(silent.remedy_text.matches("the next run").count(), 1);
}

#[test]
fn without_an_agent_none_is_blamed() {
    let error = no_agent(vec![(None, Failure::Silent(Silence::Unreachable))]);
    assert_eq!(error.code, "unreachable");
    assert!(!error.message.contains("agent"));
}

#[test]
fn number_and_addresses_stand_beside_the_sentences() {
    let untrusted = |last: u8| {
        let failure = Failure::Refused(Refusal {
            code: 60020,
            seen_ip: Some([203, 0, 113, last].into()),
        });
        (Some(format!("dc-{last}")), failure)
    };
    let error = no_agent(vec![untrusted(7), untrusted(9), untrusted(9)]);
    assert_eq!((error.code, error.errcode), ("untrusted_ip", Some(60020)));
    let each: [std::net::IpAddr; 2] = [[203, 0, 113, 7].into(), [203, 0, 113, 9].into()];
    assert_eq!(error.ips, each);
    let silent = (None, Failure::Silent(Silence::ConnectRefused));
    let mixed = no_agent(vec![untrusted(7), silent]);
    assert_eq!((mixed.code, mixed.errcode), ("no_agent", None));
    assert_eq!(mixed.ips, each[..1]);
    assert_eq!(read_error(&refused(40013)).errcode, Some(40013));
}
