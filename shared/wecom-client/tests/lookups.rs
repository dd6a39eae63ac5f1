//! The reads that no run makes: somebody by their mobile, and the bare shape of the tree.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::net::IpAddr;
use std::time::Duration;

use common::{AGENT_IP, SECOND_AGENT_IP, Stage, agent, company, proxy_from, quick};
use org_model::{DepartmentId, UserId};
use secrecy::SecretString;
use sync_run::ports::{Answer, NoProgress, Remedy, WecomScope, WecomSession};
use wecom_client::{DepartmentPlace, Pace, Session};
use wecom_sim::{At, Command, SimConfig, Times, View, What};

const GETUSERID: &str = "user/getuserid";
const SIMPLELIST: &str = "department/simplelist";

async fn session(stage: &Stage) -> Session {
    stage.client().begin(stage.access()).await.unwrap()
}

/// Somebody's userid and mobile.
fn somebody(stage: &Stage) -> (UserId, SecretString) {
    let member = stage.sim.control().members(View::Everything).nth(17);
    let member = member.unwrap();
    (
        UserId::new(member.userid),
        SecretString::from(member.mobile),
    )
}

fn nobodys() -> SecretString {
    SecretString::from("13000000000")
}

fn see_nothing() -> Command {
    Command::SetRange {
        departments: vec![],
        users: vec![],
        tags: vec![],
    }
}

/// Every such call from now on is answered with `what`.
fn answer_with(stage: &Stage, call: &str, times: Times, what: What) {
    stage.run(Command::ClearFaults);
    stage.run(Command::ResetCounts);
    let at = At::Kind(call.to_owned(), 0);
    stage.sim.control().fault(at, times, what).unwrap();
}

