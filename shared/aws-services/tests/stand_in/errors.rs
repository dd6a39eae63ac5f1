use aws_services::{BusEvents, SecretManagerVault, SnsNotifier, VaultSecrets};
use secrecy::SecretString;
use serde_json::{Value, json};
use source_admin::ports::SecretVault;
use source_settings::SecretRef;
use sync_run::ports::{Events, Notifier, Secrets};

use crate::neighbour::Neighbour;
use crate::support::{config, notice, record, record_in_an_event};

fn reference() -> SecretRef {
    SecretRef {
        arn: "arn:aws:secretsmanager:eu:1:secret:wecom-sync/hq-abcdef".to_owned(),
        version: "v1".to_owned(),
    }
}

#[tokio::test]
async fn an_event_that_the_bus_did_not_take_is_an_error_although_the_call_succeeded() {
    let entry = json!({ "ErrorCode": "InternalFailure", "ErrorMessage": "detail: 张三" });
    let answer = json!({ "FailedEntryCount": 1, "Entries": [entry] });
    let bus = Neighbour::answering([(200, answer.to_string())]).await;
    let events = BusEvents::new(&bus.config(), "runs");
    let error = events.run_finished(&record()).await.unwrap_err();
    let told = "EventBridge did not take the message: InternalFailure";
    assert_eq!(error.to_string(), told);

    let [request] = &bus.requests()[..] else {
        panic!("one request");
    };
    let sent: Value = serde_json::from_str(&request.body).unwrap();
    let entry = &sent["Entries"][0];
    assert_eq!(entry["EventBusName"], "runs");
    assert_eq!(entry["Time"], 1_795_305_609);
    let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail, record_in_an_event());
}

#[tokio::test]
async fn a_refusal_never_repeats_the_sentence_of_the_service() {
    let body = json!({ "__type": "InvalidParameterException", "Message": "bad: hunter2" });
    let service = Neighbour::answering([(400, body.to_string())]).await;
    let vault = SecretManagerVault::new(&service.config(), "wecom-sync/");
    let error = vault
        .put("source/hq", &SecretString::from("hunter2"))
        .await
        .unwrap_err();
    assert_eq!(error.reason, "InvalidParameterException");
}

#[tokio::test]
async fn what_is_no_code_is_not_repeated_as_one() {
    let body = json!({ "__type": "you sent hunter2", "Message": "no" });
    let service = Neighbour::answering([(400, body.to_string())]).await;
    let error = VaultSecrets::new(&service.config())
        .secret(&reference())
        .await
        .unwrap_err();
    assert_eq!(error.reason, "an answer with status 400 and no error code");
}

#[tokio::test]
async fn a_page_that_is_no_answer_of_the_service_is_an_error_without_its_text() {
    for status in [200, 502] {
        let page = "<html>proxy says: hunter2</html>";
        let service = Neighbour::answering([(status, page)]).await;
        let error = VaultSecrets::new(&service.config())
            .secret(&reference())
            .await
            .unwrap_err();
        let told = format!("an answer with status {status} and no error code");
        assert_eq!(error.reason, told);
    }
}

#[tokio::test]
async fn a_secret_that_is_not_text_is_an_error() {
    let service = Neighbour::answering([(200, r#"{"SecretBinary":"c2VjcmV0"}"#)]).await;
    let error = VaultSecrets::new(&service.config())
        .secret(&reference())
        .await
        .unwrap_err();
    assert_eq!(error.reason, "a secret that is not text");
}

#[tokio::test]
async fn a_secret_in_its_window_of_recovery_is_swept_and_another_refusal_is_an_error() {
    let marked =
        "You can't perform this operation on the secret because it was marked for deletion.";
    let managed = "The secret is managed by another service.";
    let body = |told: &str| json!({ "__type": "InvalidRequestException", "Message": told });
    let answers = [
        (400, body(marked).to_string()),
        (400, body(managed).to_string()),
    ];
    let service = Neighbour::answering(answers).await;
    let vault = SecretManagerVault::new(&service.config(), "wecom-sync/");
    vault.remove(&reference()).await.unwrap();
    let error = vault.remove(&reference()).await.unwrap_err();
    assert_eq!(error.reason, "InvalidRequestException");
    assert_eq!(service.requests().len(), 2);
}

#[tokio::test]
async fn a_secret_that_could_not_be_swept_is_an_error_and_sweeping_it_again_completes() {
    let down = json!({ "__type": "InternalServiceError", "Message": "wecom-sync/hq" });
    let gone = json!({ "__type": "ResourceNotFoundException", "Message": "wecom-sync/hq" });
    let answers = [
        (500, down.to_string()),
        (200, json!({ "Name": "wecom-sync/hq" }).to_string()),
        (400, gone.to_string()),
    ];
    let service = Neighbour::answering(answers).await;
    let vault = SecretManagerVault::new(&service.config(), "wecom-sync/");
    let error = vault.remove(&reference()).await.unwrap_err();
    let told = "Secrets Manager did not take the message: InternalServiceError";
    assert_eq!(error.to_string(), told);
    for _ in 0..2 {
        vault.remove(&reference()).await.unwrap();
    }
    assert_eq!(service.requests().len(), 3);
}

#[tokio::test]
async fn a_service_that_nobody_runs_is_not_reachable() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let notifier = SnsNotifier::new(&config(&url), "arn:aws:sns:eu:1:notices");
    let error = notifier.send(&notice("hq")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "SNS did not take the message: not reachable"
    );
}
