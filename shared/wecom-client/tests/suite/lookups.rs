//! The reads that no run makes: somebody by their mobile, and the bare shape of the tree.

use std::net::IpAddr;
use std::time::Duration;

use crate::common::{AGENT_IP, SECOND_AGENT_IP, Stage, agent, company, proxy_from, quick};
use org_model::{DepartmentId, UserId};
use secrecy::SecretString;
use source_admin::ports::{LookupSession, WecomDesk};
use sync_run::ports::{Answer, NoProgress, Remedy, WecomAccess, WecomScope, WecomSession};
use wecom_client::{DepartmentPlace, Pace, Session};
use wecom_sim::{At, Command, SettingsPatch, SimConfig, Times, View, What};

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
    assert_eq!(WecomSession::calls(&session)[GETUSERID], 3);
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
        (
            What::Errcode(60011),
            "mobile_lookup_not_allowed",
            Remedy::FixWecom,
            1,
        ),
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
    assert_eq!(WecomSession::agent(&session).as_deref(), Some("dc-2"));
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

async fn opened(stage: &Stage) -> Box<dyn LookupSession> {
    stage.client().open(stage.access()).await.unwrap()
}

fn see(stage: &Stage, departments: &[u32], users: &[&str], tags: &[u32]) {
    stage.run(Command::SetRange {
        departments: departments.to_vec(),
        users: users.iter().map(|it| (*it).to_owned()).collect(),
        tags: tags.to_vec(),
    });
    stage.run(Command::ResetCounts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_to_search_by_mobile_says_what_needs_no_such_right() {
    let stage = Stage::https().await;
    let (userid, mobile) = somebody(&stage);
    for code in [48001, 48002, 48004, 48006, 60011] {
        stage
            .sim
            .control()
            .configure(SettingsPatch {
                mobile_lookup_refused: Some(code),
                ..SettingsPatch::default()
            })
            .unwrap();
        stage.run(Command::ResetCounts);
        let session = opened(&stage).await;
        let error = session.userid_of(&mobile).await.unwrap_err();
        assert_eq!(error.code, "mobile_lookup_not_allowed", "{code}");
        assert_eq!(error.remedy, Remedy::FixWecom);
        assert!(error.message.contains(&code.to_string()));
        assert!(error.remedy_text.starts_with("search by userid"));
        assert_eq!(calls(&stage, GETUSERID), 1);
        let found = session.member(&userid).await;
        assert!(matches!(found, Ok(Answer::Found(member)) if member.userid == userid));
        assert_eq!(session.calls(), stage.sim.calls());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_begins_as_a_run_does() {
    let config = SimConfig {
        trusted_ips: vec![IpAddr::V4(SECOND_AGENT_IP)],
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    let second = proxy_from(SECOND_AGENT_IP).await;
    let alone = stage.client().open(stage.access()).await;
    assert_eq!(alone.err().unwrap().code, "untrusted_ip");
    let mut access = stage.access();
    access.agents.push(agent("dc-2", &second));
    let session = stage.client().open(access.clone()).await.unwrap();
    assert_eq!(session.agent().as_deref(), Some("dc-2"));
    let wrong = WecomAccess {
        secret: SecretString::from("guessed"),
        ..access
    };
    let error = stage.client().open(wrong).await.err().unwrap();
    assert_eq!(error.code, "wrong_secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_found_absent_hidden_or_told_why_not() {
    let stage = Stage::https().await;
    let session = opened(&stage).await;
    let (userid, _) = somebody(&stage);
    let found = session.member(&userid).await;
    assert!(matches!(found, Ok(Answer::Found(member)) if member.userid == userid));
    let nobody = UserId::new("nobody.at.all");
    assert_eq!(session.member(&nobody).await, Ok(Answer::Absent));
    stage.run(see_nothing());
    assert_eq!(session.member(&userid).await, Ok(Answer::OutOfRange));

    let other = What::Body(r#"{"errcode":0,"userid":"else"}"#.to_owned());
    answer_with(&stage, "user/get", Times::Forever, other);
    assert_eq!(session.member(&userid).await, Ok(Answer::Unknown));
    for (what, code) in [
        (What::Errcode(48002), "no_right"),
        (What::Errcode(60020), "untrusted_ip"),
        (What::HtmlWith200, "not_wecom"),
        (What::Reset, "no_answer"),
    ] {
        answer_with(&stage, "user/get", Times::Forever, what);
        assert_eq!(session.member(&userid).await.unwrap_err().code, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_shows_which_fields_the_app_is_given() {
    let config = SimConfig {
        departments: 1,
        ..company()
    };
    let stage = Stage::with(config, quick()).await;
    let session = opened(&stage).await;
    stage.run(Command::ResetCounts);
    let list = session.members_of(DepartmentId::ROOT).await.unwrap();
    assert_eq!(list.len(), 60);
    assert_eq!(stage.sim.calls(), [("user/list".to_owned(), 1)].into());

    // Too large to be sent: a few of it by name.
    answer_with(&stage, "user/list", Times::Forever, What::Errcode(45029));
    let few = session.members_of(DepartmentId::ROOT).await.unwrap();
    assert_eq!(few.len(), 20);
    assert_eq!(calls(&stage, "user/get"), 20);
    assert_eq!(few, {
        let mut whole = list;
        whole.truncate(20);
        whole.iter_mut().for_each(|member| member.listed_in = None);
        whole
    });
    let gone = session.members_of(DepartmentId(4_000_000)).await;
    assert!(gone.is_err(), "45029 stands for whatever is asked here");
    stage.run(Command::ClearFaults);
    let gone = session.members_of(DepartmentId(4_000_000)).await;
    assert_eq!(gone.unwrap_err().code, "no_right");
}

/// How many were found, and what it cost.
async fn sampled(stage: &Stage) -> (usize, Vec<(String, u64)>) {
    let session = opened(stage).await;
    stage.run(Command::ResetCounts);
    let found = session.sample().await.unwrap();
    (found.len(), stage.sim.calls().into_iter().collect())
}

fn cost(calls: &[(&str, u64)]) -> Vec<(String, u64)> {
    calls
        .iter()
        .map(|(call, n)| ((*call).to_owned(), *n))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_found_wherever_the_range_shows_somebody() {
    let stage = Stage::https().await;
    let people = |id: u32| {
        let all = stage.sim.control().departments(View::Everything);
        all.iter().find(|it| it.id == id).unwrap().people
    };
    let members: Vec<_> = stage.sim.control().members(View::Everything).collect();
    let filled = stage.sim.control().departments(View::Everything);
    let filled = filled.iter().find(|it| it.people > 0).unwrap().id;

    see(&stage, &[filled], &[], &[]);
    let (found, calls) = sampled(&stage).await;
    assert_eq!((found, calls), (people(filled), cost(&[("user/list", 1)])));

    // An empty department with a filled one below it.
    for (id, parent) in [(800, 1), (801, 800), (802, 801)] {
        stage.run(Command::CreateDepartment {
            id: Some(id),
            name: format!("d{id}"),
            parent,
        });
    }
    stage.run(Command::Hire {
        userid: Some("deep".to_owned()),
        name: None,
        departments: vec![802],
        count: 1,
    });
    see(&stage, &[800], &[], &[]);
    let (found, calls) = sampled(&stage).await;
    assert_eq!(found, 1);
    assert_eq!(
        calls,
        cost(&[("department/simplelist", 1), ("user/list", 2)])
    );

    see(&stage, &[], &[&members[3].userid], &[]);
    assert_eq!(sampled(&stage).await, (1, cost(&[("user/get", 1)])));

    for (id, users) in [(7, vec![]), (8, vec![members[4].userid.clone()])] {
        stage.run(Command::SetTag {
            id,
            name: "tag".to_owned(),
            users,
            departments: vec![],
        });
    }
    see(&stage, &[], &[], &[7, 8]);
    let (found, calls) = sampled(&stage).await;
    assert_eq!(
        (found, calls),
        (1, cost(&[("tag/get", 2), ("user/get", 1)]))
    );

    see(&stage, &[], &[], &[7]);
    assert_eq!(sampled(&stage).await, (0, cost(&[("tag/get", 1)])));
    stage.run(see_nothing());
    assert_eq!(sampled(&stage).await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_that_is_refused_says_why() {
    let stage = Stage::https().await;
    let session = opened(&stage).await;
    for (what, code) in [
        (What::Errcode(48002), "no_right"),
        (What::HtmlWith200, "not_wecom"),
    ] {
        answer_with(&stage, "user/list", Times::Forever, what);
        assert_eq!(session.sample().await.unwrap_err().code, code);
    }
}