fn calls(stage: &Stage, call: &str) -> u64 {
    stage.sim.calls().get(call).copied().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mobile_leads_to_its_owner_through_the_agent() {
    let stage = Stage::https().await;
    let session = session(&stage).await;
    let (userid, mobile) = somebody(&stage);
    let found = session.userid_of(&mobile).await;
    assert_eq!(found, Ok(Answer::Found(userid)));
    assert_eq!(session.userid_of(&nobodys()).await, Ok(Answer::Absent));
    stage.run(see_nothing());
    assert_eq!(session.userid_of(&mobile).await, Ok(Answer::Absent));
    assert_eq!(
        (calls(&stage, GETUSERID), calls(&stage, "gettoken")),
        (3, 1)
    );
    assert_eq!(session.calls()[GETUSERID], 3);
    let peers: Vec<String> = stage.sim.calls_by_peer().into_keys().collect();
    assert_eq!(peers, [AGENT_IP.to_string()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_a_mobile_has_its_meaning_and_its_tries() {
    let stage = Stage::https().await;
    let (_, mobile) = somebody(&stage);
    for (code, answer) in [
        (60111, Answer::Absent),
        (46004, Answer::Absent),
        (60011, Answer::OutOfRange),
        (60021, Answer::OutOfRange),
    ] {
        let session = session(&stage).await;
        answer_with(&stage, GETUSERID, Times::Forever, What::Errcode(code));
        assert_eq!(session.userid_of(&mobile).await, Ok(answer), "{code}");
        assert_eq!(calls(&stage, GETUSERID), 1, "{code}");
    }
    for (what, code, remedy, tries) in [
        (
            What::Errcode(45009),
            "lookups_blocked",
            Remedy::RetryLater,
            1,
        ),
        (What::Errcode(48002), "no_right", Remedy::FixWecom, 1),
        (What::Errcode(60020), "untrusted_ip", Remedy::FixWecom, 1),
        (What::Errcode(12345), "refused", Remedy::FixWecom, 1),
        (What::Errcode(42001), "token_refused", Remedy::RetryLater, 2),
        (What::Errcode(-1), "wecom_busy", Remedy::RetryLater, 3),
        (
            What::HttpStatus(503),
            "wecom_unavailable",
            Remedy::RetryLater,
            3,
        ),
        (What::Reset, "no_answer", Remedy::RetryLater, 3),
        (What::HtmlWith200, "not_wecom", Remedy::FixSettings, 3),
        (What::EmptyObject, "not_wecom", Remedy::FixSettings, 3),
    ] {
        let session = session(&stage).await;
        answer_with(&stage, GETUSERID, Times::Forever, what.clone());
        let error = session.userid_of(&mobile).await.unwrap_err();
        assert_eq!((error.code, error.remedy), (code, remedy), "{what:?}");
        assert_eq!(calls(&stage, GETUSERID), tries, "{what:?}");
    }
}

/// A rate window of an hour: had the block been taken for one, nothing more would be answered.
#[tokio::test(flavor = "multi_thread")]
async fn too_many_unknown_mobiles_end_the_look_ups_and_nothing_else() {
    let config = SimConfig {
        unknown_mobiles_max: 2,
        ..company()
    };
    let pace = Pace {
        rate_window: Duration::from_secs(3600),
        ..quick()
    };
    let stage = Stage::with(config, pace).await;
    let session = session(&stage).await;
    let (userid, mobile) = somebody(&stage);
    for _ in 0..2 {
        assert_eq!(session.userid_of(&nobodys()).await, Ok(Answer::Absent));
    }
    for _ in 0..3 {
        let error = session.userid_of(&mobile).await.unwrap_err();
        assert_eq!(error.code, "lookups_blocked");
        assert!(error.remedy_text.contains("for a day"), "{error:?}");
    }
    assert_eq!(calls(&stage, GETUSERID), 3, "the block was met once");
    let found = session.ask_member(&userid).await;
    assert!(matches!(found, Answer::Found(member) if member.userid == userid));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_outlives_what_passes() {
    let config = SimConfig {
        trusted_ips: vec![IpAddr::V4(AGENT_IP), IpAddr::V4(SECOND_AGENT_IP)],
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    let second = proxy_from(SECOND_AGENT_IP).await;
    let mut access = stage.access();
    access.agents.push(agent("dc-2", &second));
    let session = stage.client().begin(access).await.unwrap();
    let (userid, mobile) = somebody(&stage);
    let found = Ok(Answer::Found(userid));
    for code in [-1, 45033, 42001] {
        answer_with(&stage, GETUSERID, Times::Once, What::Errcode(code));
        assert_eq!(session.userid_of(&mobile).await, found, "{code}");
        assert_eq!(calls(&stage, GETUSERID), 2, "{code}");
    }
    stage.proxy.stop();
    assert_eq!(session.userid_of(&mobile).await, found);
    assert_eq!(session.agent().as_deref(), Some("dc-2"));
    second.stop();
    let error = session.userid_of(&mobile).await.unwrap_err();
    assert!(error.message.contains("agent dc-2: "), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_those_of_the_tree() {
    let stage = Stage::https().await;
    let session = session(&stage).await;
    let raw = session.read(&WecomScope::default(), &NoProgress).await;
    let mut tree: Vec<DepartmentPlace> = raw
        .unwrap()
        .departments
        .iter()
        .map(|department| DepartmentPlace {
            id: department.id,
            parent: department.parent,
            order: department.order,
        })
        .collect();
    tree.sort_by_key(|place| place.id);
    let Ok(Answer::Found(mut all)) = session.places(None).await else {
        panic!("the tree is there");
    };
    all.sort_by_key(|place| place.id);
    assert_eq!(all, tree);

    let leaf = tree
        .iter()
        .find(|place| tree.iter().all(|it| it.parent != Some(place.id)))
        .unwrap();
    let found = session.places(Some(leaf.id)).await;
    assert_eq!(found, Ok(Answer::Found(vec![*leaf])));
    let none = session.places(Some(DepartmentId(4_000_000))).await;
    assert_eq!(none, Ok(Answer::Absent));
    stage.run(see_nothing());
    let root = session.places(Some(DepartmentId::ROOT)).await;
    assert_eq!(root, Ok(Answer::OutOfRange));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_tree_is_no_tree() {
    let stage = Stage::https().await;
    let session = session(&stage).await;
    for (what, code, tries) in [
        (What::HtmlWith200, "not_wecom", 3),
        (What::TruncatedBody, "no_answer", 3),
        (What::EmptyObject, "not_wecom", 3),
        (
            What::Body(r#"{"department_id":[{"id":1},{}]}"#.to_owned()),
            "not_wecom",
            3,
        ),
        (What::Errcode(48002), "no_right", 1),
    ] {
        answer_with(&stage, SIMPLELIST, Times::Forever, what.clone());
        let error = session.places(None).await.unwrap_err();
        assert_eq!(error.code, code, "{what:?}");
        assert_eq!(calls(&stage, SIMPLELIST), tries, "{what:?}");
    }
    let other = What::Body(r#"{"department_id":[{"id":2,"parentid":1}]}"#.to_owned());
    answer_with(&stage, SIMPLELIST, Times::Forever, other);
    let root = session.places(Some(DepartmentId::ROOT)).await;
    assert_eq!(root, Ok(Answer::Unknown));
}
