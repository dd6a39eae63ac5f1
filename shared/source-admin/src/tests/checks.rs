//! A source checked by asking WeCom.

use serde_json::{Value, json};
use sync_run::ports::Remedy;

use super::*;
use crate::ports::{CheckFailure, StepName, StepOutcome};

/// With the agents `dc-1` and `dc-2` in this order.
async fn with_agents() -> Arc<World> {
    let world = world();
    let admin = world.admin();
    for id in ["dc-1", "dc-2"] {
        let agent = json!({ "url": "http://carol:pa55word@proxy.example:3128" }).to_string();
        let made = admin.put_agent(id, &agent, &Precondition::Unstated, "carol");
        made.await.unwrap();
    }
    let mut body: Value = serde_json::from_str(&body()).unwrap();
    body["agents"] = json!(["dc-2", "dc-1"]);
    let body = body.to_string();
    let made = admin.put_source("hq", &body, &Precondition::Unstated, "carol");
    made.await.unwrap();
    world.mend();
    world
}

#[tokio::test]
async fn a_check_asks_wecom_once_as_a_run_would_and_stores_nothing() {
    let world = with_agents().await;
    let checked = world.admin().check_source("hq", "").await.unwrap();
    assert!(checked.passed());
    assert_eq!(checked.found.steps.len(), StepName::ALL.len());
    assert_eq!(changes(&world), [""; 0]);
    let state = world.state();
    assert_eq!(state.wecom.asked.len(), 1);
    let asked = &state.wecom.asked[0];
    assert_eq!((asked.secret.as_str(), asked.agent_id), (SECRET, 1_000_002));
    let agents: Vec<_> = asked.agents.iter().map(|one| one.0.as_str()).collect();
    assert_eq!(agents, ["dc-2", "dc-1"], "in the settings' order");
    let span = asked.deadline.duration_since(state.now);
    assert!(span <= SignedDuration::from_secs(25), "{span}");
}

#[tokio::test]
async fn a_step_that_fails_is_an_answer_and_no_error() {
    let world = with_agents().await;
    let failure = CheckFailure {
        code: "wrong_secret",
        errcode: Some(40001),
        ips: Vec::new(),
        remedy: Remedy::FixSettings,
        message: String::new(),
        remedy_text: String::new(),
    };
    world.state().wecom.step_failure = Some((StepName::Token, failure));
    let checked = world.admin().check_source("hq", "{}").await.unwrap();
    assert!(!checked.passed());
    let outcomes: Vec<_> = checked
        .found
        .steps
        .into_iter()
        .map(|one| one.outcome)
        .collect();
    assert_eq!(outcomes[1], StepOutcome::Passed);
    assert!(matches!(outcomes[2], StepOutcome::Failed(_)));
    assert_eq!(outcomes[3], StepOutcome::NotReached);
}

#[tokio::test]
async fn a_check_that_cannot_begin_says_why() {
    let world = with_agents().await;
    let code = async |body: &str| {
        world
            .admin()
            .check_source("hq", body)
            .await
            .unwrap_err()
            .code()
    };
    assert_eq!(code("{\"agent\":\"dc-1\"}").await, "invalid");
    assert_eq!(code("{").await, "not_json");
    world.break_part(Part::SecretsRead);
    assert_eq!(code("").await, "secrets_unavailable");
    world.mend();
    world.state().unreadable.insert(hq());
    assert_eq!(code("").await, "source_unreadable");
    world.mend();
    world.state().unreadable.clear();
    world.state().agents.clear();
    assert_eq!(code("").await, "missing_agent");
    let nobody = world.admin().check_source("nobody", "").await;
    assert!(matches!(nobody, Err(AdminError::NotFound { .. })));
    assert!(world.state().wecom.asked.is_empty());
}

#[tokio::test]
async fn credentials_of_an_agent_that_cannot_be_read_are_named_without_them() {
    let world = with_agents().await;
    for secret in world.state().secrets.values_mut() {
        *secret = "{\"username\":\"carol\"}".to_owned().into();
    }
    let refused = world.admin().check_source("hq", "").await.unwrap_err();
    assert_eq!(refused, AdminError::AgentCredentials("dc-2".to_owned()));
    assert!(!refused.to_string().contains("carol"));
}
