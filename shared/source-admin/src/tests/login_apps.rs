//! Login apps, and credentials taken over from them.

use serde_json::{Value, json};

use super::*;
use crate::LoginAppView;
use crate::ports::HistoryAction;

const APP_SECRET: &str = "s3cret-of-the-login-app";

fn app_body(base_url: &str) -> Value {
    json!({
        "name": "Single sign-on",
        "base_url": base_url,
        "credentials": {
            "corp_id": "ww0123456789abcdef", "agent_id": 1000007, "secret": APP_SECRET,
        },
    })
}

async fn put_app(
    world: &Arc<World>,
    body: &Value,
    said: Precondition,
) -> Result<Put<LoginAppView>, AdminError> {
    let admin = world.admin();
    admin
        .put_login_app("sso", &body.to_string(), &said, "carol")
        .await
}

async fn with_app() -> Arc<World> {
    let world = with_source().await;
    let body = app_body("https://qyapi.weixin.qq.com");
    put_app(&world, &body, Precondition::Unstated)
        .await
        .unwrap();
    world.mend();
    world
}

async fn import(world: &Arc<World>, body: Value) -> Result<Put<SourceView>, AdminError> {
    let admin = world.admin();
    let body = body.to_string();
    admin
        .import_credentials("hq", &body, &Precondition::Exists, "carol")
        .await
}

fn kept_secret(world: &World, arn: &str) -> String {
    world.state().secrets[arn].expose_secret().to_owned()
}

#[tokio::test]
async fn a_secret_is_kept_once_and_swept_when_it_is_replaced_or_the_app_goes() {
    let world = with_app().await;
    let secrets = world.state().secrets.len();
    let body = app_body("https://qyapi.weixin.qq.com");
    let put = put_app(&world, &body, Precondition::Exists).await.unwrap();
    assert!(put.view.warnings.is_empty());
    assert_eq!(
        changes(&world),
        ["store a secret", "put a login app", "sweep a secret"]
    );
    assert_eq!(world.state().secrets.len(), secrets);
    let admin = world.admin();
    let unstated = admin.delete_login_app("sso", &Precondition::Unstated).await;
    assert_eq!(unstated, Err(AdminError::PreconditionRequired));
    let stale = admin
        .delete_login_app("sso", &Precondition::OneOf(vec![1]))
        .await;
    assert_eq!(stale, Err(AdminError::Stale));
    let gone = admin
        .delete_login_app("sso", &Precondition::OneOf(vec![2]))
        .await;
    assert!(gone.unwrap().warnings.is_empty());
    assert_eq!(world.state().secrets.len(), secrets - 1);
    assert!(matches!(
        admin.login_app("sso").await,
        Err(AdminError::NotFound { .. })
    ));
}

#[tokio::test]
async fn a_secret_that_could_not_be_swept_is_told() {
    let world = with_app().await;
    world.break_part(Part::VaultRemove);
    let gone = world
        .admin()
        .delete_login_app("sso", &Precondition::Exists)
        .await;
    let warnings = gone.unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].code, "secret_not_swept");
    // Nothing remembers it: no call that could be repeated would sweep it.
    assert!(warnings[0].remedy.contains("by hand: no call"));
}

#[tokio::test]
async fn everything_but_the_secret_can_change_while_the_secret_stays() {
    let world = with_app().await;
    let mut body = app_body("https://qyapi.weixin.qq.com");
    body["name"] = json!("Portal");
    body["credentials"]["secret"] = Value::Null;
    let put = put_app(&world, &body, Precondition::Exists).await.unwrap();
    assert_eq!(put.view.stored.settings.name, "Portal");
    let secret = put.view.stored.settings.credentials.secret.unwrap();
    assert_eq!(kept_secret(&world, &secret.arn), APP_SECRET);
}

#[tokio::test]
async fn credentials_are_taken_over_as_a_copy_and_all_else_stays() {
    let world = with_app().await;
    let before = world.state().sources[&hq()].settings.clone();
    let put = import(&world, json!({ "login_app": "sso" })).await.unwrap();
    let after = put.view.stored.settings;
    assert_eq!(after.credentials.agent_id, 1_000_007);
    let copy = after.credentials.secret.clone().unwrap();
    assert_eq!(kept_secret(&world, &copy.arn), APP_SECRET);
    let of_app = world.state().login_apps.values().next().cloned().unwrap();
    assert_ne!(
        of_app.settings.credentials.secret,
        Some(copy),
        "a copy of its own"
    );
    assert_eq!(
        (&after.name, &after.contacts),
        (&before.name, &before.contacts)
    );
    let old = before.credentials.secret.unwrap();
    assert!(!world.state().secrets.contains_key(&old.arn), "swept");
    let history = world.state().history[&hq()].clone();
    let last = history.last().unwrap();
    assert_eq!(last.action, HistoryAction::CredentialsImported);
    let told = serde_json::to_string(&history).unwrap();
    assert!(!told.contains(APP_SECRET), "{told}");
}

