use aws_services::{SecretManagerVault, VaultSecrets};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use source_admin::ports::SecretVault;
use source_settings::SecretRef;
use sync_run::ports::Secrets;

use crate::server::{moto, text};

const PREFIX: &str = "wecom-sync/";

fn vault() -> SecretManagerVault {
    SecretManagerVault::new(&moto().config(), PREFIX)
}

fn described(reference: &SecretRef) -> Value {
    moto().ask(
        "secretsmanager",
        "describe_secret",
        json!({ "SecretId": reference.arn }),
    )
}

#[tokio::test]
async fn what_was_kept_is_read_again_by_arn_and_version() {
    let secret = SecretString::from("S3cret 密码 \"quoted\"");
    let reference = vault().put("source/hq", &secret).await.unwrap();
    let name = text(&described(&reference)["Name"]);
    let random = name.strip_prefix("wecom-sync/source/hq-").unwrap();
    assert_eq!(random.len(), 32);

    let secrets = VaultSecrets::new(&moto().config());
    for _ in 0..2 {
        let read = secrets.secret(&reference).await.unwrap();
        assert_eq!(read.expose_secret(), secret.expose_secret());
    }
}

#[tokio::test]
async fn a_second_secret_for_one_purpose_leaves_the_first_as_it_was() {
    let first = vault()
        .put("agent dc-1", &SecretString::from("one"))
        .await
        .unwrap();
    let second = vault()
        .put("agent dc-1", &SecretString::from("two"))
        .await
        .unwrap();
    assert_ne!(first.arn, second.arn);
    let secrets = VaultSecrets::new(&moto().config());
    assert_eq!(secrets.secret(&first).await.unwrap().expose_secret(), "one");
    assert_eq!(
        secrets.secret(&second).await.unwrap().expose_secret(),
        "two"
    );
}

#[tokio::test]
async fn an_older_version_of_a_secret_is_still_read_as_it_was() {
    let old = vault()
        .put("source/hq", &SecretString::from("old"))
        .await
        .unwrap();
    let with = json!({ "SecretId": old.arn, "SecretString": "new" });
    let put = moto().ask("secretsmanager", "put_secret_value", with);
    let new = SecretRef {
        version: text(&put["VersionId"]),
        ..old.clone()
    };
    let secrets = VaultSecrets::new(&moto().config());
    assert_eq!(secrets.secret(&new).await.unwrap().expose_secret(), "new");
    assert_eq!(secrets.secret(&old).await.unwrap().expose_secret(), "old");
}

#[tokio::test]
async fn a_swept_secret_can_be_restored_and_sweeping_it_again_changes_nothing() {
    let reference = vault()
        .put("source/hq", &SecretString::from("swept"))
        .await
        .unwrap();
    for _ in 0..2 {
        vault().remove(&reference).await.unwrap();
        assert!(described(&reference)["DeletedDate"].is_string());
    }
    let error = VaultSecrets::new(&moto().config())
        .secret(&reference)
        .await
        .unwrap_err();
    assert_eq!(error.reason, "InvalidRequestException");
    let with = json!({ "SecretId": reference.arn });
    moto().ask("secretsmanager", "restore_secret", with);
    let secrets = VaultSecrets::new(&moto().config());
    assert_eq!(
        secrets.secret(&reference).await.unwrap().expose_secret(),
        "swept"
    );
}

#[tokio::test]
async fn a_secret_that_was_never_there_cannot_be_read_and_need_not_be_swept() {
    let reference = SecretRef {
        arn: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:wecom-sync/none-abcdef"
            .to_owned(),
        version: "8d5b6f1c-0000-4000-8000-000000000000".to_owned(),
    };
    vault().remove(&reference).await.unwrap();
    let error = VaultSecrets::new(&moto().config())
        .secret(&reference)
        .await
        .unwrap_err();
    assert_eq!(error.service, "Secrets Manager");
    assert_eq!(error.reason, "ResourceNotFoundException");
}
