use aws_services::BusEvents;
use serde_json::json;
use sync_run::ports::Events;

use crate::server::moto;
use crate::support::{record, record_in_an_event};

#[tokio::test]
async fn run_finished_reaches_a_rule_of_its_bus_with_ids_and_counts_and_no_name() {
    moto().ask("events", "create_event_bus", json!({ "Name": "runs" }));
    let queue = moto().queue("runs");
    let pattern = json!({ "source": ["wecom-sync"], "detail-type": ["Run Finished"] });
    let rule =
        json!({ "Name": "all", "EventBusName": "runs", "EventPattern": pattern.to_string() });
    moto().ask("events", "put_rule", rule);
    let ends = json!([{ "Id": "queue", "Arn": queue.arn }]);
    let to_queue = json!({ "Rule": "all", "EventBusName": "runs", "Targets": ends });
    moto().ask("events", "put_targets", to_queue);

    let events = BusEvents::new(&moto().config(), "runs");
    events.run_finished(&record()).await.unwrap();

    let received = moto().received(&queue);
    assert_eq!(received.len(), 1);
    assert_eq!(received[0]["source"], "wecom-sync");
    assert_eq!(received[0]["detail-type"], "Run Finished");
    assert_eq!(received[0]["detail"], record_in_an_event());
}

#[tokio::test]
async fn a_bus_that_is_not_there_is_an_error_with_the_code_of_eventbridge() {
    let events = BusEvents::new(&moto().config(), "never-made");
    let error = events.run_finished(&record()).await.unwrap_err();
    assert_eq!(error.service, "EventBridge");
    assert_eq!(error.reason, "ResourceNotFoundException");
}