#[tokio::test]
async fn an_import_that_cannot_be_says_why_and_changes_nothing() {
    let world = with_app().await;
    let code = async |body: Value| import(&world, body).await.unwrap_err().code();
    assert_eq!(
        code(json!({ "login_app": "nobody" })).await,
        "no_such_login_app"
    );
    assert_eq!(
        code(json!({ "login_app": "Not A Name" })).await,
        "no_such_login_app"
    );
    assert_eq!(code(json!({})).await, "invalid");
    assert_eq!(
        code(json!({ "login_app": "sso", "secret": "x" })).await,
        "invalid"
    );
    world.break_part(Part::SecretsRead);
    assert_eq!(
        code(json!({ "login_app": "sso" })).await,
        "secrets_unavailable"
    );
    world.mend();
    let admin = world.admin();
    let body = json!({ "login_app": "sso" }).to_string();
    let unstated = admin
        .import_credentials("hq", &body, &Precondition::Unstated, "carol")
        .await;
    assert_eq!(unstated.unwrap_err(), AdminError::PreconditionRequired);
    let body = app_body("https://wecom.example.com");
    put_app(&world, &body, Precondition::Exists).await.unwrap();
    world.mend();
    assert_eq!(code(json!({ "login_app": "sso" })).await, "other_server");
    assert!(changes(&world).is_empty(), "{:?}", changes(&world));
}

#[tokio::test]
async fn another_organisation_is_not_imported_over_people() {
    let world = with_app().await;
    let mut body = app_body("https://qyapi.weixin.qq.com");
    body["credentials"]["corp_id"] = json!("ww_another");
    put_app(&world, &body, Precondition::Exists).await.unwrap();
    world
        .state()
        .sources
        .get_mut(&hq())
        .unwrap()
        .state
        .has_mirror = true;
    let refused = import(&world, json!({ "login_app": "sso" })).await;
    assert_eq!(refused.unwrap_err(), AdminError::OtherOrganisation);
}

#[tokio::test]
async fn an_import_that_is_cut_off_anywhere_is_mended_by_repeating_it() {
    for acts in 0..ACTS_MAX {
        let world = with_app().await;
        world.state().acts_max = Some(acts);
        let cut = import(&world, json!({ "login_app": "sso" })).await;
        let committed = world.state().sources[&hq()].version == 2;
        assert_eq!(
            cut.is_ok(),
            committed,
            "the answer is true after {acts} acts"
        );
        world.mend();
        let again = import(&world, json!({ "login_app": "sso" })).await.unwrap();
        let named = again.view.stored.settings.credentials.secret.unwrap();
        assert_eq!(kept_secret(&world, &named.arn), APP_SECRET);
        // The app's, the source's, and one orphan at most.
        assert!(world.state().secrets.len() <= 3, "after {acts} acts");
    }
}

#[tokio::test]
async fn a_source_can_be_made_with_credentials_that_nobody_sees() {
    let world = with_app().await;
    let put = async |server: &str, credentials: Value| {
        let body = json!({ "name": "Branch", "base_url": server, "credentials": credentials });
        let body = body.to_string();
        let admin = world.admin();
        admin
            .put_source("branch", &body, &Precondition::Unstated, "carol")
            .await
    };
    let wecom = "https://qyapi.weixin.qq.com";
    let both = put(wecom, json!({ "login_app": "sso", "corp_id": "ww" })).await;
    let Err(AdminError::Invalid(problems)) = both else {
        panic!("{both:?}");
    };
    assert_eq!(problems[0].pointer, "/credentials/login_app");
    let missing = put(wecom, json!({ "login_app": "nobody" })).await;
    assert_eq!(missing.unwrap_err().code(), "no_such_login_app");
    let elsewhere = put("https://wecom.example.com", json!({ "login_app": "sso" })).await;
    assert_eq!(elsewhere.unwrap_err().code(), "other_server");
    let made = put(
        "https://QYAPI.weixin.qq.com/",
        json!({ "login_app": "sso" }),
    )
    .await;
    let credentials = made.unwrap().view.stored.settings.credentials;
    assert_eq!(credentials.agent_id, 1_000_007);
    let secret = credentials.secret.unwrap();
    assert_eq!(kept_secret(&world, &secret.arn), APP_SECRET);
}
