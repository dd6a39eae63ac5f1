//! A source checked step by step: what passes, what fails, what it costs.

use std::net::IpAddr;

use crate::common::checks::{SOUND, assert_calls, assert_passed, check, fault, stop_of, stopped};
use crate::common::{AGENT_IP, SECOND_AGENT_IP, Stage, agent, company, proxy_from, quick};
use secrecy::SecretString;
use source_admin::ports::{RangeCounts, StepName, WecomDesk};
use sync_run::ports::{Remedy, WecomAccess};
use wecom_sim::{Command, SettingsPatch, SimConfig, View, What};

fn configure(stage: &Stage, patch: SettingsPatch) {
    stage.sim.control().configure(patch).unwrap();
}

fn trusting_both() -> SimConfig {
    SimConfig {
        trusted_ips: vec![IpAddr::V4(AGENT_IP), IpAddr::V4(SECOND_AGENT_IP)],
        ..company()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_source_passes_every_step_with_one_call_each() {
    let stage = Stage::https().await;
    let check = check(&stage).await;
    assert_passed(&check);
    assert_calls(&stage, &check, SOUND);
    assert_eq!(check.agent.as_deref(), Some("dc-1"));
    assert_eq!(check.agents_failed, []);
    let range = RangeCounts {
        whole_company: true,
        departments: Some(12),
        declared_departments: 1,
        members: 0,
        tags: 0,
    };
    assert_eq!(check.range, Some(range));
    let peers: Vec<String> = stage.sim.calls_by_peer().into_keys().collect();
    assert_eq!(peers, [AGENT_IP.to_string()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_proves_the_secret_that_is_in_force_now() {
    let stage = Stage::https().await;
    stage.read().await.unwrap();
    stage.run(Command::ResetCounts);
    let sound = check(&stage).await;
    assert_passed(&sound);
    assert_calls(&stage, &sound, SOUND);

    configure(
        &stage,
        SettingsPatch {
            secret: Some("rotated".to_owned()),
            ..SettingsPatch::default()
        },
    );
    stage.run(Command::ResetCounts);
    let check = check(&stage).await;
    assert_eq!(stop_of(&check), (StepName::Token, "wrong_secret"));
    assert_calls(&stage, &check, &[("gettoken", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_tried_once_and_name_their_field() {
    let stage = Stage::with(trusting_both(), quick()).await;
    let second = proxy_from(SECOND_AGENT_IP).await;
    let mut wrong_corp = stage.access();
    wrong_corp.agents.push(agent("dc-2", &second));
    let mut wrong_secret = wrong_corp.clone();
    wrong_corp.corp_id = "wwother".to_owned();
    wrong_secret.secret = SecretString::from("guessed");
    for (access, what, errcode, code, field) in [
        (
            wrong_secret.clone(),
            None,
            40001,
            "wrong_secret",
            "credentials.secret",
        ),
        (
            wrong_secret,
            Some(40091),
            40091,
            "wrong_secret",
            "credentials.secret",
        ),
        (
            wrong_corp,
            None,
            40013,
            "unknown_corp",
            "credentials.corp_id",
        ),
    ] {
        stage.run(Command::ResetCounts);
        if let Some(code) = what {
            fault(&stage, "gettoken", What::Errcode(code));
        }
        let check = stage.client().check(access).await;
        let (step, failure) = stopped(&check);
        assert_eq!((step, failure.code), (StepName::Token, code));
        assert_eq!(failure.errcode, Some(errcode));
        assert_eq!(failure.remedy, Remedy::FixSettings);
        assert!(failure.remedy_text.contains(field), "{failure:?}");
        assert_calls(&stage, &check, &[("gettoken", 1)]);
        assert_eq!((check.agent.as_deref(), check.range), (Some("dc-1"), None));
        stage.run(Command::ClearFaults);
    }
    assert_eq!(second.tunnels(), 0, "another agent would not make it right");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_real_read_is_refused_with_is_told() {
    let config = SimConfig {
        contact_secret: Some("contacts".to_owned()),
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    let other_app = WecomAccess {
        agent_id: 7,
        ..stage.access()
    };
    let contact_sync = WecomAccess {
        secret: SecretString::from("contacts"),
        ..stage.access()
    };
    let read = &[("agent/get", 1), ("gettoken", 1)];
    for (access, errcode, code, word) in [
        (other_app, 301_002, "wrong_agent_id", "agent_id"),
        (contact_sync, 48009, "no_right", "contact sync"),
    ] {
        stage.run(Command::ResetCounts);
        let check = stage.client().check(access).await;
        let (step, failure) = stopped(&check);
        assert_eq!((step, failure.code), (StepName::TrustedIp, code));
        assert_eq!(
            (failure.errcode, &failure.ips[..]),
            (Some(errcode), &[][..])
        );
        assert!(failure.remedy_text.contains(word), "{failure:?}");
        assert_calls(&stage, &check, read);
    }
    fault(&stage, "agent/get", What::Errcode(50003));
    let check = check(&stage).await;
    assert_eq!(stop_of(&check), (StepName::TrustedIp, "app_disabled"));
    assert_calls(&stage, &check, read);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untrusted_address_is_named_where_wecom_names_it() {
    let config = SimConfig {
        trusted_ips: vec![IpAddr::V4(SECOND_AGENT_IP)],
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    let named = check(&stage).await;
    let (step, failure) = stopped(&named);
    assert_eq!((step, failure.code), (StepName::TrustedIp, "untrusted_ip"));
    assert_eq!(failure.ips, [IpAddr::V4(AGENT_IP)]);
    assert_eq!(
        (failure.errcode, failure.remedy),
        (Some(60020), Remedy::FixWecom)
    );
    assert!(
        failure
            .remedy_text
            .contains("add 127.0.0.77 to the trusted IPs")
    );
    assert_calls(&stage, &named, &[("agent/get", 1), ("gettoken", 1)]);
    assert_eq!(named.agent.as_deref(), Some("dc-1"));
    assert_eq!(named.agents_failed, [], "the shown one is not told twice");

    configure(
        &stage,
        SettingsPatch {
            untrusted_ip_named: Some(false),
            ..SettingsPatch::default()
        },
    );
    let (_, failure) = stopped(&check(&stage).await);
    assert_eq!(failure.code, "untrusted_ip");
    assert!(failure.ips.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_agent_is_tried_with_the_same_token() {
    let config = SimConfig {
        trusted_ips: vec![IpAddr::V4(SECOND_AGENT_IP)],
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    let second = proxy_from(SECOND_AGENT_IP).await;
    let third = proxy_from(SECOND_AGENT_IP).await;
    let mut access = stage.access();
    access.agents.push(agent("dc-2", &second));
    access.agents.push(agent("dc-3", &third));
    let check = stage.client().check(access).await;
    assert_passed(&check);
    assert_eq!(check.agent.as_deref(), Some("dc-2"));
    let [(first, failure)] = &check.agents_failed[..] else {
        panic!("one failed: {check:?}");
    };
    assert_eq!((first.as_str(), failure.code), ("dc-1", "untrusted_ip"));
    assert_eq!(failure.ips, [IpAddr::V4(AGENT_IP)]);
    let calls = [
        ("agent/get", 2),
        ("department/list", 1),
        ("gettoken", 1),
        ("user/list", 1),
    ];
    assert_calls(&stage, &check, &calls);
    assert_eq!(third.tunnels(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_page_is_told_as_such() {
    let stage = Stage::https().await;
    for (call, step, what) in [
        ("gettoken", StepName::Token, What::HtmlWith200),
        ("gettoken", StepName::Token, What::HttpStatus(302)),
        ("agent/get", StepName::TrustedIp, What::HtmlWith200),
        (
            "department/list",
            StepName::DepartmentRead,
            What::HtmlWith200,
        ),
        ("user/list", StepName::MemberRead, What::HtmlWith200),
    ] {
        fault(&stage, call, what);
        let check = check(&stage).await;
        let (at, failure) = stopped(&check);
        assert_eq!((at, failure.code), (step, "not_wecom"), "{call}");
        assert!(failure.remedy_text.contains("login page"));
        assert!(check.calls.values().all(|count| *count == 1), "{check:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wecom_says_for_good_is_shown_before_an_agents_trouble() {
    let config = SimConfig {
        trusted_ips: vec![IpAddr::V4(SECOND_AGENT_IP)],
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    let second = proxy_from(SECOND_AGENT_IP).await;
    let mut access = stage.access();
    access.agent_id = 7;
    access.agents.push(agent("dc-2", &second));
    let check = stage.client().check(access).await;
    assert_eq!(stop_of(&check), (StepName::TrustedIp, "wrong_agent_id"));
    assert_eq!(check.agent.as_deref(), Some("dc-2"));
    let [(first, failure)] = &check.agents_failed[..] else {
        panic!("one other: {check:?}");
    };
    assert_eq!((first.as_str(), failure.code), ("dc-1", "untrusted_ip"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_off_or_sees_nobody_fails_the_range() {
    let stage = Stage::https().await;
    configure(
        &stage,
        SettingsPatch {
            app_disabled: Some(true),
            ..SettingsPatch::default()
        },
    );
    let closed = check(&stage).await;
    assert_eq!(stop_of(&closed), (StepName::VisibleRange, "app_disabled"));
    assert_calls(&stage, &closed, &[("agent/get", 1), ("gettoken", 1)]);

    configure(
        &stage,
        SettingsPatch {
            app_disabled: Some(false),
            ..SettingsPatch::default()
        },
    );
    see(&stage, &[], &[], &[]);
    let empty = check(&stage).await;
    let (step, failure) = stopped(&empty);
    assert_eq!(
        (step, failure.code),
        (StepName::VisibleRange, "empty_range")
    );
    assert_eq!(failure.remedy, Remedy::FixWecom);
    assert_calls(&stage, &empty, &[("agent/get", 1), ("gettoken", 1)]);
    assert_eq!(empty.range, Some(RangeCounts::default()));
}

/// Sets the range, and counts anew.
fn see(stage: &Stage, departments: &[u32], users: &[&str], tags: &[u32]) {
    stage.run(Command::SetRange {
        departments: departments.to_vec(),
        users: users.iter().map(|it| (*it).to_owned()).collect(),
        tags: tags.to_vec(),
    });
    stage.run(Command::ResetCounts);
}

#[tokio::test(flavor = "multi_thread")]
async fn departments_and_members_fail_with_causes_of_their_own() {
    let stage = Stage::https().await;
    for (call, what, step, code) in [
        (
            "department/list",
            What::Errcode(60011),
            StepName::DepartmentRead,
            "no_right",
        ),
        (
            "department/list",
            What::Errcode(48002),
            StepName::DepartmentRead,
            "no_right",
        ),
        (
            "department/list",
            What::Errcode(777),
            StepName::DepartmentRead,
            "refused",
        ),
        (
            "department/list",
            What::EmptyLists,
            StepName::DepartmentRead,
            "no_departments",
        ),
        (
            "user/list",
            What::Errcode(60011),
            StepName::MemberRead,
            "no_right",
        ),
        (
            "user/list",
            What::EmptyObject,
            StepName::MemberRead,
            "not_wecom",
        ),
    ] {
        fault(&stage, call, what.clone());
        let check = check(&stage).await;
        assert_eq!(stop_of(&check), (step, code), "{call} {what:?}");
        assert_eq!(check.calls, stage.sim.calls());
        assert!(check.calls.values().all(|count| *count == 1));
        let departments = check.range.unwrap().departments;
        assert_eq!(departments.is_some(), step == StepName::MemberRead);
    }
    // A list too large to be sent may be read: a run reads it by name.
    fault(&stage, "user/list", What::Errcode(45029));
    assert_passed(&check(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_member_read_is_as_the_range_is() {
    let stage = Stage::https().await;
    let somebody = stage
        .sim
        .control()
        .members(View::Everything)
        .nth(5)
        .unwrap();
    let base = [("agent/get", 1), ("department/list", 1), ("gettoken", 1)];

    see(&stage, &[3], &[], &[]);
    let part = check(&stage).await;
    assert_passed(&part);
    assert_calls(&stage, &part, SOUND);
    let range = part.range.unwrap();
    assert_eq!(
        (range.whole_company, range.declared_departments),
        (false, 1)
    );

    see(&stage, &[], &[&somebody.userid], &[]);
    let one = check(&stage).await;
    assert_passed(&one);
    assert_calls(&stage, &one, &[&base[..], &[("user/get", 1)]].concat());
    let range = one.range.unwrap();
    assert_eq!((range.members, range.departments), (1, Some(0)));

    for (id, users) in [(7, vec![]), (8, vec![somebody.userid.clone()])] {
        stage.run(Command::SetTag {
            id,
            name: "tag".to_owned(),
            users,
            departments: vec![],
        });
    }
    see(&stage, &[], &[], &[8]);
    let tagged = check(&stage).await;
    assert_passed(&tagged);
    let calls = [&base[..], &[("tag/get", 1), ("user/get", 1)]].concat();
    assert_calls(&stage, &tagged, &calls);
    assert_eq!(tagged.range.unwrap().tags, 1);

    see(&stage, &[], &[], &[7]);
    let nobody = check(&stage).await;
    assert_eq!(stop_of(&nobody), (StepName::MemberRead, "nobody_found"));
    assert_calls(&stage, &nobody, &[&base[..], &[("tag/get", 1)]].concat());
}
