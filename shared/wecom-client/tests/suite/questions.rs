//! Asking by name: only a clear answer is evidence.

use crate::common::{Stage, company, quick};
use org_model::{DepartmentId, UserId};
use sync_run::ports::{Answer, Wecom, WecomSession};
use wecom_sim::{At, Command, SimConfig, Times, View, What};

fn told<T>(answer: &Answer<T>) -> &'static str {
    match answer {
        Answer::Found(_) => "found",
        Answer::Absent => "absent",
        Answer::OutOfRange => "out of range",
        Answer::Unknown => "unknown",
    }
}

async fn session(stage: &Stage) -> Box<dyn WecomSession> {
    stage.client().connect(stage.access()).await.unwrap()
}

fn somebody(stage: &Stage) -> UserId {
    let member = stage.sim.control().members(View::Everything).next();
    UserId::new(member.unwrap().userid)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_absent_or_out_of_range() {
    let stage = Stage::https().await;
    let session = session(&stage).await;
    let userid = somebody(&stage);
    let Answer::Found(member) = session.ask_member(&userid).await else {
        panic!("{userid} is there");
    };
    assert_eq!(member.userid, userid);
    assert_eq!(member.listed_in, None);
    assert!(!member.fields.contains("errcode"));
    let nobody = session.ask_member(&UserId::new("no.such.person")).await;
    assert_eq!(nobody, Answer::Absent);
    let range = Command::SetRange {
        departments: vec![],
        users: vec![],
        tags: vec![],
    };
    stage.run(range);
    assert_eq!(session.ask_member(&userid).await, Answer::OutOfRange);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_is_found_absent_or_out_of_range() {
    let stage = Stage::https().await;
    let session = session(&stage).await;
    let root = session.ask_department(DepartmentId::ROOT).await;
    assert_eq!(told(&root), "found");
    let none = session.ask_department(DepartmentId(4_000_000)).await;
    assert_eq!(none, Answer::Absent);
    stage.run(Command::SetRange {
        departments: vec![],
        users: vec![],
        tags: vec![],
    });
    let root = session.ask_department(DepartmentId::ROOT).await;
    assert_eq!(root, Answer::OutOfRange);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_code_has_its_answer() {
    let stage = Stage::with(
        SimConfig {
            people: 5,
            departments: 2,
            ..company()
        },
        quick(),
    )
    .await;
    let session = session(&stage).await;
    let userid = somebody(&stage);
    for (code, person, department) in [
        (60111, "absent", "unknown"),
        (46004, "absent", "unknown"),
        (60123, "out of range", "absent"),
        (60003, "out of range", "absent"),
        (60011, "out of range", "out of range"),
        (60021, "out of range", "out of range"),
        (50002, "out of range", "out of range"),
        (81013, "out of range", "out of range"),
        (-1, "unknown", "unknown"),
        (42001, "unknown", "unknown"),
        (48002, "unknown", "unknown"),
        (60020, "unknown", "unknown"),
        (12345, "unknown", "unknown"),
    ] {
        stage.run(Command::ClearFaults);
        let control = stage.sim.control();
        control
            .fault(At::EveryCall, Times::Forever, What::Errcode(code))
            .unwrap();
        assert_eq!(told(&session.ask_member(&userid).await), person, "{code}");
        let answer = session.ask_department(DepartmentId::ROOT).await;
        assert_eq!(told(&answer), department, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_answer_is_unknown() {
    let stage = Stage::with(
        SimConfig {
            people: 5,
            departments: 2,
            ..company()
        },
        quick(),
    )
    .await;
    let session = session(&stage).await;
    let userid = somebody(&stage);
    for what in [
        What::HttpStatus(503),
        What::HtmlWith200,
        What::EmptyObject,
        What::EmptyLists,
        What::Reset,
        What::TruncatedBody,
        What::Body(r#"{"errcode":0,"userid":"somebody.else","department":{"id":7}}"#.to_owned()),
    ] {
        stage.run(Command::ClearFaults);
        let control = stage.sim.control();
        control
            .fault(At::EveryCall, Times::Forever, what.clone())
            .unwrap();
        assert_eq!(
            told(&session.ask_member(&userid).await),
            "unknown",
            "{what:?}"
        );
        let answer = session.ask_department(DepartmentId::ROOT).await;
        assert_eq!(told(&answer), "unknown", "{what:?}");
    }
    stage.run(Command::ClearFaults);
    assert_eq!(told(&session.ask_member(&userid).await), "found");
}
