//! Agents: changed and deleted with a precondition, and checked through WeCom.

use serde_json::{Value, json};
use sync_run::ports::{ReadError, Remedy};

use super::*;
use crate::ports::{AgentStanding, CheckFailure};
use crate::{AgentView, CheckedAgent};

async fn put_agent(
    world: &Arc<World>,
    id: &str,
    said: Precondition,
) -> Result<Put<AgentView>, AdminError> {
    let body = json!({ "url": "http://carol:pa55word@proxy.example:3128" }).to_string();
    world.admin().put_agent(id, &body, &said, "carol").await
}

/// With two agents, and `hq` naming the first.
async fn with_agents() -> Arc<World> {
    let world = world();
    for id in ["dc-1", "dc-2"] {
        put_agent(&world, id, Precondition::Unstated).await.unwrap();
    }
    let mut body: Value = serde_json::from_str(&body()).unwrap();
    body["agents"] = json!(["dc-1"]);
    let body = body.to_string();
    let admin = world.admin();
    let made = admin.put_source("hq", &body, &Precondition::Unstated, "carol");
    made.await.unwrap();
    world.mend();
    world
}

fn failure(code: &'static str) -> CheckFailure {
    CheckFailure {
        code,
        errcode: None,
        ips: Vec::new(),
        remedy: Remedy::FixSettings,
        message: "something".to_owned(),
        remedy_text: "do something".to_owned(),
    }
}

fn refusal(code: &'static str) -> ReadError {
    ReadError::new(code, "something", Remedy::FixWecom, "do something")
}

async fn check(world: &Arc<World>, id: &str, body: Value) -> CheckedAgent {
    let admin = world.admin();
    admin.check_agent(id, &body.to_string()).await.unwrap()
}

#[tokio::test]
async fn an_agent_changes_only_on_the_version_that_was_read() {
    let world = with_agents().await;
    let unstated = put_agent(&world, "dc-2", Precondition::Unstated).await;
    assert_eq!(unstated.unwrap_err(), AdminError::PreconditionRequired);
    let stale = put_agent(&world, "dc-2", Precondition::OneOf(vec![7])).await;
    assert_eq!(stale.unwrap_err(), AdminError::Stale);
    let put = put_agent(&world, "dc-2", Precondition::OneOf(vec![1])).await;
    assert!(!put.unwrap().created);
}

#[tokio::test]
async fn an_agent_that_a_source_names_is_not_deleted() {
    let world = with_agents().await;
    let admin = world.admin();
    let refused = admin.delete_agent("dc-1", &Precondition::Exists).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused, AdminError::AgentInUse(vec![hq()]));
    assert!(refused.to_string().contains("hq"));
    let unstated = admin.delete_agent("dc-2", &Precondition::Unstated).await;
    assert_eq!(unstated, Err(AdminError::PreconditionRequired));
    let secrets = world.state().secrets.len();
    let gone = admin
        .delete_agent("dc-2", &Precondition::OneOf(vec![1]))
        .await;
    assert!(gone.unwrap().warnings.is_empty());
    assert_eq!(
        world.state().secrets.len(),
        secrets - 1,
        "its credentials go too"
    );
    let again = admin.delete_agent("dc-2", &Precondition::Exists).await;
    assert!(matches!(again, Err(AdminError::NotFound { .. })));
}

#[tokio::test]
async fn who_names_an_agent_is_shown() {
    let world = with_agents().await;
    let views = world.admin().agents().await.unwrap();
    let sources: Vec<_> = views.into_iter().map(|view| view.sources).collect();
    assert_eq!(sources, [vec![hq()], vec![]]);
}

#[tokio::test]
async fn an_agent_that_wecom_trusts_is_running() {
    let world = with_agents().await;
    world.state().wecom.egress_ip = Some([203, 0, 113, 7].into());
    let checked = check(&world, "dc-1", json!({})).await;
    assert_eq!(checked.check.standing, AgentStanding::Running);
    assert_eq!(checked.check.egress_ip, Some([203, 0, 113, 7].into()));
    assert_eq!(checked.check.source, Some(hq()));
    assert_eq!(
        (checked.check.latency_milliseconds, checked.failure),
        (Some(42), None)
    );
    let asked = world.state().wecom.asked.clone();
    let acts: Vec<_> = asked.iter().map(|one| one.act).collect();
    assert_eq!(acts, ["probe", "open"]);
    let user = Some("carol".to_owned());
    let through = (
        "dc-1".to_owned(),
        "http://proxy.example:3128".to_owned(),
        user,
    );
    for asking in &asked {
        assert_eq!(asking.base_url, "https://qyapi.weixin.qq.com");
        assert_eq!(asking.agents.as_slice(), std::slice::from_ref(&through));
    }
    assert_eq!(asked[1].secret, SECRET);
    let view = world.admin().agent("dc-1").await.unwrap();
    assert_eq!(view.check, Some(checked.check));
}

