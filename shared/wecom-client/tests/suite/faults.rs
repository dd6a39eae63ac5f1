//! Every way in which WeCom fails: nothing that was not answered is ever taken for empty.

use std::time::Duration;

use crate::common::{Stage, company, quick, userids};
use jiff::{SignedDuration, Timestamp};
use org_model::{Gap, GapCause, GapPlace, RawOrg};
use secrecy::SecretString;
use sync_run::ports::{NoProgress, ReadError, Remedy, Wecom, WecomScope};
use wecom_client::Pace;
use wecom_sim::{At, Command, SettingsPatch, SimConfig, Times, View, What};

/// Few departments, so that every call index can fail in turn.
fn small() -> SimConfig {
    SimConfig {
        people: 12,
        departments: 3,
        ..company()
    }
}

/// gettoken, agent/get, department/list, three times user/list, agent/get.
const CALLS: u64 = 7;

fn kind(name: &str) -> At {
    At::Kind(name.to_owned(), 0)
}

impl Stage {
    fn fault(&self, at: At, times: Times, what: What) {
        self.sim.control().fault(at, times, what).unwrap();
    }
}

fn everybody(stage: &Stage) -> std::collections::BTreeSet<String> {
    let members = stage.sim.control().members(View::Everything);
    members.map(|member| member.userid).collect()
}

