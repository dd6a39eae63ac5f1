//! The same commands over HTTP, so that the binary can be driven with curl.

use crate::common::{Reader, small};
use serde_json::{Value, json};
use wecom_sim::{At, Command, Fault, SettingsPatch, SimConfig, Times, View, What};

async fn control(reader: &Reader, body: &Value) -> (u16, Value) {
    let url = format!("{}/sim/control", reader.sim.origin());
    let response = reader
        .client
        .post(url)
        .body(body.to_string())
        .send()
        .await
        .expect("an answer");
    (
        response.status().as_u16(),
        response.json().await.expect("json"),
    )
}

async fn ask(reader: &Reader, path: &str) -> Value {
    let url = format!("{}/sim/{path}", reader.sim.origin());
    crate::common::json(reader.client.get(url).send().await.expect("an answer")).await
}

#[tokio::test]
async fn a_command_runs_and_tells_its_outcome() {
    let reader = Reader::start(small()).await;
    let hire = json!({"do": "hire", "userid": "New.One", "name": "新人", "departments": [2]});
    let (status, body) = control(&reader, &hire).await;
    assert_eq!((status, &body["ok"]), (200, &json!(true)));
    assert_eq!(body["outcome"]["hired"], json!(["New.One"]));
    assert!(
        reader
            .control()
            .member("new.one", View::Everything)
            .is_some()
    );
}

#[tokio::test]
async fn several_commands_run_in_order() {
    let reader = Reader::start(small()).await;
    let body = json!([
        {"do": "hire", "userid": "New.One", "departments": [2]},
        {"do": "move", "userid": "New.One", "departments": [3]},
        {"do": "set_range", "departments": [3]},
        {"do": "configure", "app_age": "new", "listing": {"shuffled": 4}},
        {"do": "fault", "at": {"call_index": 1}, "what": {"errcode": -1}},
        {"do": "fault", "at": {"kind": ["user/list", 0]}, "times": "forever", "what": "reset"},
        {"do": "fault", "at": "every_call", "times": {"count": 2}, "what": {"delay_ms": 1}},
        {"do": "on_call", "index": 2, "command": {"do": "dismiss", "userids": ["New.One"]}},
    ]);
    assert_eq!(control(&reader, &body).await.0, 200);
    assert_eq!(reader.errcode("department/get?id=3").await, 0);
    assert_eq!(reader.errcode("department/get?id=3").await, -1);
    assert_eq!(reader.errcode("user/get?userid=New.One").await, 60111);
    assert!(reader.send("user/list?department_id=3").await.is_err());
}

#[tokio::test]
async fn a_refused_or_unreadable_command_says_why() {
    let reader = Reader::start(small()).await;
    let (status, body) = control(&reader, &json!({"do": "dismiss", "userids": ["No"]})).await;
    assert_eq!(
        (status, &body["error"]),
        (400, &json!("nobody here has the userid No"))
    );
    let (status, body) = control(&reader, &json!({"do": "vanish"})).await;
    assert_eq!(status, 400);
    let error = body["error"].as_str().expect("an error");
    assert!(error.contains("unknown variant `vanish`"), "{error}");
    for misspelt in [
        json!({"do": "configure", "speed": 3}),
        json!({"do": "churn", "percent": 1, "leaver_max": 0}),
        json!({"do": "fault", "at": "every_call", "time": "forever", "what": "reset"}),
    ] {
        assert_eq!(control(&reader, &misspelt).await.0, 400, "{misspelt}");
    }
}

#[tokio::test]
async fn the_counts_and_the_organisation_can_be_asked_for() {
    let reader = Reader::start(small()).await;
    reader.userids(1).await;
    let calls = ask(&reader, "calls").await;
    assert_eq!(
        calls,
        json!({
            "user/list": 1,
            "max_in_flight": 1,
            "peers": {"127.0.0.1": 1},
            "hook_failures": [],
        })
    );
    let org = ask(&reader, "org").await;
    assert_eq!(
        (&org["people"], &org["departments"]),
        (&json!(60), &json!(12))
    );
}

#[tokio::test]
async fn every_command_of_the_readme_runs() {
    let reader = Reader::start(SimConfig::default()).await;
    let readme = include_str!("../../README.md");
    let commands = readme.lines().filter_map(|line| {
        let (command, _) = line.strip_prefix("sim '")?.split_once('\'')?;
        Some(serde_json::from_str(command).expect("json"))
    });
    let mut ran = 0;
    for command in commands {
        let (status, body) = control(&reader, &command).await;
        assert_eq!(status, 200, "{command}: {body}");
        ran += 1;
    }
    assert!(ran > 30, "the README shows more than {ran} commands");
}

#[test]
fn every_command_survives_its_json_form() {
    let fault = Fault {
        at: At::EveryCall,
        times: Times::Forever,
        what: What::HtmlWith200,
    };
    let commands = [
        Command::ResetOrg,
        Command::Churn {
            percent: 1.5,
            seed: 2,
            leavers_max: Some(3),
        },
        Command::Configure(SettingsPatch {
            per_minute: Some(5),
            ..SettingsPatch::default()
        }),
        Command::OnCall {
            index: 3,
            command: Box::new(Command::Fault(fault)),
        },
        Command::SetField {
            userid: "a".into(),
            field: "b".into(),
            value: Value::Null,
        },
    ];
    for command in commands {
        let text = serde_json::to_string(&command).expect("json");
        assert_eq!(
            serde_json::from_str::<Command>(&text).expect("reads"),
            command,
            "{text}"
        );
    }
}
