use aws_services::LambdaStarter;
use org_model::{RunId, SourceId};
use serde_json::{Value, json};
use sync_run::Trigger;
use sync_run::ports::{RunStarter, SendError};

use crate::neighbour::Neighbour;

const FUNCTION: &str = "arn:aws:lambda:eu-central-1:123456789012:function:sync-org";

async fn start(lambda: &Neighbour, trigger: Trigger) -> Result<(), SendError> {
    let starter = LambdaStarter::new(&lambda.config(), FUNCTION);
    let (source, run) = (SourceId::new("hq"), RunId::new("r-1"));
    starter.start(&source, &run, trigger).await
}

#[tokio::test]
async fn a_queued_run_is_started_by_an_event_that_names_it() {
    for (trigger, word) in [(Trigger::Manual, "manual"), (Trigger::Approval, "approval")] {
        let lambda = Neighbour::answering([(202, "")]).await;
        start(&lambda, trigger).await.unwrap();
        let [request] = &lambda.requests()[..] else {
            panic!("one request");
        };
        let encoded = FUNCTION.replace(':', "%3A");
        let path = format!("/2015-03-31/functions/{encoded}/invocations");
        assert_eq!(request.path, path);
        assert_eq!(request.header("x-amz-invocation-type"), "Event");
        let event: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(
            event,
            json!({ "source": "hq", "run": "r-1", "trigger": word })
        );
    }
}

#[tokio::test]
async fn a_segment_is_started_by_an_event_that_names_run_and_number() {
    let lambda = Neighbour::answering([(202, "")]).await;
    let starter = LambdaStarter::new(&lambda.config(), FUNCTION);
    let (source, run) = (SourceId::new("hq"), RunId::new("r-1"));
    starter.start_segment(&source, &run, 2).await.unwrap();
    let [request] = &lambda.requests()[..] else {
        panic!("one request");
    };
    assert_eq!(request.header("x-amz-invocation-type"), "Event");
    let event: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(event, json!({ "source": "hq", "run": "r-1", "segment": 2 }));
}

#[tokio::test]
async fn clearing_is_started_by_an_event_that_names_the_source_and_no_run() {
    let lambda = Neighbour::answering([(202, ""), (202, "")]).await;
    let starter = LambdaStarter::new(&lambda.config(), FUNCTION);
    for _ in 0..2 {
        starter.start_clearing(&SourceId::new("hq")).await.unwrap();
    }
    for request in lambda.requests() {
        assert_eq!(request.header("x-amz-invocation-type"), "Event");
        let event: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(event, json!({ "source": "hq", "clear": true }));
    }
}

#[tokio::test]
async fn a_status_that_does_not_say_accepted_is_an_error() {
    let lambda = Neighbour::answering([(200, "")]).await;
    let error = start(&lambda, Trigger::Manual).await.unwrap_err();
    assert_eq!(error.reason, "status 200 instead of 202");
}

#[tokio::test]
async fn a_function_that_is_not_there_is_an_error_with_the_code_of_lambda() {
    let body = r#"{"__type":"ResourceNotFoundException","Message":"not found: hq r-1"}"#;
    let lambda = Neighbour::answering([(404, body)]).await;
    let error = start(&lambda, Trigger::Manual).await.unwrap_err();
    let told = "Lambda did not take the message: ResourceNotFoundException";
    assert_eq!(error.to_string(), told);
    let throttled = r#"{"__type":"TooManyRequestsException","Message":"hq"}"#;
    let lambda = Neighbour::answering([(429, throttled)]).await;
    let starter = LambdaStarter::new(&lambda.config(), FUNCTION);
    let error = starter
        .start_clearing(&SourceId::new("hq"))
        .await
        .unwrap_err();
    assert_eq!(error.reason, "TooManyRequestsException");
}