fn passing_faults() -> Vec<What> {
    vec![
        What::Errcode(-1),
        What::Errcode(6000),
        What::HttpStatus(503),
        What::HtmlWith200,
        What::TruncatedBody,
        What::Reset,
        What::EmptyObject,
        What::Body(r#"{"errcode":0,"userlist":[{"userid":"#.to_owned()),
        What::Errcode(45009),
        What::Errcode(45033),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_passes_costs_one_more_call_wherever_it_strikes() {
    let stage = Stage::with(small(), quick()).await;
    let expected = everybody(&stage);
    for what in passing_faults() {
        for index in 0..CALLS {
            // A fresh process: with a token of its own to fetch.
            let stage = &stage;
            stage.run(Command::ForgetTokens);
            stage.run(Command::ResetCounts);
            stage.run(Command::ClearFaults);
            stage.fault(At::CallIndex(index), Times::Once, what.clone());
            let client = crate::common::client(&[stage.sim.ca_pem().unwrap()], quick());
            let session = client.connect(stage.access()).await;
            let session = session.unwrap_or_else(|e| panic!("{what:?} at {index}: {e}"));
            let raw = session
                .read(&WecomScope::default(), &NoProgress)
                .await
                .unwrap();
            assert_eq!(raw.gaps, [], "{what:?} at {index}");
            assert_eq!(userids(&raw), expected, "{what:?} at {index}");
            let total: u64 = stage.sim.calls().values().sum();
            assert_eq!(total, CALLS + 1, "{what:?} at {index}");
        }
    }
}

/// What a reading that lost something may look like: an error or a gap, never complete.
fn assert_not_complete(outcome: &Result<RawOrg, ReadError>, told: &str) {
    if let Ok(raw) = outcome {
        assert!(!raw.gaps.is_empty(), "{told}: a failure left no gap");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_stays_never_looks_like_a_complete_reading() {
    let stage = Stage::with(small(), quick()).await;
    let mut faults = passing_faults();
    faults.extend(
        [
            40014, 42001, 40001, 48002, 60011, 60020, 60111, 50003, 99999,
        ]
        .map(What::Errcode),
    );
    faults.push(What::HttpStatus(404));
    for what in faults {
        for index in 0..CALLS {
            stage.run(Command::ForgetTokens);
            stage.run(Command::ResetCounts);
            stage.run(Command::ClearFaults);
            stage.fault(At::CallIndex(index), Times::Forever, what.clone());
            let client = crate::common::client(&[stage.sim.ca_pem().unwrap()], quick());
            let outcome = match client.connect(stage.access()).await {
                Ok(session) => session.read(&WecomScope::default(), &NoProgress).await,
                Err(error) => Err(error),
            };
            assert_not_complete(&outcome, &format!("{what:?} from {index} on"));
        }
    }
}

async fn gaps_after(at: At, what: What) -> (Stage, RawOrg) {
    let stage = Stage::with(small(), quick()).await;
    stage.fault(at, Times::Forever, what);
    let raw = stage.read().await.unwrap();
    (stage, raw)
}

async fn error_after(at: At, what: What) -> ReadError {
    let stage = Stage::with(small(), quick()).await;
    stage.fault(at, Times::Forever, what);
    stage.read().await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_tree_nothing_else_is_asked() {
    for (what, cause) in [
        (What::Errcode(-1), GapCause::Errcode(-1)),
        (What::HttpStatus(502), GapCause::NoAnswer),
        (What::EmptyObject, GapCause::Malformed),
    ] {
        let (stage, raw) = gaps_after(kind("department/list"), what).await;
        let what = GapPlace::DepartmentTree;
        assert_eq!(raw.gaps, [Gap { what, cause }]);
        assert!(raw.departments.is_empty() && raw.members.is_empty());
        assert!(!stage.sim.calls().contains_key("user/list"));
    }
    let stopped = error_after(kind("department/list"), What::Errcode(48002)).await;
    assert_eq!(stopped.code, "no_right");
    let unknown = error_after(kind("department/list"), What::Errcode(12345)).await;
    assert_eq!(unknown.code, "refused");
    assert!(unknown.message.contains("12345"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_tree_is_not_believed_while_the_range_declares_departments() {
    let (_, raw) = gaps_after(kind("department/list"), What::EmptyLists).await;
    assert_eq!(raw.gaps[0].what, GapPlace::DepartmentTree);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_department_that_is_not_answered_is_one_gap() {
    for (what, cause) in [
        (What::Errcode(60003), GapCause::Errcode(60003)),
        (What::Errcode(6000), GapCause::Errcode(6000)),
        (What::Reset, GapCause::NoAnswer),
        (What::HtmlWith200, GapCause::Malformed),
        (What::HttpStatus(404), GapCause::Malformed),
    ] {
        let stage = Stage::with(small(), quick()).await;
        stage.fault(At::Kind("user/list".to_owned(), 2), Times::Forever, what);
        let raw = stage.read().await.unwrap();
        assert_eq!(raw.departments.len(), 3);
        let places: Vec<_> = raw.gaps.iter().map(|gap| (&gap.what, &gap.cause)).collect();
        assert_eq!(places.len(), 1, "{places:?}");
        assert!(matches!(places[0].0, GapPlace::DepartmentMembers(_)));
        assert_eq!(*places[0].1, cause);
        assert!(raw.range_after.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_broken_member_does_not_lose_the_list() {
    let body = r#"{"errcode":0,"userlist":[{"userid":"a"},{"name":"nobody"},{"userid":"b"}]}"#;
    let stage = Stage::with(small(), quick()).await;
    stage.fault(kind("user/list"), Times::Once, What::Body(body.to_owned()));
    let raw = stage.read().await.unwrap();
    assert_eq!(raw.gaps.len(), 1);
    assert_eq!(raw.gaps[0].cause, GapCause::Malformed);
    assert!(userids(&raw).contains("a") && userids(&raw).contains("b"));
    assert_eq!(
        stage.sim.calls()["user/list"],
        3,
        "asking again would not mend it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn surprising_fields_of_everybody_lose_nobody() {
    let stage = Stage::with(small(), quick()).await;
    for field in [
        "name",
        "department",
        "order",
        "status",
        "is_leader_in_dept",
        "direct_leader",
    ] {
        for value in [
            serde_json::json!(null),
            "".into(),
            serde_json::json!({"a": [1]}),
            7.into(),
        ] {
            stage.run(Command::ResetOrg);
            let field = field.to_owned();
            stage.run(Command::SetFieldForAll { field, value });
            let raw = stage.read().await.unwrap();
            assert_eq!(raw.gaps, []);
            assert_eq!(userids(&raw), everybody(&stage));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_early_is_renewed_once() {
    for code in [40014, 42001, 40001] {
        let stage = Stage::with(small(), quick()).await;
        stage.fault(kind("user/list"), Times::Once, What::Errcode(code));
        let raw = stage.read().await.unwrap();
        assert_eq!(raw.gaps, [], "{code}");
        assert_eq!(stage.sim.calls()["gettoken"], 2, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_all_expire_while_reading_cost_one_renewal() {
    for command in [Command::ExpireTokens, Command::ForgetTokens] {
        let stage = Stage::https().await;
        stage.sim.control().on_call(5, command).unwrap();
        let raw = stage.read().await.unwrap();
        assert_eq!(raw.gaps, []);
        assert_eq!(userids(&raw), everybody(&stage));
        assert_eq!(stage.sim.calls()["gettoken"], 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_again_and_again_ends_the_reading() {
    let error = error_after(kind("user/list"), What::Errcode(42001)).await;
    assert_eq!(
        (error.code, error.remedy),
        ("token_refused", Remedy::RetryLater)
    );
    let error = error_after(kind("user/list"), What::Errcode(40001)).await;
    assert_eq!(
        (error.code, error.remedy),
        ("wrong_secret", Remedy::FixSettings)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_sent_once() {
    let stage = Stage::with(small(), quick()).await;
    let mut access = stage.access();
    access.secret = SecretString::from("wrong");
    // Further agents would not help, and would get their own addresses blocked.
    access.agents.push(access.agents[0].clone());
    let error = stage.client().connect(access).await.err().unwrap();
    assert_eq!(
        (error.code, error.remedy),
        ("wrong_secret", Remedy::FixSettings)
    );
    assert_eq!(stage.sim.calls()["gettoken"], 1);

    let mut access = stage.access();
    access.corp_id = "ww-other".to_owned();
    let error = stage.client().connect(access).await.err().unwrap();
    assert_eq!(
        (error.code, error.remedy),
        ("unknown_corp", Remedy::FixSettings)
    );
    assert_eq!(stage.sim.calls()["gettoken"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_replaced_while_reading_ends_the_reading() {
    let stage = Stage::with(small(), quick()).await;
    let rotated = SettingsPatch {
        secret: Some("another".to_owned()),
        ..SettingsPatch::default()
    };
    let control = stage.sim.control();
    control.on_call(3, Command::Configure(rotated)).unwrap();
    control.on_call(3, Command::ForgetTokens).unwrap();
    let error = stage.read().await.unwrap_err();
    assert_eq!(error.code, "wrong_secret");
    assert_eq!(stage.sim.calls()["gettoken"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_app_the_contact_secret_and_a_disabled_app_are_named() {
    let config = SimConfig {
        contact_secret: Some("contacts".to_owned()),
        ..small()
    };
    let stage = Stage::with(config, quick()).await;
    let mut access = stage.access();
    access.agent_id += 1;
    let error = stage.client().connect(access).await.err().unwrap();
    assert_eq!(error.code, "wrong_agent_id");

    let mut access = stage.access();
    access.secret = SecretString::from("contacts");
    let error = stage.client().connect(access).await.err().unwrap();
    assert_eq!(
        (error.code, error.remedy),
        ("no_right", Remedy::FixSettings)
    );

    let closed = What::Body(r#"{"errcode":0,"agentid":1000002,"close":1}"#.to_owned());
    stage.fault(kind("agent/get"), Times::Once, closed.clone());
    assert_eq!(stage.read().await.unwrap_err().code, "app_disabled");
    stage.run(Command::ResetCounts);
    stage.fault(At::Kind("agent/get".to_owned(), 1), Times::Once, closed);
    assert_eq!(stage.read().await.unwrap_err().code, "app_disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_loses_its_trust_while_reading_ends_the_reading() {
    let stage = Stage::with(small(), quick()).await;
    let distrust = SettingsPatch {
        trusted_ips: Some(vec!["192.0.2.1".parse().unwrap()]),
        ..SettingsPatch::default()
    };
    stage
        .sim
        .control()
        .on_call(3, Command::Configure(distrust))
        .unwrap();
    let error = stage.read().await.unwrap_err();
    assert_eq!(
        (error.code, error.remedy),
        ("untrusted_ip", Remedy::FixWecom)
    );
    assert!(
        error.remedy_text.contains("127.0.0.77"),
        "{}",
        error.remedy_text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_may_not_be_wecom_at_all() {
    for what in [What::HtmlWith200, What::EmptyObject, What::HttpStatus(404)] {
        let error = error_after(At::EveryCall, what).await;
        assert_eq!(
            (error.code, error.remedy),
            ("not_wecom", Remedy::FixSettings)
        );
    }
    let error = error_after(At::EveryCall, What::HttpStatus(503)).await;
    assert_eq!(
        (error.code, error.remedy),
        ("wecom_unavailable", Remedy::RetryLater)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_beyond_the_deadline_leaves_gaps_and_asks_no_more() {
    let pace = Pace {
        rate_window: Duration::from_secs(600),
        ..quick()
    };
    let stage = Stage::with(small(), pace).await;
    stage.fault(kind("user/list"), Times::Forever, What::Errcode(45009));
    let raw = stage.read().await.unwrap();
    assert_eq!(
        raw.gaps.len(),
        4,
        "three departments and the range: {:?}",
        raw.gaps
    );
    assert!(
        raw.gaps
            .iter()
            .all(|gap| gap.cause == GapCause::OutOfBudget)
    );
    assert!(stage.sim.calls()["user/list"] <= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_after_the_deadline_and_no_answer_is_awaited_past_it() {
    let stage = Stage::with(small(), quick()).await;
    let mut access = stage.access();
    access.deadline = Timestamp::now() - SignedDuration::from_secs(1);
    let error = stage.client().connect(access).await.err().unwrap();
    assert_eq!(error.code, "out_of_budget");
    assert!(stage.sim.calls().is_empty());

    let mut access = stage.access();
    access.deadline = Timestamp::now() + SignedDuration::from_millis(700);
    let session = stage.client().connect(access).await.unwrap();
    stage.fault(kind("user/list"), Times::Forever, What::DelayMs(60_000));
    let raw = session
        .read(&WecomScope::default(), &NoProgress)
        .await
        .unwrap();
    assert_eq!(raw.gaps.len(), 4, "{:?}", raw.gaps);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nobody_answers_any_more_not_everything_is_asked() {
    let config = SimConfig {
        people: 200,
        departments: 200,
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    stage.fault(kind("user/list"), Times::Forever, What::HttpStatus(500));
    let raw = stage.read().await.unwrap();
    assert_eq!(
        raw.gaps.len(),
        201,
        "200 departments, and the range afterwards"
    );
    assert!(
        stage.sim.calls()["user/list"] < 300,
        "{:?}",
        stage.sim.calls()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_that_disappears_after_the_tree_was_read_is_a_gap() {
    let stage = Stage::https().await;
    let departments = stage.sim.control().departments(View::Everything);
    let last = departments.iter().map(|d| d.id).max().unwrap();
    let gone = Command::DeleteDepartment {
        id: last,
        people: wecom_sim::DepartmentPeople::MoveUp,
    };
    // gettoken, agent/get and department/list came before.
    stage.sim.control().on_call(3, gone).unwrap();
    let raw = stage.read().await.unwrap();
    let expected = Gap {
        what: GapPlace::DepartmentMembers(org_model::DepartmentId(last)),
        cause: GapCause::Errcode(60003),
    };
    assert_eq!(raw.gaps, [expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_the_range_who_is_gone_when_asked_for_is_a_gap() {
    let stage = Stage::with(small(), quick()).await;
    let userid = everybody(&stage).pop_first().unwrap();
    stage.run(Command::SetRange {
        departments: vec![],
        users: vec![userid.clone()],
        tags: vec![],
    });
    let dismiss = Command::Dismiss {
        userids: vec![userid.clone()],
    };
    stage.sim.control().on_call(3, dismiss).unwrap();
    let raw = stage.read().await.unwrap();
    let expected = Gap {
        what: GapPlace::Member(org_model::UserId::new(userid)),
        cause: GapCause::Errcode(60111),
    };
    assert_eq!(raw.gaps, [expected]);
}