#[tokio::test]
async fn a_check_of_older_settings_is_not_shown_as_theirs() {
    let world = with_agents().await;
    check(&world, "dc-1", json!({})).await;
    let put = put_agent(&world, "dc-1", Precondition::Exists).await;
    assert_eq!(put.unwrap().view.check, None);
    assert_eq!(world.admin().agent("dc-1").await.unwrap().check, None);
    assert_eq!(world.admin().agents().await.unwrap()[0].check, None);
}

#[tokio::test]
async fn an_agent_that_nobody_names_is_only_probed() {
    let world = with_agents().await;
    let checked = check(&world, "dc-2", json!({})).await;
    assert_eq!(checked.check.standing, AgentStanding::Running);
    assert_eq!(checked.check.source, None);
    let asked = world.state().wecom.asked.clone();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].base_url, "https://qyapi.weixin.qq.com");
    assert!(asked[0].secret.is_empty());
    let with_app = check(&world, "dc-2", json!({ "source": "hq" })).await;
    assert_eq!(with_app.check.source, Some(hq()));
    assert_eq!(world.state().wecom.asked.len(), 3);
}

#[tokio::test]
async fn an_agent_that_does_not_answer_is_unreachable_and_nothing_more_is_asked() {
    let world = with_agents().await;
    world.state().wecom.probe_failure = Some(failure("connect_refused"));
    let checked = check(&world, "dc-1", json!({})).await;
    assert_eq!(checked.check.standing, AgentStanding::Unreachable);
    assert_eq!(checked.check.code.as_deref(), Some("connect_refused"));
    assert_eq!(checked.check.latency_milliseconds, None);
    assert_eq!(world.state().wecom.asked.len(), 1);
}

#[tokio::test]
async fn an_address_that_wecom_does_not_trust_is_told() {
    let world = with_agents().await;
    world.state().wecom.refusal = Some(ReadError {
        ips: vec![[203, 0, 113, 7].into()],
        ..refusal("untrusted_ip")
    });
    let checked = check(&world, "dc-1", json!({})).await;
    assert_eq!(checked.check.standing, AgentStanding::UntrustedIp);
    assert_eq!(checked.check.egress_ip, Some([203, 0, 113, 7].into()));
    assert_eq!(checked.check.code.as_deref(), Some("untrusted_ip"));
}

#[tokio::test]
async fn a_wrong_secret_says_nothing_against_the_agent() {
    let world = with_agents().await;
    world.state().wecom.refusal = Some(refusal("wrong_secret"));
    let checked = check(&world, "dc-1", json!({})).await;
    assert_eq!(checked.check.standing, AgentStanding::Running);
    assert_eq!(checked.check.code.as_deref(), Some("wrong_secret"));
}

#[tokio::test]
async fn a_check_through_a_source_that_is_not_there_is_refused() {
    let world = with_agents().await;
    let admin = world.admin();
    for (body, pointer) in [
        (json!({ "source": "nobody" }), "/source"),
        (json!({ "source": 7 }), "/source"),
        (json!({ "sauce": "hq" }), "/sauce"),
    ] {
        let refused = admin.check_agent("dc-1", &body.to_string()).await;
        let Err(AdminError::Invalid(problems)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(problems[0].pointer, pointer);
    }
    assert!(world.state().wecom.asked.is_empty());
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_stops_a_check_and_notes_nothing() {
    let world = with_agents().await;
    world.break_part(Part::SecretsRead);
    let refused = world.admin().check_agent("dc-1", "").await;
    assert_eq!(refused.unwrap_err().code(), "secrets_unavailable");
    assert!(world.state().checks.is_empty());
}

#[tokio::test]
async fn nobody_is_asked_before_every_secret_is_read() {
    let world = with_agents().await;
    let body = json!({ "url": "http://proxy.example:3128", "username": null }).to_string();
    let said = Precondition::OneOf(vec![1]);
    let put = world.admin().put_agent("dc-1", &body, &said, "carol").await;
    put.unwrap();
    world.break_part(Part::SecretsRead);
    let refused = world.admin().check_agent("dc-1", "").await;
    assert_eq!(refused.unwrap_err().code(), "secrets_unavailable");
    assert!(world.state().wecom.asked.is_empty());
}
