//! The embedded database does what the store relies on, and the connection fails as told.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Put, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use jiff::{SignedDuration, Timestamp};
use testkit::crash::{CrashMoment, Pace};
use testkit::dynamo::{DIRECTORY_TABLE, SYNC_TABLE};
use testkit::{EmbeddedDynamo, Faults, ManualClock, tables_from_template, template};

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

async fn put(client: &Client, table: &str, pk: &str, sk: &str) -> Result<(), String> {
    client
        .put_item()
        .table_name(table)
        .item("pk", text(pk))
        .item("sk", text(sk))
        .item("mk", text(sk))
        .item("fp", text("print"))
        .item("body", text(&"x".repeat(5_000)))
        .send()
        .await
        .map(|_| ())
        .map_err(|error| format!("{error:?}"))
}

#[test]
fn the_template_defines_both_tables() {
    let tables = tables_from_template(template::TEMPLATE).unwrap();
    let mut expiries: Vec<_> = tables
        .iter()
        .map(|table| (table.logical_id.as_str(), table.expiry_attribute()))
        .collect();
    expiries.sort_unstable();
    assert_eq!(
        expiries,
        [(DIRECTORY_TABLE, None), (SYNC_TABLE, Some("expires_at"))]
    );
    assert!(tables_from_template("Resources: {}").is_err());
}

#[tokio::test]
async fn the_index_is_consistent_small_and_counted() {
    let dynamo = EmbeddedDynamo::start().await.unwrap();
    let client = dynamo.client();
    for sk in ["a", "b", "c"] {
        put(&client, DIRECTORY_TABLE, "hq#u#00", sk).await.unwrap();
    }
    let answer = client
        .query()
        .table_name(DIRECTORY_TABLE)
        .index_name("fingerprints")
        .consistent_read(true)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", text("hq#u#00"))
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.items().len(), 3);
    assert!(answer.items()[0].contains_key("fp") && !answer.items()[0].contains_key("body"));
    // Three items of 5 KB would cost 4 units; their index entries cost 1.
    assert_eq!(
        answer.consumed_capacity().unwrap().capacity_units(),
        Some(1.0)
    );
}

#[tokio::test]
async fn a_cancelled_transaction_says_which_action_failed() {
    let dynamo = EmbeddedDynamo::start().await.unwrap();
    let client = dynamo.client();
    put(&client, SYNC_TABLE, "hq", "LEASE").await.unwrap();
    let check = ConditionCheck::builder()
        .table_name(SYNC_TABLE)
        .key("pk", text("hq"))
        .key("sk", text("LEASE"))
        .condition_expression("fp = :other")
        .expression_attribute_values(":other", text("other"))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .unwrap();
    let write = Put::builder()
        .table_name(DIRECTORY_TABLE)
        .item("pk", text("hq#u#00"))
        .item("sk", text("a"))
        .build()
        .unwrap();
    let error = client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().condition_check(check).build())
        .transact_items(TransactWriteItem::builder().put(write).build())
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let reasons = match error {
        aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::
            TransactionCanceledException(cancelled) => cancelled.cancellation_reasons().to_vec(),
        other => panic!("not a cancellation: {other:?}"),
    };
    let codes: Vec<_> = reasons.iter().filter_map(|reason| reason.code()).collect();
    assert_eq!(codes, ["ConditionalCheckFailed", "None"]);
    assert_eq!(reasons[0].item().unwrap()["fp"], text("print"));
}

#[tokio::test]
async fn what_was_stored_in_a_file_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dynamo.db");
    let first = EmbeddedDynamo::open(&path, template::TEMPLATE)
        .await
        .unwrap();
    put(&first.client(), SYNC_TABLE, "hq", "a").await.unwrap();
    drop(first);
    let second = EmbeddedDynamo::open(&path, template::TEMPLATE)
        .await
        .unwrap();
    assert_eq!(count(&second.client(), SYNC_TABLE).await, 1);
}

async fn count(client: &Client, table: &str) -> usize {
    let answer = client.scan().table_name(table).send().await.unwrap();
    answer.items().len()
}

#[tokio::test]
async fn a_crash_before_sending_loses_the_write_and_all_that_follow() {
    let dynamo = EmbeddedDynamo::start().await.unwrap();
    let faults = Faults::crash_at(2, CrashMoment::BeforeSent);
    let client = dynamo.client_with(&faults);
    put(&client, SYNC_TABLE, "hq", "a").await.unwrap();
    assert!(put(&client, SYNC_TABLE, "hq", "b").await.is_err());
    assert!(put(&client, SYNC_TABLE, "hq", "c").await.is_err());
    assert!(faults.crashed());
    assert_eq!(faults.operations(), ["PutItem", "PutItem", "PutItem"]);
    assert_eq!(count(&dynamo.client(), SYNC_TABLE).await, 1);
}

#[tokio::test]
async fn a_crash_after_the_write_loses_only_the_answer() {
    let dynamo = EmbeddedDynamo::start().await.unwrap();
    let faults = Faults::crash_at(1, CrashMoment::AfterApplied);
    let client = dynamo.client_with(&faults);
    assert!(put(&client, SYNC_TABLE, "hq", "a").await.is_err());
    assert!(put(&client, SYNC_TABLE, "hq", "b").await.is_err());
    assert_eq!(count(&dynamo.client(), SYNC_TABLE).await, 1);
}

#[tokio::test]
async fn throttled_requests_are_sent_again_by_the_sdk() {
    let dynamo = EmbeddedDynamo::start().await.unwrap();
    let faults = Faults::throttling(2);
    let client = dynamo.client_with(&faults);
    for sk in ["a", "b", "c"] {
        put(&client, SYNC_TABLE, "hq", sk).await.unwrap();
    }
    assert_eq!(faults.requests(), 5);
    assert_eq!(count(&dynamo.client(), SYNC_TABLE).await, 3);
}

#[tokio::test]
async fn requests_take_their_time_on_the_clock_and_none_in_the_world() {
    let dynamo = EmbeddedDynamo::start().await.unwrap();
    let begun: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
    let (clock, second) = (ManualClock::at(begun), SignedDuration::from_secs(1));
    for (pace, wanted) in [(Pace::Each(second), 3), (Pace::One(2, second), 1)] {
        clock.set(begun);
        let faults = Faults::taking_time(&clock, pace);
        let client = dynamo.client_with(&faults);
        for sk in ["a", "b", "c"] {
            put(&client, SYNC_TABLE, "hq", sk).await.unwrap();
        }
        assert_eq!(clock.now(), begun + second * wanted, "{pace:?}");
    }
}

#[tokio::test]
async fn a_repeated_write_arrives_twice() {
    let dynamo = EmbeddedDynamo::start().await.unwrap();
    let client = dynamo.client_with(&Faults::repeating_writes());
    client
        .update_item()
        .table_name(SYNC_TABLE)
        .key("pk", text("hq"))
        .key("sk", text("counter"))
        .update_expression("ADD n :one")
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
        .send()
        .await
        .unwrap();
    let answer = dynamo
        .client()
        .scan()
        .table_name(SYNC_TABLE)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.items()[0]["n"], AttributeValue::N("2".to_owned()));
}
